-- KEYS: the channels. ARGV: expired before, score, milliseconds to live, then per key its capacity and its member.
-- Returns how many of them were full, and the number of the last one that was.
local full, last = 0, 0
for i, key in ipairs(KEYS) do
    redis.call('ZREMRANGEBYSCORE', key, 0, ARGV[1])
    if redis.call('ZCOUNT', key, '-inf', '+inf') < tonumber(ARGV[2 * i + 2]) then
        redis.call('ZADD', key, ARGV[2], ARGV[2 * i + 3])
        redis.call('PEXPIRE', key, ARGV[3])
    else
        full, last = full + 1, i
    end
end
return {full, last}
