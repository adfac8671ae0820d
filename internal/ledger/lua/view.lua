-- view reads operations.
--
-- KEYS as in shared.
-- ARGV 3… ids
-- Returns a view for each; that of an unknown id is empty.
local views = {}
for i = 3, #ARGV do views[#views + 1] = view(ARGV[i]) end
return views
