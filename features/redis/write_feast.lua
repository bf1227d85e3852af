-- Stores rows of one view in the layout of Feast's Redis online store (see
-- package feast) where there is none yet or one that is not newer. All of them
-- are looked at before any is stored, so an error means that none was. Returns
-- how many were left out.
--
-- KEYS  the hashes, one per entity, each once
-- ARGV  1: milliseconds for which the server keeps an entity that is written, 0 for ever
--       2: n, the number of fields of a row
--       3: 1 if the last field is the created time, else 0
--       4, …: the fields; the event time comes last, or last but the created time
--       4+n, …: the values row by row, in the order of the fields
local keys, argv, call, byte = KEYS, ARGV, redis.call, string.byte
local ttl, n, created = tonumber(argv[1]), tonumber(argv[2]), tonumber(argv[3])

-- A google.protobuf.Timestamp as seconds and nanoseconds, nil if it is none. A
-- negative varint is the complement of what it would be as a positive one.
local function moment(s)
  local seconds, nanos, at = 0, 0, 1
  while at <= #s do
    local tag, value, complement, factor, length = byte(s, at), 0, 0, 1, 0
    repeat
      at = at + 1
      local group = byte(s, at)
      if not group or length == 10 then return nil end
      length = length + 1
      local bits = group % 128
      if length < 10 then
        value, complement = value + bits * factor, complement + (127 - bits) * factor
      else
        value = -complement - 1
      end
      factor = factor * 128
    until group < 128
    at = at + 1
    if tag == 8 then seconds = value
    elseif tag == 16 then nanos = value
    else return nil end
  end
  return seconds, nanos
end

-- -1, 0 or 1 as a is before, at or after b; nil if a is no time.
local function compare(a, b)
  if a == b then return 0 end
  local s, ns = moment(a)
  local t, nt = moment(b)
  if not s then return nil end
  if s == t then s, t = ns, nt end
  if s == t then return 0 end
  return s < t and -1 or 1
end

local function foreign(i, what)
  return redis.error_reply('FOREIGN ' .. i .. ' ' .. what)
end

local event = 3 + n - created -- in argv, and so is the value of row i at event + i * n
local older, newer = 0, {}
for i = 1, #keys do
  local key = keys[i]
  local held = redis.pcall('HGET', key, argv[event])
  if type(held) == 'table' then
    local kind = call('TYPE', key).ok
    if kind == 'hash' then return held end
    return foreign(i, 'a ' .. kind)
  end
  if held then
    local order = compare(held, argv[event + i * n])
    if order == 0 and created == 1 then
      order = compare(call('HGET', key, argv[event + 1]) or '', argv[event + 1 + i * n])
    end
    if not order then return foreign(i, 'a time that is no google.protobuf.Timestamp') end
    if order > 0 then
      older = older + 1
      newer[i] = true
    end
  end
end

-- Lua returns only so many values from unpack at a time, so a row of very many
-- fields takes several commands. They differ from row to row in key and values.
local commands, most = {}, 1000
for from = 1, n, most do
  local set = {'HSET', ''}
  for f = from, math.min(from + most - 1, n) do
    set[#set + 1] = argv[3 + f]
    set[#set + 1] = ''
  end
  commands[#commands + 1] = set
end
for i = 1, #keys do
  if not newer[i] then
    local value = 3 + i * n
    for c = 1, #commands do
      local set = commands[c]
      set[2] = keys[i]
      for at = 4, #set, 2 do
        value = value + 1
        set[at] = argv[value]
      end
      call(unpack(set))
    end
    if ttl > 0 then call('PEXPIRE', keys[i], argv[1]) end
  end
end
return older
