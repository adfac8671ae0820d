-- withdraw takes a request back before it ran.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 user, 5 actor JSON, 6 the reason as the end of a sentence, 7 audit fields JSON
-- Returns view. Errors: NOTFOUND, DECIDED state by, EXPIRED.
local id, user, by = ARGV[3], ARGV[4], ARGV[5]
if not exists(id) then return redis.error_reply('NOTFOUND operation') end
local state = get(id, 'state')
if state == 'expired' then return redis.error_reply('EXPIRED request') end
if state == 'pending' and num(id, 'expires') <= now then
  expire(id)
  return redis.error_reply('EXPIRED request')
end
if state ~= 'pending' and state ~= 'waiting' and state ~= 'held' then
  local decider = get(id, 'ended_by')
  if decider == '' then decider = get(id, 'decided_by') end
  return redis.error_reply('DECIDED ' .. state .. ' ' .. decider)
end
if state == 'waiting' then redis.call('LREM', key('wait', get(id, 'resource')), 0, id) end
close(id, 'withdrawn', by, 'Withdrawn' .. ARGV[6])
note(id, 'withdrawn', {by = by, line = '{user:' .. user .. '} withdrew it' .. ARGV[6], tone = 'ended', fields = ARGV[7]})
return view(id)
