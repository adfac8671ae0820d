-- retry gives a turn back whose attempt failed. Its signals stay.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 epoch, 5 seq, 6 when to try again (ms), 7 trouble, 8 limit of attempts (0: none), 9 signals the turn saw
-- Returns 1 if the operation is stuck now. Errors: FENCED, SEQ.
local id = ARGV[3]
local refused = fenced(id, ARGV[4], ARGV[5])
if refused then return refused end
local attempt, limit = add(id, 'attempt', 1), tonumber(ARGV[8])
add(id, 'claims', -1)
journal(id, 'trouble', {step = get(id, 'at'), seq = get(id, 'seq'), epoch = ARGV[4], text = ARGV[7]})
if limit > 0 and attempt >= limit and get(id, 'state') == 'running' then
  stick(id, ARGV[7])
  return 1
end
set(id, 'trouble', ARGV[7], 'held', 0)
local wait = tonumber(ARGV[6])
if redis.call('LLEN', key('signals', id)) > tonumber(ARGV[9]) then wait = 0 end
at(DUE, id, now + wait)
touch(id)
return 0
