-- vote takes one person's word. The vote that reaches the quorum makes the operation runnable.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 version of the button or -1, 5 voter's user, 6 voter JSON, 7 choice, 8 reason,
--      9 the reason as the end of a sentence, 10 digest, 11 audit fields JSON
-- Returns {1 if this vote decided, view}.
-- Errors: NOTFOUND, DECIDED state by, EXPIRED, STALE, SELF, DIGEST, VOTED.
local id, user, by, choice = ARGV[3], ARGV[5], ARGV[6], ARGV[7]
if not exists(id) then return redis.error_reply('NOTFOUND operation') end
local state = get(id, 'state')
if state == 'expired' then return redis.error_reply('EXPIRED request') end
if state ~= 'pending' then
  local decider = get(id, 'decided_by')
  if decider == '' or state == 'denied' or state == 'withdrawn' then decider = get(id, 'ended_by') end
  return redis.error_reply('DECIDED ' .. state .. ' ' .. decider)
end
if num(id, 'expires') <= now then
  expire(id)
  return redis.error_reply('EXPIRED request')
end
if get(id, 'requester') == user then return redis.error_reply('SELF vote') end
if ARGV[4] ~= '-1' and ARGV[4] ~= get(id, 'version') then return redis.error_reply('STALE button') end
if get(id, 'digest') ~= ARGV[10] then return redis.error_reply('DIGEST differs') end
local votes = key('votes', id)
if redis.call('HEXISTS', votes, user) == 1 then return redis.error_reply('VOTED already') end
redis.call('HSET', votes, user, cjson.encode({at = int(now), n = redis.call('HLEN', votes), by = by, choice = choice, reason = ARGV[8]}))

if choice == 'deny' then
  close(id, 'denied', by, 'Denied' .. ARGV[9])
  set(id, 'decided', int(now), 'decided_by', by)
  note(id, 'denied', {by = by, line = '{user:' .. user .. '} denied it' .. ARGV[9], tone = 'ended', fields = ARGV[11]})
  return {1, view(id)}
end
local have, quorum = add(id, 'approvals', 1), num(id, 'quorum')
note(id, 'vote', {by = by, line = '{user:' .. user .. '} approved (' .. int(have) .. ' of ' .. int(quorum) .. ')' .. ARGV[9],
  tone = 'good', fields = ARGV[11]})
if have < quorum then return {0, view(id)} end
approve(id, by)
return {1, view(id)}
