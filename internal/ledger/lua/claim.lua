-- claim takes the operation that has been due for longest and holds it until the lease ends. On its way
-- it calls those again whom requests wait for, expires requests whose time is over, and sticks operations whose workers
-- vanish again and again.
--
-- KEYS as in shared.
-- ARGV 3 owner, 4 lease (ms), 5 claims without a checkpoint before the operation is stuck
-- Returns {view, signals, now}; {} if it only swept and there may be more; nil if nothing is due.
for _ = 1, 16 do
  local id = redis.call('ZRANGEBYSCORE', DUE, '-inf', int(now), 'LIMIT', 0, 1)[1]
  if not id then return nil end
  local state = get(id, 'state')
  if state == 'pending' then
    if num(id, 'expires') <= now then expire(id) else remind(id) end
  elseif state ~= 'running' and state ~= 'held' then
    redis.call('ZREM', DUE, id)
  elseif state == 'held' and num(id, 'claims') >= tonumber(ARGV[5]) then
    local outcome = int(num(id, 'claims')) .. ' workers in a row looked whether it may start and never reported back. Nothing was touched.'
    close(id, 'void', NOBODY, outcome)
    note(id, 'ended', {step = get(id, 'at'), line = outcome, tone = 'bad', fields = because(outcome)})
  elseif num(id, 'claims') >= tonumber(ARGV[5]) then
    stick(id, int(num(id, 'claims')) .. ' workers in a row took this step and never reported back.')
  else
    add(id, 'epoch', 1)
    add(id, 'claims', 1)
    local till = now + tonumber(ARGV[4])
    set(id, 'held', int(till), 'owner', ARGV[3])
    if num(id, 'seq') == 0 then set(id, 'woken', redis.call('GET', WOKEN) or '0') end
    at(DUE, id, till)
    return {view(id), redis.call('LRANGE', key('signals', id), 0, -1), int(now)}
  end
end
return {}
