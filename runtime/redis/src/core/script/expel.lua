-- KEYS: a group. ARGV: a time, then channels. Removes those that joined no later. Returns how many.
local removed = 0
for i = 2, #ARGV do
    local joined = redis.call('ZSCORE', KEYS[1], ARGV[i])
    if joined and tonumber(joined) <= tonumber(ARGV[1]) then
        removed = removed + redis.call('ZREM', KEYS[1], ARGV[i])
    end
end
return removed
