-- KEYS: the queue, what is in flight. ARGV: milliseconds to live, then the members to move back if they are still there.
-- Returns how many were.
local moved = 0
for i = 2, #ARGV do
    local score = redis.call('ZSCORE', KEYS[2], ARGV[i])
    if score then
        redis.call('ZADD', KEYS[1], score, ARGV[i])
        redis.call('ZREM', KEYS[2], ARGV[i])
        moved = moved + 1
    end
end
if moved > 0 then
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return moved
