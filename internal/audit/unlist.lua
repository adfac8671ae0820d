-- unlist takes the entries before a time off the lists of operations.
--
-- KEYS 1 stream
-- ARGV 1 the least time that stays (ms), 2… operations
-- Returns 1.
for i = 2, #ARGV do
  local list = KEYS[1] .. ':of:' .. ARGV[i]
  local id = redis.call('LINDEX', list, 0)
  while id and tonumber(string.match(id, '^%d+')) < tonumber(ARGV[1]) do
    redis.call('LPOP', list)
    id = redis.call('LINDEX', list, 0)
  end
end
return 1
