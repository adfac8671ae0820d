-- draw_mark writes down how far a drawing has come, and keeps it for longer.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 draw epoch, 5 lease (ms), 6 field (posting, message, said or told), 7 value,
--      8 permalink of the message
-- Returns 1. Errors: NOTFOUND, FENCED.
local id = ARGV[3]
if not exists(id) then return redis.error_reply('NOTFOUND operation') end
if num(id, 'draw_epoch') ~= tonumber(ARGV[4]) then return redis.error_reply('FENCED drawing') end
local field, value = ARGV[6], ARGV[7]
if field == 'told' then
  local told = get(id, 'told')
  if not string.find(' ' .. told .. ' ', ' ' .. value .. ' ', 1, true) then set(id, 'told', told == '' and value or told .. ' ' .. value) end
else
  local first = field == 'message' and get(id, 'message') == ''
  set(id, field, value)
  if field == 'message' then set(id, 'posting', '', 'link', ARGV[8]) end
  if first then record(id, 'posted', {}) end
end
local till = now + tonumber(ARGV[5])
set(id, 'hold', int(till))
at(DRAW, id, till)
return 1
