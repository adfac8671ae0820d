-- later makes a tab due after a while, before which nobody draws any if Slack wants a rest.
--
-- KEYS 1 viewers, 2 due, 3 next
-- ARGV 1 viewer, 2 after how long (ms), 3 1 if nobody may draw before, 4 for how long a viewer is remembered (ms)
-- Returns 1.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local at = string.format('%.0f', now + ARGV[2])
redis.call('ZADD', KEYS[2], at, ARGV[1])
if ARGV[3] == '1' then redis.call('SET', KEYS[3], at, 'PX', ARGV[4]) end
return 1
