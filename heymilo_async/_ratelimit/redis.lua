-- A rate limit that processes share: its commands, each atomic and on the clock of Redis.
--
-- KEYS: the starts, the processes that are alive, the cool-down; redis.py describes them.
-- ARGV: span, lease, process, '0' if its history is missing, the name of a command, its arguments.
-- Arguments are in seconds, all else in microseconds. A history is pairs of a time relative to now and a member.

local starts, alive, cooldown = KEYS[1], KEYS[2], KEYS[3]
local span, lease, process = ARGV[1] * 1000000, ARGV[2] * 1000000, ARGV[3]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

-- The result -1 asks for the history of a process that Redis does not know.
if ARGV[4] == '0' and not redis.call('ZSCORE', alive, process) then
  return -1
end

-- Record that the process is alive, and its history, which begins at *first*.
local function renew(first)
  redis.call('ZADD', alive, now, process)
  for i = first, #ARGV, 2 do
    redis.call('ZADD', starts, 'GT', now + ARGV[i] * 1000000, ARGV[i + 1])
  end
end

local commands = {}

-- Arguments: limit, maximum wait, member, history. A call reserves again before its wait ends, with
-- the same member, because those before it may have started late.
-- Result: 1 if granted, 0 if the wait is too long; the wait; remaining permits; number of processes.
function commands.reserve()
  renew(9)
  local limit, most, member = tonumber(ARGV[6]), ARGV[7] * 1000000, ARGV[8]
  redis.call('ZREMRANGEBYSCORE', alive, '-inf', now - span - lease)
  redis.call('ZREMRANGEBYSCORE', starts, '-inf', now - span)
  redis.call('ZADD', starts, 'XX', 'GT', now, member)
  local count = redis.call('ZRANK', starts, member) or redis.call('ZCARD', starts)
  if count >= limit and redis.call('ZREMRANGEBYSCORE', alive, '-inf', now - lease) > 0 then
    for _, one in ipairs(redis.call('ZRANGEBYSCORE', starts, string.format('(%.0f', now), '+inf')) do
      if not redis.call('ZSCORE', alive, string.match(one, '^[^:]*')) then
        redis.call('ZREM', starts, one)
      end
    end
    count = redis.call('ZRANK', starts, member) or redis.call('ZCARD', starts)
  end
  local at = now + math.max(0, redis.call('PTTL', cooldown)) * 1000
  if count >= limit then
    local ahead = redis.call('ZRANGE', starts, count - limit, count - limit, 'WITHSCORES')
    at = math.max(at, ahead[2] + span)
  end
  if at - now > most then
    redis.call('ZREM', starts, member)
    return {0, at - now, 0, redis.call('ZCARD', alive)}
  end
  redis.call('ZADD', starts, at, member)
  local remaining = math.max(0, limit - redis.call('ZCARD', starts))
  return {1, at - now, remaining, redis.call('ZCARD', alive)}
end

-- Argument: history.
function commands.heartbeat()
  renew(6)
end

-- Argument: a member. Its start counts from now on.
function commands.start()
  redis.call('ZADD', starts, 'GT', now, ARGV[6])
end

-- Arguments: the number of starts that the server has counted; how long ago its window began.
function commands.observe()
  local counted, since = tonumber(ARGV[6]), now - ARGV[7] * 1000000
  redis.call('ZREMRANGEBYSCORE', starts, '-inf', now - span)
  local newest = redis.call('ZREVRANGEBYSCORE', starts, now, '-inf', 'LIMIT', 0, counted)
  for _, member in ipairs(newest) do
    redis.call('ZADD', starts, 'XX', 'GT', since, member)
  end
  for i = 1, counted - #newest do
    redis.call('ZADD', starts, since, string.format('other:%.0f:%d', now, i))
  end
end

local result = commands[ARGV[5]]() or 1
-- Keys expire when nothing in them counts any more.
local latest = redis.call('ZRANGE', starts, -1, -1, 'WITHSCORES')[2] or now
local left = math.max(redis.call('PTTL', starts), math.ceil((latest + span - now) / 1000))
redis.call('PEXPIRE', starts, left)
redis.call('PEXPIRE', alive, left + lease / 1000)
return result
