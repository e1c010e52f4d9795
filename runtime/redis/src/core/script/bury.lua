-- KEYS: the sign of life of a process, a group. ARGV: channels of the process.
-- Removes them from the group unless the process lives after all. Returns how many, or -1 if it lives.
if redis.call('EXISTS', KEYS[1]) == 1 then
    return -1
end
local removed = 0
-- Lua unpacks some 8,000 values at most.
for i = 1, #ARGV, 1000 do
    removed = removed + redis.call('ZREM', KEYS[2], unpack(ARGV, i, math.min(i + 999, #ARGV)))
end
return removed
