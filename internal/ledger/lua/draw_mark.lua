-- draw_mark writes down how far a drawing has come, and keeps it for longer.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 draw epoch, 5 lease (ms), 6 field (posting, message or said), 7 value
-- Returns 1. Errors: NOTFOUND, FENCED.
local id = ARGV[3]
if not exists(id) then return redis.error_reply('NOTFOUND operation') end
if num(id, 'draw_epoch') ~= tonumber(ARGV[4]) then return redis.error_reply('FENCED drawing') end
set(id, ARGV[6], ARGV[7])
if ARGV[6] == 'message' then set(id, 'posting', '') end
local till = now + tonumber(ARGV[5])
set(id, 'hold', int(till))
at(DRAW, id, till)
return 1
