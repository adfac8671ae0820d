-- claim takes the tab that is due for longest, until the lease ends. All replicas together take no more than one
-- in each pause.
--
-- KEYS 1 viewers, 2 due, 3 next
-- ARGV 1 lease (ms), 2 pause (ms), 3 for how long a viewer is remembered (ms)
-- Returns {viewer, end of the lease}, or nil if no tab may be drawn now.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
if now < tonumber(redis.call('GET', KEYS[3]) or '0') then return nil end
while true do
  local viewer = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', string.format('%.0f', now), 'LIMIT', 0, 1)[1]
  if not viewer then return nil end
  local seen = redis.call('ZSCORE', KEYS[1], viewer)
  if seen and tonumber(seen) > now - ARGV[3] then
    local till = string.format('%.0f', now + ARGV[1])
    redis.call('ZADD', KEYS[2], till, viewer)
    redis.call('SET', KEYS[3], string.format('%.0f', now + ARGV[2]), 'PX', ARGV[3])
    return {viewer, till}
  end
  redis.call('ZREM', KEYS[2], viewer)
end
