/** The part of the script that reads the hash of one circuit and writes back what has changed. */

import { MAX_PROBES } from "../../rules/policy.js";
import { MAX_HISTORY } from "../../rules/reply.js";
import { RETENTION_MS } from "../../rules/state.js";

/** So many fields make up a state, beside the ring of its history. Numbers first, lists last. */
const NUMBERS = [
  "generation",
  "nowMs",
  "sinceMs",
  "untilMs",
  "secondMs",
  "secondSuccesses",
  "secondFailures",
  "quietUntilMs",
  "proven",
  "openings",
  "isolatedSinceMs",
  "isolatedUntilMs",
  "successes",
  "failures",
  "late",
  "changes",
];
const TEXTS = ["state", "isolationReason", "isolationOwner", "failure", "failedBy"];
const LISTS = ["row", "reporters", "leases"];
const FIELDS = [...NUMBERS, ...TEXTS, ...LISTS];

/** A lease is at most 80 characters, an index and a time. A list has one for each of its places. */
const MAX_ITEM_BYTES = 128;
const MAX_LIST_BYTES = MAX_ITEM_BYTES * MAX_PROBES;

const names = FIELDS.map((name) => `'${name}'`).join(", ");
/** A table that has room for all fields from the start is not made larger field by field. */
const roomForAll = FIELDS.map((name) => `${name} = false`).join(", ");

/** The fields of the ring of changes. */
export const HISTORY_FIELDS: readonly string[] = Array.from(
  { length: MAX_HISTORY },
  (_, slot) => `change${slot}`,
);

export const STATE_LUA = `
local FIELDS = { ${names} }
local NUMBERS, PLAIN = ${NUMBERS.length}, ${NUMBERS.length + TEXTS.length}
local call, format, floor, ceil, max, min = redis.call, string.format, math.floor, math.ceil, math.max, math.min

local s = { ${roomForAll} }    -- the state as it goes
local was = { ${roomForAll} }  -- the same as it was read; lists are replaced and never changed
local known = false
local dirty = false
local changes = {}  -- what the command that runs has changed
local history = {}  -- what all commands have

local function garbled(field)
  error({ err = 'GARBLED ' .. field })
end

-- A list is kept as 'id=ms id=ms'; those of a row have no name: '=ms =ms'.
local function encodeList(list)
  local texts = {}
  for i = 1, #list do texts[i] = format('%s=%.0f', list[i].id, list[i].ms) end
  return table.concat(texts, ' ')
end

-- Looks at one item after the other and at no more of it than an item can be: a search for the next
-- "=" in a long text without one would begin anew at each of its characters.
local function decodeList(field, text)
  if #text > ${MAX_LIST_BYTES} then garbled(field) end
  local list, from = {}, 1
  while from <= #text do
    local till = (string.find(text, ' ', from, true) or #text + 1) - 1
    if till - from >= ${MAX_ITEM_BYTES} then garbled(field) end
    local id, ms = string.match(string.sub(text, from, till), '^([%w_.-]*)=(-?%d+)$')
    if id == nil then garbled(field) end
    list[#list + 1] = { id = id, ms = tonumber(ms) }
    from = till + 2
  end
  if encodeList(list) ~= text then garbled(field) end
  return list
end

local function load()
  local stored = call('HMGET', KEYS[1], unpack(FIELDS))
  known = stored[1] ~= false
  if not known then
    if call('EXISTS', KEYS[1]) == 1 then garbled('generation') end
    return
  end
  for i = 1, #FIELDS do
    local field, value = FIELDS[i], stored[i]
    if value == false then garbled(field) end
    if i <= NUMBERS then
      value = tonumber(value)
      -- To the server "inf" and "nan" are numbers as well, but the rest of them is none.
      if value == nil or value % 1 ~= 0 then garbled(field) end
    elseif i > PLAIN then
      value = value == '' and {} or decodeList(field, value)
    end
    s[field], was[field] = value, value
  end
  if s.state ~= 'closed' and s.state ~= 'open' and s.state ~= 'half-open' then garbled('state') end
end

-- One HSET writes all of it, so that no state is ever kept by half.
local function save()
  local parts, count = {}, 0
  for i = 1, #FIELDS do
    local field = FIELDS[i]
    local value = s[field]
    if value ~= was[field] then
      if i <= NUMBERS then value = format('%.0f', value)
      elseif i > PLAIN then value = encodeList(value) end
      parts[count + 1], parts[count + 2] = field, value
      count = count + 2
    end
  end
  local first = s.changes - #history
  for i = 1, #history do
    parts[count + 1] = format('change%.0f', (first + i - 1) % ${MAX_HISTORY})
    parts[count + 2] = history[i]
    count = count + 2
  end
  if count > 0 then call('HSET', KEYS[1], unpack(parts)) end
  local untilMs = s.nowMs
  if s.state == 'open' then untilMs = max(untilMs, s.untilMs) end
  if s.isolationOwner ~= 'null' then untilMs = max(untilMs, s.isolatedUntilMs) end
  call('PEXPIRE', KEYS[1], format('%.0f', untilMs - s.nowMs + ${RETENTION_MS}))
end
`;
