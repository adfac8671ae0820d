-- forget deletes a consumer that has nothing left to handle. Deleting one that has would lose its items.
--
-- KEYS 1 stream
-- ARGV 1 group, 2 consumer
-- Returns 1 if it was deleted.
local pending = redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2])
if #pending > 0 then return 0 end
redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
return 1
