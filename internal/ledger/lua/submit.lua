-- submit stores a proposal, once: a second one of the same id changes nothing.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 proposal JSON, 5 resource, 6 quorum, 7 valid for (ms), 8 requester's user, 9 requester JSON,
--      10 digest, 11 channel, 12 title, 13 first step, 14 audit fields JSON,
--      15 line that calls the voters, or empty
-- Returns {1 if it is new, view}.
local id = ARGV[3]
if exists(id) then return {0, view(id)} end
local quorum = tonumber(ARGV[6])
set(id, 'proposal', ARGV[4], 'resource', ARGV[5], 'quorum', ARGV[6], 'requester', ARGV[8],
  'digest', ARGV[10], 'channel', ARGV[11], 'title', ARGV[12], 'at', ARGV[13],
  'state', 'pending', 'version', 1, 'rev', 0, 'seq', 0, 'epoch', 0, 'attempt', 0, 'claims', 0,
  'approvals', 0, 'created', int(now))
at(OPEN, id, now)
at(RECENT, id, now)
redis.call('ZREMRANGEBYRANK', RECENT, 0, -1001)
note(id, 'proposed', {by = ARGV[9], fields = ARGV[14], line = ARGV[15], tone = 'asking'})
if quorum == 0 then
  approve(id, NOBODY)
else
  set(id, 'expires', int(now + tonumber(ARGV[7])))
  at(DUE, id, now + tonumber(ARGV[7]))
end
return {1, view(id)}
