-- append adds an event to the audit.
--
-- KEYS 1 stream
-- ARGV 1 kind, 2 op, 3 who JSON, 4 channel, 5 link, 6 what, 7 outcome, 8 policy, 9 fields JSON
-- Returns {id, n, hash} of the entry.
local t = redis.call('TIME')
local now = tonumber(t[1]) * 1000 + math.floor(tonumber(t[2]) / 1000)
return chain(KEYS[1], now, {kind = ARGV[1], op = ARGV[2], who = ARGV[3], channel = ARGV[4], link = ARGV[5],
  what = ARGV[6], outcome = ARGV[7], policy = ARGV[8], fields = ARGV[9]})
