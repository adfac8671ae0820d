-- opened remembers who looks at their Home tab.
--
-- KEYS 1 viewers, 2 due, 3 next
-- ARGV 1 viewer, 2 for how long a viewer is remembered (ms), 3 how many at the most
-- Returns how many are remembered.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
redis.call('ZADD', KEYS[1], string.format('%.0f', now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', string.format('%.0f', now - ARGV[2]))
redis.call('ZREMRANGEBYRANK', KEYS[1], 0, -1 - ARGV[3])
return redis.call('ZCARD', KEYS[1])
