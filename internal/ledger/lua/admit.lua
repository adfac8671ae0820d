-- admit ends the stay of a held operation: it takes its resource and starts, or waits for it in line.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 epoch, 5 seq
-- Returns 1. Errors: FENCED, SEQ.
local id = ARGV[3]
local refused = fenced(id, ARGV[4], ARGV[5])
if refused then return refused end
if get(id, 'state') ~= 'held' then return redis.error_reply('FENCED turn') end
redis.call('SREM', HELD, id)
set(id, 'stayed', '', 'opens', '', 'held', 0, 'attempt', 0, 'claims', 0, 'trouble', '')
enter(id)
return 1
