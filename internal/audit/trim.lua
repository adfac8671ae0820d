-- trim drops the entries before an id, and writes down what the first of those that stay follows.
--
-- KEYS 1 stream
-- ARGV 1 the least time that stays (ms), 2 who JSON, 3 what it is, in words, 4 SHA-256 of the last seal that is
--      dropped, or empty
-- Returns the number of the last entry that was dropped, or nil if there was nothing to drop. Errors: FUTURE.
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
if tonumber(ARGV[1]) > now then return redis.error_reply('FUTURE time') end
local least = ARGV[1] .. '-0'
local cut = redis.call('XREVRANGE', KEYS[1], '(' .. least, '-', 'COUNT', 1)[1]
if not cut then return nil end
local fields = {}
for i = 1, #cut[2], 2 do fields[cut[2][i]] = cut[2][i + 1] end
local n, hash = fields.n or '0', fields.hash or ''
chain(KEYS[1], now, {kind = 'trimmed', who = ARGV[2], what = ARGV[3], outcome = 'trimmed',
  fields = cjson.encode({n = n, hash = hash, seal = ARGV[4]})})
redis.call('HSET', KEYS[1] .. ':anchor', 'n', n, 'hash', hash, 'seal', ARGV[4])
redis.call('XTRIM', KEYS[1], 'MINID', least)
return n
