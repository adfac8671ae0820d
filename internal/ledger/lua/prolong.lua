-- prolong gives a pending request its time again, from now on. Its reminders begin anew. Within ten seconds of the last
-- time it changes nothing: that is a press that came twice.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 version of the button or -1, 5 user, 6 actor JSON, 7 for how long (ms), 8 how often at most
-- Returns view. Errors: NOTFOUND, DECIDED state by, EXPIRED, STALE, LIMIT.
local id, by = ARGV[3], ARGV[6]
if not exists(id) then return redis.error_reply('NOTFOUND operation') end
local refused = closed(id)
if refused then return refused end
if ARGV[4] ~= '-1' and ARGV[4] ~= get(id, 'version') then return redis.error_reply('STALE button') end
local times = num(id, 'extended')
if times > 0 and now - num(id, 'since') < 10000 then return view(id) end
if times >= tonumber(ARGV[8]) then return redis.error_reply('LIMIT reached') end
local expires = now + tonumber(ARGV[7])
set(id, 'extended', times + 1, 'since', int(now), 'expires', int(expires), 'nagged', 0)
ask(id, now, expires)
note(id, 'extended', {by = by, line = '{user:' .. ARGV[5] .. '} extended it: votes count until {when:' .. int(expires) .. '}.', tone = 'asking',
  fields = '{"expires":"' .. int(expires) .. '"}'})
return view(id)
