-- Moves the golden pointer of a family, if nobody moved it since it was looked at.
-- KEYS: 1 the hash of golden images, 2 the family's history
-- ARGV: 1 the field, 2 the revision that was seen (0: none), 3 the operation, 4 the new golden image as JSON,
--       5 how many the history keeps
-- Returns: {what, golden as JSON}: 'moved' and the new one, 'done' and what this operation wrote before,
--          'conflict' and the present one ('' when there is none)
local past = redis.call('LRANGE', KEYS[2], 0, -1)
for _, entry in ipairs(past) do
  if cjson.decode(entry).op == ARGV[3] then return {'done', entry} end
end
local present = redis.call('HGET', KEYS[1], ARGV[1])
local revision = 0
if present then revision = cjson.decode(present).revision end
if revision ~= tonumber(ARGV[2]) then return {'conflict', present or ''} end
redis.call('HSET', KEYS[1], ARGV[1], ARGV[4])
redis.call('LPUSH', KEYS[2], ARGV[4])
redis.call('LTRIM', KEYS[2], 0, tonumber(ARGV[5]) - 1)
return {'moved', ARGV[4]}
