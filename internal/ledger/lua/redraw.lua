-- redraw asks for an operation's thread to be drawn again.
--
-- KEYS as in shared.
-- ARGV 3 id
-- Returns 1. Errors: NOTFOUND.
if not exists(ARGV[3]) then return redis.error_reply('NOTFOUND operation') end
touch(ARGV[3])
return 1
