-- drop gives back a resource that an operation took while it ran. Dropping twice is harmless.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 epoch, 5 seq, 6 resource
-- Returns 1. Errors: FENCED, SEQ.
local id = ARGV[3]
local refused = fenced(id, ARGV[4], ARGV[5])
if refused then return refused end
drop(id, ARGV[6])
return 1
