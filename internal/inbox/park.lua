-- park puts an item aside that was handled too often without success.
--
-- KEYS 1 stream, 2 parked stream
-- ARGV 1 group, 2 entry id, 3 key, 4 kind, 5 body, 6 why
-- Returns 1, or 0 if somebody else was faster.
if redis.call('XACK', KEYS[1], ARGV[1], ARGV[2]) == 0 then return 0 end
redis.call('XDEL', KEYS[1], ARGV[2])
redis.call('XADD', KEYS[2], 'MAXLEN', '~', 1000, '*', 'key', ARGV[3], 'kind', ARGV[4], 'body', ARGV[5], 'why', ARGV[6])
return 1
