-- KEYS: the group, then the channels. ARGV: the members the sender knows of, joined by zero bytes, or nothing where it
-- has just read them; members that joined before are too old; messages expired before; score; milliseconds to live;
-- then per channel its capacity and its member.
-- Returns how many channels were full, and the number of the last one that was; -1 where the group has other members.
if ARGV[1] ~= '' then
    redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, ARGV[2])
    if table.concat(redis.call('ZRANGE', KEYS[1], 0, -1), '\0') ~= ARGV[1] then
        return {-1, 0}
    end
end
local full, last = 0, 0
for i = 2, #KEYS do
    local key = KEYS[i]
    redis.call('ZREMRANGEBYSCORE', key, 0, ARGV[3])
    if redis.call('ZCOUNT', key, '-inf', '+inf') < tonumber(ARGV[2 * i + 2]) then
        redis.call('ZADD', key, ARGV[4], ARGV[2 * i + 3])
        redis.call('PEXPIRE', key, ARGV[5])
    else
        full, last = full + 1, i - 1
    end
end
return {full, last}
