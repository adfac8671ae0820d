-- seal appends a seal, unless somebody else has sealed meanwhile.
--
-- KEYS 1 stream
-- ARGV 1 the number sealed up to so far, or empty; 2 the number sealed up to now, 3 the id of that entry,
--      4 SHA-256 of the seal, 5 fields JSON
-- Returns {id, n, hash} of the seal, or nil if the number in ARGV 1 is not the last any more.
local head = KEYS[1] .. ':head'
if (redis.call('HGET', head, 'sealed') or '') ~= ARGV[1] then return nil end
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
local done = chain(KEYS[1], now, {kind = 'seal', what = 'Entries up to ' .. ARGV[2], outcome = 'sealed', fields = ARGV[5]})
redis.call('HSET', head, 'sealed', ARGV[2], 'sealed_id', ARGV[3], 'seal', ARGV[4])
return done
