-- KEYS: the queue, what is in flight. ARGV: milliseconds to live, then the members that have arrived all the same.
-- Moves the others back, with the scores they had. Returns how many.
for i = 2, #ARGV do
    redis.call('ZREM', KEYS[2], ARGV[i])
end
local left = redis.call('ZRANGE', KEYS[2], 0, -1, 'WITHSCORES')
for i = 1, #left, 2 do
    redis.call('ZADD', KEYS[1], left[i + 1], left[i])
end
if #left > 0 then
    redis.call('DEL', KEYS[2])
    redis.call('PEXPIRE', KEYS[1], ARGV[1])
end
return #left / 2
