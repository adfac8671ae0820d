-- widen takes a person's approval of all of an operation that was approved for its narrow part only. When those who
-- approve all of it take every place, the limit is gone, and a running operation is told to continue.
--
-- include seats
-- KEYS as in shared.
-- ARGV 3 to 13 as in vote, 14 signal JSON
-- Returns {1 if this vote decided, view}.
-- Errors: NOTFOUND, NOTNARROW, STALE, SELF, VOTED.
local id, user, by = ARGV[3], ARGV[5], ARGV[6]
if not exists(id) then return redis.error_reply('NOTFOUND operation') end
local state = get(id, 'state')
if get(id, 'narrowed') ~= '1' or (state ~= 'running' and state ~= 'waiting' and state ~= 'held' and state ~= 'stuck') then
  return redis.error_reply('NOTNARROW ' .. state)
end
if get(id, 'requester') == user then return redis.error_reply('SELF vote') end
if ARGV[4] ~= '-1' and ARGV[4] ~= get(id, 'version') then return redis.error_reply('STALE button') end
local votes = key('votes', id)
local text = redis.call('HGET', votes, user)
local before = text and cjson.decode(text)
if before and not before.narrow and not anew(before, 'approve', ARGV[9]) then return redis.error_reply('VOTED already') end
redis.call('HSET', votes, user, cjson.encode({at = int(now), n = before and before.n or redis.call('HLEN', votes), by = by,
  choice = 'approve', reason = ARGV[7], fills = ARGV[9], narrow = false, via = ARGV[11], widens = true}))
correct(id, ARGV[13])

local tally = {people = {}}
for _, b in ipairs(ballots(id)) do
  if not b.narrow then table.insert(tally.people, b) end
end
local needs = cjson.decode(get(id, 'needs'))
tally.seats, tally.taken = fill(needs, tally.people)
tally.missing = missing(needs, tally.seats)
local line = '{user:' .. user .. '} approved the rest' .. (ARGV[11] ~= '' and ', via ' .. ARGV[11] or '')
note(id, 'vote', {by = by, line = line .. standing(id, tally, by, ARGV[8]), tone = 'good', fields = ARGV[12]})
if tally.taken < num(id, 'quorum') then return {0, view(id)} end

set(id, 'narrowed', '')
add(id, 'version', 1)
note(id, 'widened', {by = by, line = 'All of it is approved now.', tone = 'good'})
if state == 'running' then
  redis.call('RPUSH', key('signals', id), int(now) .. ' ' .. ARGV[14])
  if num(id, 'held') <= now then at(DUE, id, now) end
end
return {1, view(id)}
