-- changed makes every viewer's tab due. One that is due already stays where it stands in line; one that is being
-- drawn is drawn once more.
--
-- KEYS 1 viewers, 2 due, 3 next
-- ARGV 1 after how long (ms), 2 for how long a viewer is remembered (ms)
-- Returns how many tabs there are.
local t = redis.call('TIME')
local now = t[1] * 1000 + math.floor(t[2] / 1000)
local at = now + ARGV[1]
local viewers = redis.call('ZRANGEBYSCORE', KEYS[1], string.format('(%.0f', now - ARGV[2]), '+inf')
for _, viewer in ipairs(viewers) do
  local due = redis.call('ZSCORE', KEYS[2], viewer)
  if not due or tonumber(due) > at then redis.call('ZADD', KEYS[2], string.format('%.0f', at), viewer) end
end
return #viewers
