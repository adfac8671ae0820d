-- release gives a turn back that was not run: the operation is due at once and nothing is counted.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 epoch, 5 seq
-- Returns 1. Errors: FENCED, SEQ.
local id = ARGV[3]
local refused = fenced(id, ARGV[4], ARGV[5])
if refused then return refused end
add(id, 'claims', -1)
set(id, 'held', 0)
at(DUE, id, now)
return 1
