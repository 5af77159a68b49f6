package rate

import "github.com/redis/go-redis/v9"

// takeScript leases tokens of a lane by GCRA (the generic cell rate algorithm): the hash keeps one moment, paid, up to
// which the lane's time is given away; a token costs 1/rate of it. Times are microseconds of Redis's own clock since
// 1,700,000,000 s, which leaves a Lua number the fractions that high rates need.
//
// KEYS[1] the lane's hash: paid, factor (share of the rate that is allowed after back-pressure), slowed (when).
// ARGV[1] rate in tokens a second. ARGV[2] tokens wanted. ARGV[3] tokens given back unused. ARGV[4] tolerance: lane time
// that may be caught up. ARGV[5] the longest lease, in lane time. ARGV[6] time in which the factor recovers from 0 to 1.
// Returns tokens leased; when none, microseconds until the wanted ones are there; the rate in force, in millionths.
var takeScript = redis.NewScript(`
local clock = redis.call('TIME')
local now = (clock[1] - 1700000000) * 1000000 + clock[2]
local state = redis.call('HMGET', KEYS[1], 'paid', 'factor', 'slowed')
local factor = 1
if state[2] then
  factor = math.min(1, state[2] + math.max(0, now - state[3]) / ARGV[6])
end
local rate = ARGV[1] * factor
local step = 1000000 / rate
local longest = tonumber(ARGV[5])
-- Never further ahead than one lease at the rate of today: a raised rate counts at once, and a clock that was set back
-- stops nobody.
local stored = tonumber(state[1] or now)
local paid = math.min(stored, now + math.max(step, longest))
local cut = paid < stored
paid = math.max(paid - ARGV[3] * step, now - ARGV[4])
local want = math.min(tonumber(ARGV[2]), math.max(1, math.floor(longest / step)))
local leased = math.max(0, math.min(want, math.floor((now - paid) / step) + 1))
paid = paid + leased * step
if leased > 0 or cut or ARGV[3] ~= '0' then
  redis.call('HSET', KEYS[1], 'paid', string.format('%.3f', paid))
  redis.call('PEXPIRE', KEYS[1], math.ceil((math.max(0, paid - now) + ARGV[6]) / 1000) + 60000)
end
local wait = 0
if leased == 0 then
  wait = math.ceil(paid + (want - 1) * step - now)
end
return {leased, wait, math.floor(rate * 1000000)}
`)

// slowScript halves a lane's factor, once for all who hear of the same back-pressure.
//
// KEYS[1] the lane's hash. ARGV[1] time in which the factor recovers from 0 to 1. ARGV[2] time within which further calls
// change nothing. ARGV[3] the lowest factor. ARGV[4] what the factor is multiplied by. Times in microseconds.
// Returns the factor in force, in thousandths.
var slowScript = redis.NewScript(`
local clock = redis.call('TIME')
local now = (clock[1] - 1700000000) * 1000000 + clock[2]
local state = redis.call('HMGET', KEYS[1], 'factor', 'slowed')
local factor = 1
if state[1] then
  local since = math.max(0, now - state[2])
  factor = math.min(1, state[1] + since / ARGV[1])
  if since < tonumber(ARGV[2]) then return math.floor(factor * 1000) end
end
factor = math.max(tonumber(ARGV[3]), factor * ARGV[4])
redis.call('HSET', KEYS[1], 'factor', string.format('%.9f', factor), 'slowed', string.format('%.0f', now))
redis.call('PEXPIRE', KEYS[1], math.ceil(ARGV[1] / 1000) + 60000)
return math.floor(factor * 1000)
`)
