-- note adds a line to an operation's thread outside of a turn.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 line, 5 tone
-- Returns 1. Errors: NOTFOUND.
local id = ARGV[3]
if not exists(id) then return redis.error_reply('NOTFOUND operation') end
journal(id, 'line', {line = ARGV[4], tone = ARGV[5]})
touch(id)
return 1
