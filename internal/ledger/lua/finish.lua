-- finish ends an operation and hands its resource to the next in line, which starts.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 epoch, 5 seq, 6 final state, 7 1 if there is data, 8 data, 9 outcome, 10 tone, 11 1 if a person ended it
-- Returns view. Errors: FENCED, SEQ.
local id = ARGV[3]
local refused = fenced(id, ARGV[4], ARGV[5])
if refused then return refused end
local by = NOBODY
if ARGV[11] == '1' and get(id, 'asked_by') ~= '' then by = get(id, 'asked_by') end
if ARGV[7] == '1' then set(id, 'data', ARGV[8]) end
local seq = add(id, 'seq', 1)
set(id, 'attempt', 0, 'claims', 0, 'checked', int(now), 'held', 0)
close(id, ARGV[6], by, ARGV[9])
note(id, 'ended', {by = by, step = get(id, 'at'), seq = int(seq), epoch = ARGV[4], line = ARGV[9], tone = ARGV[10],
  fields = because(ARGV[9])})
local resource = get(id, 'resource')
if resource ~= '' and get(id, 'started') ~= '' and ARGV[6] ~= 'void' then
  remember(id, resource)
end
handover(id)
return view(id)
