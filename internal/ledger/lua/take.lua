-- take lets an operation at work have one more resource, if nobody is at work on that. Taking twice is harmless.
--
-- KEYS as in shared.
-- ARGV 3 id, 4 epoch, 5 seq, 6 resource
-- Returns the id of the operation that has it: this one, or another. Errors: FENCED, SEQ.
local id, resource = ARGV[3], ARGV[6]
local refused = fenced(id, ARGV[4], ARGV[5])
if refused then return refused end
if get(id, 'state') ~= 'running' then return redis.error_reply('FENCED turn') end
local holder = redis.call('GET', key('lock', resource))
if holder then return holder end
redis.call('SET', key('lock', resource), id)
redis.call('SADD', key('taken', id), resource)
return id
