-- draw_done ends a drawing. If the record moved on meanwhile, it is due again: at once if its state is another
-- one, else after the pause.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 draw epoch, 5 rev that was drawn, 6 state that was drawn, 7 pause before the next drawing (ms),
--      8 last entry the thread has, or nothing; 9 1 if there is more to say
-- Returns 1 if it is due again. Errors: NOTFOUND, FENCED.
local id = ARGV[3]
if not exists(id) then return redis.error_reply('NOTFOUND operation') end
if num(id, 'draw_epoch') ~= tonumber(ARGV[4]) then return redis.error_reply('FENCED drawing') end
add(id, 'draw_epoch', 1)
local gap = now + tonumber(ARGV[7])
set(id, 'hold', 0, 'gap', int(gap), 'drawn', ARGV[5], 'drawn_state', ARGV[6])
if ARGV[8] ~= '' then set(id, 'said', ARGV[8]) end
if ARGV[9] ~= '1' and num(id, 'rev') == tonumber(ARGV[5]) then
  redis.call('ZREM', DRAW, id)
  return 0
end
if get(id, 'state') ~= ARGV[6] then gap = now end
at(DRAW, id, gap)
return 1
