-- KEYS: the sign of life of a process, a group. ARGV: channels of the process.
-- Removes them from the group unless the process lives after all. Returns how many, or -1 if it lives.
if redis.call('EXISTS', KEYS[1]) == 1 then
    return -1
end
return redis.call('ZREM', KEYS[2], unpack(ARGV))
