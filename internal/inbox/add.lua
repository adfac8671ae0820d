-- add stores an item once per dedupe key.
--
-- KEYS 1 stream, 2 dedupe key
-- ARGV 1 how long the dedupe key is remembered (ms), 2 key, 3 kind, 4 body
-- Returns 1 if it is new, 0 if it is there already or was not long ago.
if not redis.call('SET', KEYS[2], '1', 'NX', 'PX', ARGV[1]) then return 0 end
redis.call('XADD', KEYS[1], '*', 'key', ARGV[2], 'kind', ARGV[3], 'body', ARGV[4])
return 1
