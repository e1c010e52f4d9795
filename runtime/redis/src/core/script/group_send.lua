-- KEYS: the group, then the channels. ARGV: the members the sender knows of, joined by zero bytes, or nothing where it
-- has just read them; members that joined before are too old; messages expired before; milliseconds to live; how many
-- messages there are, and their scores; then per channel its capacity and its member for each message.
-- Returns how many messages found a channel full, and the number of the last one that was; -1 where the group has other
-- members.
if ARGV[1] ~= '' then
    redis.call('ZREMRANGEBYSCORE', KEYS[1], 0, ARGV[2])
    if table.concat(redis.call('ZRANGE', KEYS[1], 0, -1), '\0') ~= ARGV[1] then
        return {-1, 0}
    end
end
local count = tonumber(ARGV[5])
local at = 6 + count
local full, last = 0, 0
for i = 2, #KEYS do
    local key = KEYS[i]
    redis.call('ZREMRANGEBYSCORE', key, 0, ARGV[3])
    local room = tonumber(ARGV[at]) - redis.call('ZCOUNT', key, '-inf', '+inf')
    local fit = math.max(0, math.min(count, room))
    for n = 1, fit do
        redis.call('ZADD', key, ARGV[5 + n], ARGV[at + n])
    end
    if fit > 0 then
        redis.call('PEXPIRE', key, ARGV[4])
    end
    if fit < count then
        full, last = full + count - fit, i - 1
    end
    at = at + 1 + count
end
return {full, last}
