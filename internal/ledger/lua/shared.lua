-- shared is put before every other script, and the audit's chain before it.
--
-- KEYS (the same for all): 1 due, 2 draw, 3 open, 4 recent, 5 audit
-- ARGV 1: what the keys of one operation or resource begin with; 2: how long a finished operation is kept, ms
--
-- Keys of one operation or resource are built here from ARGV 1: they carry the same hash tag as KEYS, so
-- they live on the same node. Time is the server's, in ms, so that replicas cannot disagree about it.
local DUE, DRAW, OPEN, RECENT, AUDIT = KEYS[1], KEYS[2], KEYS[3], KEYS[4], KEYS[5]
local HELD, WOKEN = ARGV[1] .. 'held', ARGV[1] .. 'woken'
local LOOK = 5 * 60 * 1000 -- a held operation is looked at at least this often: what holds it may end early
local NOBODY = '{"user":"","team":""}'
local clock = redis.call('TIME')
local now = tonumber(clock[1]) * 1000 + math.floor(tonumber(clock[2]) / 1000)

local function int(n) return string.format('%.0f', n) end
local function key(kind, name) return ARGV[1] .. kind .. ':' .. name end
local function exists(id) return redis.call('EXISTS', key('op', id)) == 1 end
local function get(id, field) return redis.call('HGET', key('op', id), field) or '' end
local function num(id, field) return tonumber(redis.call('HGET', key('op', id), field) or '0') or 0 end
local function set(id, ...) redis.call('HSET', key('op', id), ...) end
local function add(id, field, n) return redis.call('HINCRBY', key('op', id), field, int(n)) end
local function at(set_, id, when) redis.call('ZADD', set_, int(when), id) end

-- view is everything a record is made of.
local function view(id)
  return {redis.call('HGETALL', key('op', id)), redis.call('HVALS', key('votes', id))}
end

-- touch says that something visible changed: the thread is to be drawn. That waits while it is being drawn or a
-- rate limit holds, and for the pause between two drawings, unless the operation's state is another one now.
local function touch(id)
  add(id, 'rev', 1)
  local when = math.max(now, num(id, 'hold'))
  if get(id, 'drawn_state') == get(id, 'state') then when = math.max(when, num(id, 'gap')) end
  local set_ = redis.call('ZSCORE', DRAW, id)
  if not set_ or tonumber(set_) > when then at(DRAW, id, when) end
end

-- journal writes one line of the operation's journal. e: by, step, seq, epoch, line, tone, text; all optional.
-- A turn writes its epoch once, whatever it writes.
local function journal(id, kind, e)
  local args = {'at', int(now), 'kind', kind, 'by', e.by or NOBODY}
  for _, name in ipairs({'step', 'seq', 'epoch', 'line', 'tone', 'text'}) do
    if e[name] and e[name] ~= '' then
      args[#args + 1] = name
      args[#args + 1] = tostring(e[name])
    end
  end
  redis.call('XADD', key('journal', id), '*', unpack(args))
end

-- because are fields of the audit with a reason.
local function because(text) return cjson.encode({reason = text}) end

-- record writes a line of the audit. e: by, fields (JSON) and outcome (the state if not given); all optional.
-- What every line says of an operation was written down when it was proposed.
local function record(id, kind, e)
  local o = redis.call('HMGET', key('op', id), 'channel', 'link', 'title', 'state', 'policy', 'about')
  local fields, more = o[6] or '', string.sub(e.fields or '{}', 2, -2)
  if fields ~= '' and more ~= '' then fields = fields .. ',' end
  chain(AUDIT, now, {kind = kind, op = id, who = e.by or NOBODY, channel = o[1] or '', link = o[2] or '',
    what = o[3] or '', outcome = e.outcome or o[4], policy = o[5] or '', fields = '{' .. fields .. more .. '}'})
end

-- note journals a transition, tells the audit about it and marks the thread. e as for both.
local function note(id, kind, e)
  journal(id, kind, e)
  record(id, kind, e)
  touch(id)
end

-- begin starts an operation that holds its resource.
local function begin(id)
  set(id, 'state', 'running', 'started', int(now), 'ahead', '')
  add(id, 'version', 1)
  at(DUE, id, now)
  note(id, 'started', {step = get(id, 'at'), line = 'Started.', tone = 'working'})
end

-- enter lets an approved operation take its resource and start, or wait for it in line.
local function enter(id)
  local resource = get(id, 'resource')
  local holder = resource ~= '' and redis.call('GET', key('lock', resource))
  if not holder then
    if resource ~= '' then redis.call('SET', key('lock', resource), id) end
    return begin(id)
  end
  redis.call('RPUSH', key('wait', resource), id)
  redis.call('ZREM', DUE, id)
  set(id, 'state', 'waiting', 'ahead', holder)
  add(id, 'version', 1)
  note(id, 'waiting', {line = 'Waits behind ' .. holder .. ', which is at work on the same resource.', tone = 'asking'})
end

-- stay keeps an approved operation from starting until it is looked at again. The thread hears of a new reason.
local function stay(id, till, why, epoch)
  local news = get(id, 'state') ~= 'held' or get(id, 'stayed') ~= why
  local looks = get(id, 'opens') ~= till or get(id, 'trouble') ~= ''
  set(id, 'state', 'held', 'stayed', why, 'opens', till, 'started', '', 'held', 0, 'attempt', 0, 'claims', 0, 'trouble', '')
  redis.call('SADD', HELD, id)
  at(DUE, id, math.max(now + 1000, math.min(tonumber(till), now + LOOK)))
  if news then
    add(id, 'version', 1)
    note(id, 'held', {epoch = epoch, line = why, tone = 'asking', fields = because(why)})
  elseif looks then
    touch(id)
  end
end

-- approve makes an operation runnable, unless there is a stay (ms, why) that it is held for.
local function approve(id, by, till, why)
  set(id, 'state', 'waiting', 'decided', int(now), 'decided_by', by)
  local line = get(id, 'narrowed') == '1' and 'Only ' .. get(id, 'narrow') .. ' is approved.' or ''
  note(id, 'approved', {by = by, outcome = 'approved', line = line, tone = 'asking'})
  if till and till ~= '0' and get(id, 'glass') ~= '1' then return stay(id, till, why) end
  return enter(id)
end

-- remind_at is when those who are missing are called next, and by how much the time between calls has grown by then;
-- 0 for never. It is counted from since; reminders that lie in the past are passed over.
local function remind_at(id, since)
  for offset in string.gmatch(get(id, 'reminders'), '%d+') do
    if since + tonumber(offset) > now then return since + tonumber(offset), 0 end
  end
  local nag, day = num(id, 'nag'), 24 * 3600 * 1000
  if nag == 0 then return 0, 0 end
  local pause = num(id, 'nagged')
  pause = pause == 0 and nag or math.max(nag, math.min(2 * pause, day))
  return now + pause, pause
end

-- ask makes a pending request due: for the next reminder, or for its end.
local function ask(id, since, expires)
  local when, pause = remind_at(id, since)
  set(id, 'nagged', int(pause))
  if when == 0 or when > expires then when = expires end
  at(DUE, id, when)
end

-- forget lets the same be asked again: from now on this operation does not stand for others like it.
local function forget(id)
  local same = get(id, 'same')
  if same ~= '' and redis.call('GET', key('same', same)) == id then redis.call('DEL', key('same', same)) end
end

-- close ends an operation. The record stays for as long as ARGV 2 says.
local function close(id, state, by, outcome)
  if get(id, 'state') == 'held' then redis.call('SREM', HELD, id) end
  set(id, 'state', state, 'ended', int(now), 'ended_by', by, 'outcome', outcome, 'ahead', '', 'trouble', '', 'stayed', '', 'opens', '')
  add(id, 'version', 1)
  redis.call('ZREM', DUE, id)
  redis.call('ZREM', OPEN, id)
  forget(id)
  redis.call('DEL', key('signals', id))
  for _, kind in ipairs({'op', 'votes', 'journal'}) do
    redis.call('PEXPIRE', key(kind, id), ARGV[2])
  end
end

-- expire closes a request that did not get its votes in time.
local function expire(id)
  local taken, missing = num(id, 'approvals'), get(id, 'missing')
  local outcome = 'Nobody ' .. (taken > 0 and 'else ' or '') .. 'agreed in time: ' .. int(taken) .. ' of ' .. get(id, 'quorum')
  if missing ~= '' then outcome = outcome .. ', ' .. missing end
  outcome = outcome .. '.'
  close(id, 'expired', NOBODY, outcome)
  note(id, 'expired', {line = outcome, tone = 'ended', fields = because(outcome)})
end

-- remind calls those who are missing.
local function remind(id)
  local calls = get(id, 'calls')
  local line = (calls ~= '' and calls .. ': still' or 'Still') .. ' waits for ' .. (calls ~= '' and 'you' or 'an approval')
  if num(id, 'nag') == 0 then line = line .. ', expires {when:' .. get(id, 'expires') .. '}' end
  line = line .. '.'
  journal(id, 'reminder', {line = line, tone = 'asking'})
  touch(id)
  ask(id, num(id, 'since'), num(id, 'expires'))
end

-- closed returns nothing if a request takes votes, or the error to reply.
local function closed(id)
  local state = get(id, 'state')
  if state == 'expired' then return redis.error_reply('EXPIRED request') end
  if state ~= 'pending' then
    local decider = get(id, 'decided_by')
    if decider == '' or state == 'denied' or state == 'withdrawn' then decider = get(id, 'ended_by') end
    return redis.error_reply('DECIDED ' .. state .. ' ' .. decider)
  end
  if num(id, 'expires') <= now then
    expire(id)
    return redis.error_reply('EXPIRED request')
  end
end

-- remember puts an operation into the history of a resource that it worked on.
local function remember(id, resource)
  redis.call('LPUSH', key('history', resource), id)
  redis.call('LTRIM', key('history', resource), 0, 99)
end

-- pass gives a resource to the next in line, which starts.
local function pass(id, resource)
  local lock, wait = key('lock', resource), key('wait', resource)
  if resource == '' or redis.call('GET', lock) ~= id then return end
  redis.call('DEL', lock)
  local heir = redis.call('LPOP', wait)
  if not heir then return end
  redis.call('SET', lock, heir)
  begin(heir)
  for _, other in ipairs(redis.call('LRANGE', wait, 0, -1)) do
    set(other, 'ahead', heir)
    touch(other)
  end
end

-- drop gives back a resource that an operation took while it ran.
local function drop(id, resource)
  if redis.call('SREM', key('taken', id), resource) == 0 then return end
  remember(id, resource)
  pass(id, resource)
end

-- handover gives the resource of an ended operation to the next in line, and whatever it took while it ran.
local function handover(id)
  pass(id, get(id, 'resource'))
  for _, resource in ipairs(redis.call('SMEMBERS', key('taken', id))) do drop(id, resource) end
end

-- stick gives an operation to people: it holds its resource and gets no more turns until one of them
-- asks something of it.
local function stick(id, trouble)
  set(id, 'state', 'stuck', 'trouble', trouble, 'held', 0)
  add(id, 'version', 1)
  redis.call('ZREM', DUE, id)
  note(id, 'stuck', {step = get(id, 'at'), line = 'Stuck: ' .. trouble, tone = 'bad', fields = because(trouble)})
end

-- fenced returns nothing if the turn of that epoch is still held and stands at that sequence, or the error to
-- reply. A turn is held until it writes, or until another one is claimed.
local function fenced(id, epoch, seq)
  local state = get(id, 'state')
  if (state ~= 'running' and state ~= 'held') or num(id, 'epoch') ~= tonumber(epoch) then
    return redis.error_reply('FENCED turn')
  end
  if seq and num(id, 'seq') ~= tonumber(seq) then return redis.error_reply('SEQ moved') end
  if num(id, 'held') == 0 then return redis.error_reply('FENCED turn') end
end
