package ledger

import "github.com/redis/go-redis/v9"

// markScript stores marks of one chunk and keeps the counters of its shard in step.
//
// KEYS[1] states string, KEYS[2] reasons hash, KEYS[3] hash of reasons in common, by state, KEYS[4] digests string, KEYS[5]
// counts hash, where the owner has one; one hash tag.
// ARGV[1] retention in seconds. ARGV[2] the marks, nine bytes each, by slot: slot (3 bytes, big endian), record (5 bytes:
// state and Unix time), and which of the sets of states that follow it may replace (a digit, from 1). ARGV[3] those
// sets, separated by commas. ARGV[4] eight bytes of digest for each mark, zeros for one without, or nothing if none has one. Then for each mark that has a reason its number, from 1, and the reason as JSON, after "=" if
// the slots of its state have it in common.
// Returns a string with a letter for each mark: s stored, k the slot was in that state already, r refused, n no such
// slot.
//
// What lies between the first and the last slot is read and written once, and so are the counters: every command of a
// script costs more than the work on a mark, and with an append-only file every write is logged.
var markScript = redis.NewScript(`
local marks, size = ARGV[2], redis.call('STRLEN', KEYS[1])
local function slot(at)
  local a, b, c = string.byte(marks, at, at + 2)
  return (a * 256 + b) * 256 + c
end
local n = #marks / 9
local first, last = slot(1) * 5, slot(n * 9 - 8) * 5
local span = redis.call('GETRANGE', KEYS[1], first, last + 4)
local may = {}
for set in string.gmatch(ARGV[3], '[^,]+') do may[#may + 1] = set end

local result, out, delta, copied, before, state = {}, {}, {}, 1, -1, ''
for i = 1, n do
  local p = i * 9 - 8
  local at = slot(p) * 5
  local from = at - first + 1
  local record = string.sub(marks, p + 3, p + 7)
  local new = string.sub(record, 1, 1)
  if at ~= before then state = string.sub(span, from, from) end
  if at + 5 > size then
    result[i] = 'n'
  elseif state == new then
    result[i] = 'k'
  elseif string.find(may[tonumber(string.sub(marks, p + 8, p + 8))], state, 1, true) then
    if copied == from + 5 then
      out[#out] = record -- once more in this batch
    else
      out[#out + 1] = string.sub(span, copied, from - 1)
      out[#out + 1] = record
      copied = from + 5
    end
    if state ~= '\0' then delta[state] = (delta[state] or 0) - 1 end
    if new ~= '\0' then delta[new] = (delta[new] or 0) + 1 end
    state = new
    result[i] = 's'
  else
    result[i] = 'r'
  end
  before = at
end
if copied > 1 then
  redis.call('SETRANGE', KEYS[1], first, table.concat(out))
end
if ARGV[4] ~= '' then
  local from, past = slot(1) * 8, slot(n * 9 - 8) * 8 + 8
  local old, none, parts, copied = redis.call('GETRANGE', KEYS[4], from, past - 1), string.rep('\0', 8), {}, 1
  if #old < past - from then -- a string that grows piece by piece takes twice its size
    redis.call('SET', KEYS[4], string.rep('\0', size / 5 * 8))
    old = string.rep('\0', past - from)
  end
  for i = 1, n do
    local digest, at = string.sub(ARGV[4], i * 8 - 7, i * 8), slot(i * 9 - 8) * 8 - from + 1
    if result[i] == 's' and digest ~= none and at >= copied then
      parts[#parts + 1] = string.sub(old, copied, at - 1)
      parts[#parts + 1] = digest
      copied = at + 8
    end
  end
  if copied > 1 then
    redis.call('SETRANGE', KEYS[4], from, table.concat(parts) .. string.sub(old, copied))
    local left = redis.call('PTTL', KEYS[1])
    if left > 0 then redis.call('PEXPIRE', KEYS[4], left) end
  end
end
local common, own = {}, {}
for i = 5, #ARGV, 2 do
  local i, reason = tonumber(ARGV[i]), ARGV[i + 1]
  if result[i] == 's' and string.sub(reason, 1, 1) == '=' then
    local of = string.sub(marks, i * 9 - 5, i * 9 - 5)
    if not common[of] then
      common[of] = true
      redis.call('HSET', KEYS[3], of, string.sub(reason, 2))
      redis.call('EXPIRE', KEYS[3], ARGV[1])
    end
    own[#own + 1] = slot(i * 9 - 8)
  elseif result[i] == 's' then
    redis.call('HSET', KEYS[2], slot(i * 9 - 8), reason)
    redis.call('EXPIRE', KEYS[2], ARGV[1])
  end
end
if #own > 0 then redis.call('HDEL', KEYS[2], unpack(own)) end
if not KEYS[5] then delta = {} end
for state, n in pairs(delta) do
  if n ~= 0 and redis.call('HINCRBY', KEYS[5], state, n) == n then
    redis.call('EXPIRE', KEYS[5], ARGV[1])
  end
end
return table.concat(result)
`)
