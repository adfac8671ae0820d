-- signal keeps what a person asks of a running operation for its next turn, which comes at once, or
-- right after the turn that is under way. A stuck operation runs again.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 version of the button or -1, 5 actor JSON, 6 signal JSON, 7 line, 8 audit fields JSON,
--      9 1 if it takes the operation back: the same may be asked again then
-- Returns view. Errors: NOTFOUND, NOTRUNNING state, STALE.
local id, by = ARGV[3], ARGV[5]
if not exists(id) then return redis.error_reply('NOTFOUND operation') end
local state = get(id, 'state')
if state ~= 'running' and state ~= 'stuck' then return redis.error_reply('NOTRUNNING ' .. state) end
if ARGV[4] ~= '-1' and ARGV[4] ~= get(id, 'version') then return redis.error_reply('STALE button') end
redis.call('RPUSH', key('signals', id), int(now) .. ' ' .. ARGV[6])
set(id, 'asked_by', by)
if ARGV[9] == '1' then forget(id) end
if state == 'stuck' then
  set(id, 'state', 'running', 'attempt', 0, 'claims', 0, 'trouble', '')
  add(id, 'version', 1)
end
if num(id, 'held') <= now then at(DUE, id, now) end
note(id, 'signal', {by = by, step = get(id, 'at'), line = ARGV[7], fields = ARGV[8]})
return view(id)
