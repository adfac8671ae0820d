-- abandon ends a stuck operation on a person's word: its workflow gets no say, its resource is handed on.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 user, 5 actor JSON, 6 the reason as the end of a sentence, 7 audit fields JSON
-- Returns view. Errors: NOTFOUND, NOTRUNNING state.
local id = ARGV[3]
if not exists(id) then return redis.error_reply('NOTFOUND operation') end
local state = get(id, 'state')
if state ~= 'stuck' then return redis.error_reply('NOTRUNNING ' .. state) end
add(id, 'epoch', 1)
close(id, 'failed', ARGV[5], 'Given up' .. ARGV[6])
note(id, 'ended', {by = ARGV[5], step = get(id, 'at'), line = '{user:' .. ARGV[4] .. '} gave it up' .. ARGV[6], tone = 'bad', fields = ARGV[7]})
local resource = get(id, 'resource')
if resource ~= '' then
  remember(id, resource)
end
handover(id)
return view(id)
