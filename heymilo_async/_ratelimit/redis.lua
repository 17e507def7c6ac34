-- A rate limit that processes share: its commands, each atomic and on the clock of Redis.
--
-- KEYS: the starts, the processes that are alive, the cool-down; redis.py describes them.
-- ARGV: the name of a command, and its arguments. All times are in microseconds.

local starts, alive, cooldown = KEYS[1], KEYS[2], KEYS[3]
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]

local commands = {}

-- Arguments: limit, span, lease, maximum wait, process, member, whether the process has a history,
-- and if Redis had lost it, the history as pairs of time relative to now and member.
-- Result: 1 if granted, 0 if the wait is too long, -1 if Redis does not know the process; then the
-- wait, and the time until all permits are available; the remaining permits; the number of processes.
function commands.reserve()
  local limit, span, lease = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
  local most, process, member = tonumber(ARGV[5]), ARGV[6], ARGV[7]
  if #ARGV == 8 and ARGV[8] == '1' and not redis.call('ZSCORE', alive, process) then
    return {-1, 0, 0, 0, 0}
  end
  for i = 9, #ARGV, 2 do
    redis.call('ZADD', starts, 'NX', now + ARGV[i], ARGV[i + 1])
  end
  redis.call('ZADD', alive, now, process)
  redis.call('ZREMRANGEBYSCORE', alive, '-inf', now - span - lease)
  redis.call('ZREMRANGEBYSCORE', starts, '-inf', now - span)
  local count = redis.call('ZCARD', starts)
  if count >= limit then
    for _, dead in ipairs(redis.call('ZRANGEBYSCORE', alive, '-inf', now - lease)) do
      local reserved = redis.call('ZRANGEBYSCORE', starts, string.format('(%.0f', now), '+inf')
      for _, one in ipairs(reserved) do
        if string.sub(one, 1, #dead + 1) == dead .. ':' then
          redis.call('ZREM', starts, one)
        end
      end
      redis.call('ZREM', alive, dead)
    end
    count = redis.call('ZCARD', starts)
  end
  local at = now + math.max(0, redis.call('PTTL', cooldown)) * 1000
  if count >= limit then
    local ahead = redis.call('ZRANGE', starts, count - limit, count - limit, 'WITHSCORES')
    at = math.max(at, ahead[2] + span)
  end
  local share = redis.call('ZCARD', alive)
  if at - now > most then
    return {0, at - now, at - now + span, 0, share}
  end
  redis.call('ZADD', starts, at, member)
  local kept = math.max(redis.call('PTTL', starts), math.ceil((at - now + span) / 1000))
  redis.call('PEXPIRE', starts, kept)
  redis.call('PEXPIRE', alive, kept + lease / 1000)
  return {1, at - now, at - now + span, math.max(0, limit - count - 1), share}
end

-- Arguments: process, span, and if Redis had lost it, the history as above.
-- Result: whether Redis knew the process.
function commands.beat()
  if #ARGV == 3 and not redis.call('ZSCORE', alive, ARGV[2]) then
    return 0
  end
  local until_reset = redis.call('PTTL', starts)
  for i = 4, #ARGV, 2 do
    redis.call('ZADD', starts, 'NX', now + ARGV[i], ARGV[i + 1])
    until_reset = math.max(until_reset, (ARGV[i] + ARGV[3]) / 1000)
  end
  redis.call('ZADD', alive, now, ARGV[2])
  redis.call('PEXPIRE', starts, math.ceil(until_reset))
  redis.call('PEXPIRE', alive, math.ceil(until_reset))
  return 1
end

-- Arguments: span, member. The member's start counts from now on.
function commands.start()
  redis.call('ZADD', starts, 'GT', now, ARGV[3])
  redis.call('PEXPIRE', starts, math.max(redis.call('PTTL', starts), math.ceil(ARGV[2] / 1000)))
  return 1
end

-- Arguments: limit, span, the age of a start that counts until the reset, remaining.
function commands.observe()
  local limit, span, ago = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4])
  redis.call('ZREMRANGEBYSCORE', starts, '-inf', now - span)
  local counted = limit - tonumber(ARGV[5])
  local newest = redis.call(
    'ZREVRANGEBYSCORE', starts, string.format('%.0f', now), '-inf', 'LIMIT', 0, math.max(0, counted)
  )
  for _, member in ipairs(newest) do
    redis.call('ZADD', starts, 'XX', 'GT', now - ago, member)
  end
  for i = 1, counted - #newest do
    redis.call('ZADD', starts, now - ago, string.format('other:%.0f:%d', now, i))
  end
  redis.call('PEXPIRE', starts, math.max(redis.call('PTTL', starts), math.ceil(span / 1000)))
  return 0
end

return commands[ARGV[1]]()
