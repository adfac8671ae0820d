-- append adds an event to the audit stream.
--
-- KEYS 1 stream
-- ARGV 1 kind, 2 op, 3 who JSON, 4 channel, 5 what, 6 outcome, 7 fields JSON
-- Returns the entry's id.
local t = redis.call('TIME')
local now = string.format('%.0f', tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000))
return redis.call('XADD', KEYS[1], '*', 'at', now, 'kind', ARGV[1], 'op', ARGV[2], 'who', ARGV[3],
  'channel', ARGV[4], 'what', ARGV[5], 'outcome', ARGV[6], 'fields', ARGV[7])
