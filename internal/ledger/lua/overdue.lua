-- overdue counts what should have been taken by now.
--
-- KEYS as in shared.
-- ARGV none
-- Returns {operations due, threads due, ms since the oldest of both was due}.
local oldest = now
for _, set_ in ipairs({DUE, DRAW}) do
  local first = redis.call('ZRANGE', set_, 0, 0, 'WITHSCORES')
  if first[2] then oldest = math.min(oldest, tonumber(first[2])) end
end
return {redis.call('ZCOUNT', DUE, '-inf', int(now)), redis.call('ZCOUNT', DRAW, '-inf', int(now)), now - oldest}
