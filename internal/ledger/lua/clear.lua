-- clear says that the first step of an operation begins: from here on it may have touched something, and is not held any
-- more. The turn is kept for another lease.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 epoch, 5 lease (ms)
-- Returns 1. Errors: FENCED.
local id = ARGV[3]
local refused = fenced(id, ARGV[4])
if refused then return refused end
if get(id, 'state') ~= 'running' then return redis.error_reply('FENCED turn') end
local till = now + tonumber(ARGV[5])
set(id, 'cleared', '1', 'held', int(till))
at(DUE, id, till)
return 1
