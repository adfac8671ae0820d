-- draw_claim takes the thread that has waited for longest, until the lease ends.
--
-- KEYS as in shared.
-- ARGV 3 owner, 4 lease (ms)
-- Returns {view, journal entries the thread may lack, last entry's id}, or nil if no thread is due.
local id
repeat
  id = redis.call('ZRANGEBYSCORE', DRAW, '-inf', int(now), 'LIMIT', 0, 1)[1]
  if not id then return nil end
  if not exists(id) then
    redis.call('ZREM', DRAW, id)
    id = nil
  end
until id
add(id, 'draw_epoch', 1)
local till = now + tonumber(ARGV[4])
set(id, 'hold', int(till), 'drawer', ARGV[3])
at(DRAW, id, till)

local said, start, last, lines = get(id, 'said'), '-', '', {}
if said ~= '' then start = '(' .. said end
for _, entry in ipairs(redis.call('XRANGE', key('journal', id), start, '+')) do
  last = entry[1]
  for i = 1, #entry[2], 2 do
    if entry[2][i] == 'line' then lines[#lines + 1] = entry end
  end
end
return {view(id), lines, last}
