-- draw_later puts a drawing off, whatever happens meanwhile.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 draw epoch, 5 for how long (ms)
-- Returns 1. Errors: NOTFOUND, FENCED.
local id = ARGV[3]
if not exists(id) then return redis.error_reply('NOTFOUND operation') end
if num(id, 'draw_epoch') ~= tonumber(ARGV[4]) then return redis.error_reply('FENCED drawing') end
add(id, 'draw_epoch', 1)
local hold = now + tonumber(ARGV[5])
set(id, 'hold', int(hold))
at(DRAW, id, hold)
return 1
