-- submit stores a proposal, once: a second one of the same id changes nothing, and neither does one that asks
-- for the same (kind, resource and digest) as an operation that waits or runs. One that is stuck, or was asked
-- to cancel or to roll back, stands in nobody's way. One that has not started does not stand in the way of a broken
-- glass: it is withdrawn in favour of that.
--
-- include seats
-- KEYS as in shared.
-- ARGV 3 id, 4 proposal JSON, 5 resource, 6 quorum, 7 valid for (ms), 8 requester's user, 9 requester JSON,
--      10 digest, 11 channel, 12 title, 13 first step, 14 audit fields JSON,
--      15 line that calls the voters, or empty, 16 kind, 17 needs JSON, 18 who is called instead of who is missing,
--      19 reminders (ms after the proposal), 20 time between later reminders (ms), 21 the narrow part, in words,
--      22 1 if nothing may hold it, 23 what every line of the audit says of it (JSON), 24 fingerprint of the policy
-- Returns {1 if it is new, view of it or of the one that is the same}.
local id, same = ARGV[3], ''
if exists(id) then return {0, view(id)} end
if ARGV[10] ~= '' then
  same = ARGV[5] .. ':' .. ARGV[16] .. ':' .. ARGV[10]
  local other = redis.call('GET', key('same', same))
  if other then
    local state = get(other, 'state')
    if state == 'pending' and num(other, 'expires') <= now then
      expire(other)
    elseif state == 'pending' or state == 'held' or state == 'waiting' then
      if ARGV[22] ~= '1' then return {0, view(other)} end
      if state == 'waiting' then redis.call('LREM', key('wait', get(other, 'resource')), 0, other) end
      close(other, 'withdrawn', ARGV[9], 'The glass was broken for the same: it runs as ' .. id .. '.')
      note(other, 'withdrawn', {by = ARGV[9], tone = 'ended',
        line = '{user:' .. ARGV[8] .. '} broke the glass for the same: it runs as ' .. id .. '.'})
    elseif state == 'running' then
      return {0, view(other)}
    end
  end
  redis.call('SET', key('same', same), id)
end
local quorum = tonumber(ARGV[6])
set(id, 'proposal', ARGV[4], 'resource', ARGV[5], 'quorum', ARGV[6], 'requester', ARGV[8],
  'digest', ARGV[10], 'same', same, 'channel', ARGV[11], 'title', ARGV[12], 'at', ARGV[13],
  'state', 'pending', 'version', 1, 'rev', 0, 'seq', 0, 'epoch', 0, 'attempt', 0, 'claims', 0,
  'approvals', 0, 'created', int(now), 'needs', ARGV[17], 'notify', ARGV[18], 'reminders', ARGV[19], 'nag', ARGV[20],
  'narrow', ARGV[21], 'glass', ARGV[22], 'about', string.sub(ARGV[23], 2, -2), 'policy', ARGV[24])
at(OPEN, id, now)
at(RECENT, id, now)
redis.call('ZREMRANGEBYRANK', RECENT, 0, -1001)
note(id, 'proposed', {by = ARGV[9], fields = ARGV[14], line = ARGV[15], tone = 'asking'})
if quorum == 0 then
  approve(id, NOBODY)
else
  local expires = now + tonumber(ARGV[7])
  set(id, 'since', int(now), 'expires', int(expires))
  count(id)
  ask(id, now, expires)
end
return {1, view(id)}
