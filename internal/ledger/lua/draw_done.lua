-- draw_done ends a drawing. If the record moved on meanwhile, or the drawing is put off, it is due again.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 draw epoch, 5 rev that was drawn, or -1 to draw again anyway, 6 no sooner than (ms), 7 last entry the
--      thread has, or nothing
-- Returns 1 if it is due again. Errors: NOTFOUND, FENCED.
local id = ARGV[3]
if not exists(id) then return redis.error_reply('NOTFOUND operation') end
if num(id, 'draw_epoch') ~= tonumber(ARGV[4]) then return redis.error_reply('FENCED drawing') end
add(id, 'draw_epoch', 1)
local hold = now + tonumber(ARGV[6])
set(id, 'hold', int(hold))
if ARGV[7] ~= '' then set(id, 'said', ARGV[7]) end
if ARGV[5] ~= '-1' then set(id, 'drawn', ARGV[5]) end
if num(id, 'rev') == tonumber(ARGV[5]) then
  redis.call('ZREM', DRAW, id)
  return 0
end
at(DRAW, id, hold)
return 1
