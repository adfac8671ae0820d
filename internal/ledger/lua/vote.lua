-- vote takes one person's word. The vote with which every place is taken makes the operation runnable. Whoever approved
-- may still deny: that is the safe way round. Who may fill other needs than when they approved may approve again, which
-- takes the place of what they said before.
--
-- include seats
-- KEYS as in shared.
-- ARGV 3 id, 4 version of the button or -1, 5 voter's user, 6 voter JSON, 7 reason, 8 the reason as the end of a
--      sentence, 9 the needs that the voter may fill, 10 1 if for the narrow part only, 11 where it was given, if
--      not in Slack, 12 audit fields JSON, 13 what earlier voters may fill by now (JSON) or empty, 14 choice,
--      15 digest, 16 until when it is held once it is approved (ms) or 0, 17 why,
--      18 what the audit is told besides if this vote decides (JSON) or empty
-- Returns {1 if this vote decided, view}.
-- Errors: NOTFOUND, DECIDED state by, EXPIRED, STALE, SELF, DIGEST, VOTED, NOTNARROW.
local id, user, by, choice = ARGV[3], ARGV[5], ARGV[6], ARGV[14]
if not exists(id) then return redis.error_reply('NOTFOUND operation') end
local refused = closed(id)
if refused then return refused end
if get(id, 'requester') == user then return redis.error_reply('SELF vote') end
if ARGV[4] ~= '-1' and ARGV[4] ~= get(id, 'version') then return redis.error_reply('STALE button') end
if get(id, 'digest') ~= ARGV[15] then return redis.error_reply('DIGEST differs') end
local votes, narrow = key('votes', id), ARGV[10] == '1'
local text = redis.call('HGET', votes, user)
local before = text and cjson.decode(text)
if before and not anew(before, choice, ARGV[9]) then return redis.error_reply('VOTED already') end
if narrow and get(id, 'narrow') == '' then return redis.error_reply('NOTNARROW request') end
redis.call('HSET', votes, user, cjson.encode({at = int(now), n = before and before.n or redis.call('HLEN', votes), by = by, choice = choice,
  reason = ARGV[7], fills = ARGV[9], narrow = narrow, via = ARGV[11]}))
local via = ARGV[11] ~= '' and ', via ' .. ARGV[11] or ''

if choice == 'deny' then
  if before then count(id) end
  close(id, 'denied', by, 'Denied' .. ARGV[8])
  set(id, 'decided', int(now), 'decided_by', by)
  note(id, 'denied', {by = by, line = '{user:' .. user .. '} denied it' .. via .. ARGV[8], tone = 'ended', fields = ARGV[12]})
  if ARGV[18] ~= '' then chain(AUDIT, now, cjson.decode(ARGV[18])) end
  return {1, view(id)}
end
correct(id, ARGV[13])
local tally = count(id)
local line = '{user:' .. user .. '} approved' .. (before and ' again' or '') .. (narrow and ' no more than ' .. get(id, 'narrow') or '') .. via
note(id, 'vote', {by = by, line = line .. standing(id, tally, by, ARGV[8]), tone = 'good', fields = ARGV[12]})
if tally.taken < num(id, 'quorum') then return {0, view(id)} end

for _, place in ipairs(tally.seats) do
  for _, p in ipairs(place) do
    if tally.people[p].narrow then set(id, 'narrowed', '1') end
  end
end
approve(id, by, ARGV[16], ARGV[17])
if ARGV[18] ~= '' then chain(AUDIT, now, cjson.decode(ARGV[18])) end
return {1, view(id)}
