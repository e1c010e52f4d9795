-- KEYS: the queue, what is in flight. ARGV: how many at most, milliseconds to live.
-- To ask for more says that what was handed out before has arrived. Returns the members.
redis.call('DEL', KEYS[2])
local popped = redis.call('ZPOPMIN', KEYS[1], ARGV[1])
local members = {}
for i = 1, #popped, 2 do
    redis.call('ZADD', KEYS[2], popped[i + 1], popped[i])
    members[#members + 1] = popped[i]
end
if #members > 0 then
    redis.call('PEXPIRE', KEYS[2], ARGV[2])
end
return members
