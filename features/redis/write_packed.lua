-- Stores rows of the packed layout (see package packed) whose place is free or
-- holds a row that is not newer. All of them are looked at before any is stored,
-- so an error means that none was. Returns how many were left out.
--
-- KEYS  the rows' keys, each once
-- ARGV  1: offset of the created time in a row of their schema, 0 if there is none
--       2: "", "PX" or "PXAT": whether rows expire, and what 3 and 5, 7, … mean
--       3: milliseconds, for all rows; "" if they come row by row
--       4, …: the rows; with "PXAT" each is followed by its milliseconds, "" for never
local keys, argv, call = KEYS, ARGV, redis.call
local byte, sub, number = string.byte, string.sub, struct.unpack
local created, option, all = tonumber(argv[1]), argv[2], argv[3]
local width = 1
if option == 'PXAT' then width = 2 end

local function foreign(i, what)
  return redis.error_reply('FOREIGN ' .. i .. ' ' .. what)
end

-- One call each for many rows: calls are what a script spends its time on.
local held = call('MGET', unpack(keys))
local free, pairs, n, count, older = {}, {}, #keys, 0, 0
local last = 0
for i = 1, n do
  local old, new = held[i], argv[3 + (i - 1) * width + 1]
  local newer = false
  if not old then
    count = count + 1
    free[count] = keys[i]
  elseif #old < 13 or byte(old) ~= 1 then
    return foreign(i, 'a string that is no row of the packed layout, version 1')
  else
    local had, has = number('<i8', old, 6), number('<i8', new, 6)
    newer = had > has
    -- Only in rows of one schema does the created time stand in one place.
    if created > 0 and had == has and sub(old, 2, 5) == sub(new, 2, 5) then
      newer = number('<i8', old, created + 1) > number('<i8', new, created + 1)
    end
  end
  if newer then
    older = older + 1
    held[i] = 0
  elseif option == '' then
    pairs[last + 1] = keys[i]
    last = last + 2
    pairs[last] = new
  end
end

-- MGET says of a key that holds something other than a string that it is free.
if count > 0 and call('EXISTS', unpack(free)) > 0 then
  for i = 1, n do
    local kind = call('TYPE', keys[i]).ok
    if kind ~= 'string' and kind ~= 'none' then return foreign(i, 'a ' .. kind) end
  end
end

if option == '' then
  if last > 0 then call('MSET', unpack(pairs)) end
  return older
end
for i = 1, n do
  if held[i] ~= 0 then
    local row = 3 + (i - 1) * width + 1
    local ms = all
    if width == 2 then ms = argv[row + 1] end
    if ms == '' then
      call('SET', keys[i], argv[row])
    else
      call('SET', keys[i], argv[row], option, ms)
    end
  end
end
return older
