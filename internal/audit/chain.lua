-- chain appends one entry to the audit's chain. This text is put before every script that writes to the audit;
-- it defines one local function and nothing else:
--
--   chain(stream, now, e) → {id, n, hash}
--
-- stream is the stream's key, now the server's time in ms (a number), and e the entry, all of it strings and
-- all of it optional: kind, op, who (JSON), channel, link, what, outcome, policy, fields (JSON).
--
-- KEYS none of its own: the caller names the stream among its keys. It also writes {stream}:head, a hash of the
-- last entry's n, hash and id, and {stream}:of:{op}, a list of the ids of one operation's entries. Both carry the
-- stream's hash tag.
-- ARGV none
--
-- An entry's hash is SHA-1 over its other fields and its id, sorted by name, each as <length>:<name><length>:<value>,
-- where prev is the hash of the entry before and n one more than its number. The id is given here rather than by
-- Redis so that the hash can cover it. A head that was lost is found again in the last entry.
local chain
do
  local NAMES = {'at', 'channel', 'fields', 'id', 'kind', 'link', 'n', 'op', 'outcome', 'policy', 'prev', 'what', 'who'}
  local DEFAULT = {who = '{"user":"","team":""}', fields = '{}'}
  local tips = {}

  local function int(n) return string.format('%.0f', n) end

  local function split(id)
    local ms, seq = string.match(id or '', '^(%d+)%-(%d+)$')
    return tonumber(ms or '0'), tonumber(seq or '0')
  end

  -- last is the stream's last entry: its id and its fields by name.
  local function last(stream)
    local entry, fields = redis.call('XREVRANGE', stream, '+', '-', 'COUNT', 1)[1], {}
    if not entry then return nil, fields end
    for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
    return entry[1], fields
  end

  local function tip(stream)
    if tips[stream] then return tips[stream] end
    local h = redis.call('HMGET', stream .. ':head', 'n', 'hash', 'id')
    local n, hash, id = h[1], h[2], h[3]
    if not n then
      local fields
      id, fields = last(stream)
      n, hash = fields.n, fields.hash
    end
    local t = {n = tonumber(n or '0'), hash = hash or ''}
    t.ms, t.seq = split(id)
    tips[stream] = t
    return t
  end

  local function add(stream, now, e, t)
    if now > t.ms then t.ms, t.seq = now, 0 else t.seq = t.seq + 1 end
    e.id, e.at, e.n, e.prev = int(t.ms) .. '-' .. int(t.seq), int(now), int(t.n + 1), t.hash
    local text, args = {}, {}
    for _, name in ipairs(NAMES) do
      local value = tostring(e[name] or DEFAULT[name] or '')
      text[#text + 1] = #name .. ':' .. name .. #value .. ':' .. value
      if name ~= 'id' then
        args[#args + 1] = name
        args[#args + 1] = value
      end
    end
    e.hash = redis.sha1hex(table.concat(text))
    return redis.pcall('XADD', stream, e.id, 'hash', e.hash, unpack(args))
  end

  chain = function(stream, now, e)
    local t = tip(stream)
    local done = add(stream, now, e, t)
    if type(done) == 'table' and done.err then
      -- Somebody wrote to the stream by hand, with a later id: go on behind it. The reader finds it.
      t.ms, t.seq = split((last(stream)))
      done = add(stream, now, e, t)
      if type(done) == 'table' and done.err then error(done.err) end
    end
    t.n, t.hash = t.n + 1, e.hash
    redis.call('HSET', stream .. ':head', 'n', e.n, 'hash', e.hash, 'id', e.id)
    if e.op and e.op ~= '' then redis.call('RPUSH', stream .. ':of:' .. e.op, e.id) end
    return {e.id, e.n, e.hash}
  end
end
