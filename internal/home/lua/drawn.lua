-- drawn ends a claim, unless something has changed since.
--
-- KEYS 1 viewers, 2 due, 3 next
-- ARGV 1 viewer, 2 end of the lease
-- Returns 1 if the tab is in step, 0 if it is due again.
local due = redis.call('ZSCORE', KEYS[2], ARGV[1])
if due and tonumber(due) ~= tonumber(ARGV[2]) then return 0 end
redis.call('ZREM', KEYS[2], ARGV[1])
return 1
