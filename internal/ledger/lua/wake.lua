-- wake lets every held operation be looked at again now. One whose turn is under way hears of it when it is held.
--
-- KEYS as in shared.
-- ARGV none
-- Returns how many there are.
redis.call('INCR', WOKEN)
local all = redis.call('SMEMBERS', HELD)
for _, id in ipairs(all) do
  if num(id, 'held') <= now then at(DUE, id, now) end
end
return #all
