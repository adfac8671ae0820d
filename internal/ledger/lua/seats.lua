-- seats is put before the scripts that say "include seats". It counts votes by the algorithm of package quorum.

-- ballots are the votes for it: those for all of it first, each in the order in which they were given.
local function ballots(id)
  local all = {}
  for _, text in ipairs(redis.call('HVALS', key('votes', id))) do
    local b = cjson.decode(text)
    if b.choice == 'approve' then all[#all + 1] = b end
  end
  table.sort(all, function(a, b)
    if a.narrow ~= b.narrow then return b.narrow end
    return a.n < b.n
  end)
  return all
end

-- anew reports whether somebody who voted before may vote like that: from an approval to a denial, or when the needs that
-- they may fill have changed since.
local function anew(before, choice, fills)
  return before.choice == 'approve' and (choice == 'deny' or before.fills ~= fills)
end

-- fill seats as many people as can be seated: at place i there are places[i].min, and the text people[p].fills holds
-- the numbers of the places (from 0) that p may take. It returns who sits where, and how many sit.
local function fill(places, people)
  local seats, taken = {}, 0
  for i = 1, #places do seats[i] = {} end
  local function seat(p, tried)
    for number in string.gmatch(people[p].fills, '%d+') do
      local i = tonumber(number) + 1
      if seats[i] and not tried[i] then
        tried[i] = true
        if #seats[i] < places[i].min then
          table.insert(seats[i], p)
          return true
        end
        for k, other in ipairs(seats[i]) do
          if seat(other, tried) then
            seats[i][k] = p
            return true
          end
        end
      end
    end
    return false
  end
  for p = 1, #people do
    if seat(p, {}) then taken = taken + 1 end
  end
  return seats, taken
end

-- missing says in words who is missing, as a list and as the end of a sentence, and how to call them.
local function missing(needs, seats)
  local names, calls, called, people = {}, {}, {}, 0
  for i, need in ipairs(needs) do
    local left, groups = need.min - #seats[i], need.groups or {}
    if left > 0 and #groups > 0 then
      people = people + left
      local name = '@' .. table.concat(groups, ' or @')
      names[#names + 1] = left > 1 and int(left) .. ' of ' .. name or name
      for _, group in ipairs(groups) do
        if not called[group] then calls[#calls + 1] = '{group:' .. group .. '}' end
        called[group] = true
      end
    end
  end
  local list = table.concat(names, ', ')
  local sentence = list ~= '' and list .. (people == 1 and ' is missing' or ' are missing') or ''
  return list, sentence, table.concat(calls, ', ')
end

-- count seats everybody, and writes down how many sit and who is missing. It returns the places, the people, who
-- sits where, how many do, and who is missing.
local function count(id)
  local needs, people = cjson.decode(get(id, 'needs')), ballots(id)
  local seats, taken = fill(needs, people)
  local list, sentence, calls = missing(needs, seats)
  if get(id, 'notify') ~= '' then calls = get(id, 'notify') end
  set(id, 'approvals', int(taken), 'missing', sentence, 'calls', calls)
  return {needs = needs, people = people, seats = seats, taken = taken, missing = list}
end

-- belonging says what somebody is who may fill nothing any more, and what who is back: where anybody may agree, they
-- left more than a group.
local function belonging(id)
  for _, need in ipairs(cjson.decode(get(id, 'needs'))) do
    if #(need.groups or {}) == 0 then return 'no full member of the workspace any more', 'a full member of the workspace again' end
  end
  return 'in none of the groups any more', 'back in one of the groups'
end

-- correct changes what earlier voters may fill (JSON: user to places). Who counts no more is told, and who does again.
local function correct(id, json)
  if json == '' then return end
  local fills, users = cjson.decode(json), {}
  for user in pairs(fills) do users[#users + 1] = user end
  table.sort(users)
  local where, again = belonging(id)
  for _, user in ipairs(users) do
    local text = redis.call('HGET', key('votes', id), user)
    local b = text and cjson.decode(text)
    if b and b.choice == 'approve' and b.fills ~= fills[user] then
      local had, has = b.fills ~= '', fills[user] ~= ''
      b.fills = fills[user]
      redis.call('HSET', key('votes', id), user, cjson.encode(b))
      if had and not has then
        note(id, 'uncounted', {line = '{user:' .. user .. '} is ' .. where .. ': their approval no longer counts.',
          tone = 'warning', fields = cjson.encode({voter = user})})
      elseif has and not had then
        note(id, 'counted', {line = '{user:' .. user .. '} is ' .. again .. ': their approval counts again.',
          tone = 'plain', fields = cjson.encode({voter = user})})
      end
    end
  end
end

-- spare says why a voter who does not sit does not; nothing for one who sits.
local function spare(tally, by)
  for _, place in ipairs(tally.seats) do
    for _, p in ipairs(place) do
      if tally.people[p].by == by then return '' end
    end
  end
  return ', and every place they could take is taken'
end

-- standing is where a count stands, as a line says it after what somebody did: " (1 of 2); still missing: @owners."
local function standing(id, tally, by, reason)
  local done = spare(tally, by) .. ' (' .. int(tally.taken) .. ' of ' .. get(id, 'quorum')
  if tally.missing == '' then return done .. ')' .. reason end
  if reason == '.' then return done .. '); still missing: ' .. tally.missing .. '.' end
  return done .. '; still missing: ' .. tally.missing .. ')' .. reason
end
