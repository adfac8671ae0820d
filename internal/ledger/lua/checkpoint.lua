-- checkpoint writes down what a turn decided, and gives the claim back.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 epoch, 5 seq, 6 next step, 7 1 if there is data, 8 data, 9 when to go on (ms), 10 line, 11 tone,
--      12 signals the turn saw, 13 the time to go on at (ms), which goes before 9; 0: none
-- Returns the new seq. Errors: FENCED, SEQ.
local id, step = ARGV[3], ARGV[6]
local refused = fenced(id, ARGV[4], ARGV[5])
if refused then return refused end
if get(id, 'state') == 'held' then return redis.error_reply('FENCED turn') end
local from, trouble, data = get(id, 'at'), get(id, 'trouble'), get(id, 'data')
if step == '' then step = from end
local seq = add(id, 'seq', 1)
set(id, 'at', step, 'attempt', 0, 'claims', 0, 'trouble', '', 'checked', int(now), 'held', 0)
if ARGV[7] == '1' then set(id, 'data', ARGV[8]) end
local signals = key('signals', id)
redis.call('LTRIM', signals, tonumber(ARGV[12]), -1)
local due = tonumber(ARGV[13])
if due == 0 then due = now + tonumber(ARGV[9]) end
if redis.call('LLEN', signals) > 0 then due = now end
at(DUE, id, due)

local e = {step = step, seq = int(seq), epoch = ARGV[4], line = ARGV[10], tone = ARGV[11]}
if step ~= from then add(id, 'version', 1) end
if step ~= from or ARGV[10] ~= '' then
  note(id, 'step', e)
else
  journal(id, 'step', e)
  if trouble ~= '' or (ARGV[7] == '1' and ARGV[8] ~= data) then touch(id) end
end
return seq
