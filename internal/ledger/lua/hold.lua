-- hold gives back the turn of an operation that may not start yet, and hands its resource on. If all that was held
-- was woken since the turn was claimed, it is looked at again at once.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 epoch, 5 seq, 6 until when (ms), 7 why
-- Returns 1. Errors: FENCED, SEQ.
local id = ARGV[3]
local refused = fenced(id, ARGV[4], ARGV[5])
if refused then return refused end
if num(id, 'seq') > 0 or get(id, 'cleared') == '1' then return redis.error_reply('SEQ began') end
stay(id, ARGV[6], ARGV[7], ARGV[4])
if (redis.call('GET', WOKEN) or '0') ~= get(id, 'woken') then at(DUE, id, now) end
handover(id)
return 1
