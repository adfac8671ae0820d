-- extend keeps a turn for longer.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 epoch, 5 lease (ms)
-- Returns 1. Errors: FENCED.
local id = ARGV[3]
local refused = fenced(id, ARGV[4])
if refused then return refused end
local till = now + tonumber(ARGV[5])
set(id, 'held', int(till))
at(DUE, id, till)
return 1
