/** The part of the script that reads the hash of one circuit and writes back what has changed. */

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

const fields = [...NUMBERS, ...TEXTS, ...LISTS].map((name) => `'${name}'`).join(", ");

/** The fields of the ring of changes. */
export const HISTORY_FIELDS: readonly string[] = Array.from(
  { length: MAX_HISTORY },
  (_, slot) => `change${slot}`,
);

export const STATE_LUA = `
local FIELDS = { ${fields} }
local NUMBERS, PLAIN = ${NUMBERS.length}, ${NUMBERS.length + TEXTS.length}
local STATES = { ['closed'] = true, ['open'] = true, ['half-open'] = true }
local format, floor, ceil, max, min = string.format, math.floor, math.ceil, math.max, math.min

local s = {}        -- the state as it goes
local stored = {}   -- its fields as they are kept, false where the circuit is not known
local known = false
local dirty = false
local changes = {}

local function garbled(field)
  error({ err = 'GARBLED ' .. field })
end

-- A list is kept as 'id=ms id=ms'; those of a row have no name: '=ms =ms'.
local function encodeList(list)
  local texts = {}
  for i = 1, #list do texts[i] = format('%s=%.0f', list[i].id, list[i].ms) end
  return table.concat(texts, ' ')
end

local function decodeList(field, text)
  local list = {}
  for id, ms in string.gmatch(text, '([%w_.-]*)=(-?%d+)') do
    list[#list + 1] = { id = id, ms = tonumber(ms) }
  end
  if text ~= '' and encodeList(list) ~= text then garbled(field) end
  return list
end

local function load()
  stored = redis.call('HMGET', KEYS[1], unpack(FIELDS))
  known = stored[1] ~= false
  if not known then
    if redis.call('EXISTS', KEYS[1]) == 1 then garbled('generation') end
    return
  end
  for i = 1, #FIELDS do
    local field, value = FIELDS[i], stored[i]
    if value == false then garbled(field) end
    if i <= NUMBERS then s[field] = tonumber(value) or garbled(field)
    elseif i <= PLAIN then s[field] = value
    else s[field] = decodeList(field, value) end
  end
  if not STATES[s.state] then garbled('state') end
end

-- One HSET writes all of it, so that no state is ever kept by half.
local function save()
  local parts = {}
  for i = 1, #FIELDS do
    local field = FIELDS[i]
    local value = s[field]
    if i <= NUMBERS then value = format('%.0f', value)
    elseif i > PLAIN then value = encodeList(value) end
    if value ~= stored[i] then
      parts[#parts + 1] = field
      parts[#parts + 1] = value
    end
  end
  local first = s.changes - #changes
  for i = 1, #changes do
    parts[#parts + 1] = format('change%.0f', (first + i - 1) % ${MAX_HISTORY})
    parts[#parts + 1] = changes[i]
  end
  if #parts > 0 then redis.call('HSET', KEYS[1], unpack(parts)) end
  local untilMs = s.nowMs
  if s.state == 'open' then untilMs = max(untilMs, s.untilMs) end
  if s.isolationOwner ~= 'null' then untilMs = max(untilMs, s.isolatedUntilMs) end
  redis.call('PEXPIRE', KEYS[1], format('%.0f', untilMs - s.nowMs + ${RETENTION_MS}))
end
`;
