/**
 * Contains the part of the script that reads the hash of one circuit and writes its changes back.
 */

import { MAX_PROBES } from "../../../rules/policy.js";
import { MAX_HISTORY } from "../../../rules/reply.js";
import { RETENTION_MS } from "../../../rules/retention.js";

/**
 * The fields of a circuit's hash, except its history. Numbers come first, then texts, then lists.
 */
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

/**
 * The maximum size of a list item in bytes. The longest item is a lease: a name of 80 characters,
 * an index and a time.
 */
const MAX_ITEM_BYTES = 128;
const MAX_LIST_BYTES = MAX_ITEM_BYTES * MAX_PROBES;

const names = FIELDS.map((name) => `'${name}'`).join(", ");
/**
 * The field with the policy of the last outcomes. It is missing in a circuit that an older version
 * of this package stored.
 */
const POLICY_USED = "policyUsed";
/** Lua code that creates all fields at once, because adding fields one by one is slower. */
const roomForAll = FIELDS.map((name) => `${name} = false`).join(", ");

/**
 * The fields that store the last 100 changes: `change0` to `change99`. Each new change overwrites
 * the oldest.
 */
export const HISTORY_FIELDS: readonly string[] = Array.from(
  { length: MAX_HISTORY },
  (_, slot) => `change${slot}`,
);

export const STATE_LUA = `
local ARGV, KEY = ARGV, KEYS[1]
local call, tonumber, format, max = redis.call, tonumber, string.format, math.max
local FIELDS = { ${names} }
local NUMBERS, PLAIN, ALL = ${NUMBERS.length}, ${NUMBERS.length + TEXTS.length}, ${FIELDS.length}
local movedMs = 0 -- How much this run has shifted the times of the circuit.
local stored = call('HMGET', KEY, ${names}, '${POLICY_USED}')
local known = stored[1] ~= false
local s = { ${roomForAll} } -- The current state. A changed list is replaced by a new list.
local NONE = {} -- An empty list.
local changes = NONE -- The changes of the current command.
local history -- The changes of all commands; nil before the first change.
local dirty = false
local record -- The report counts that this run has changed, by field.
s.policyUsed = stored[ALL + 1]
`;

export const LISTS_LUA = `
function rules.garbled(field)
  error({ err = 'GARBLED ' .. field })
end

-- A list is stored as 'id=ms id=ms'. Items of a row have no id: '=ms =ms'.
function rules.encodeList(list)
  local texts = {}
  for i = 1, #list do texts[i] = format('%s=%.0f', list[i].id, list[i].ms) end
  return table.concat(texts, ' ')
end

-- Reads one item after the other, and limits the length of each. Without the limit, a long text
-- without "=" would make the pattern search very slow.
function rules.decodeList(field, text)
  if #text > ${MAX_LIST_BYTES} then rules.garbled(field) end
  local list, from = {}, 1
  while from <= #text do
    local till = (string.find(text, ' ', from, true) or #text + 1) - 1
    if till - from >= ${MAX_ITEM_BYTES} then rules.garbled(field) end
    local id, ms = string.match(string.sub(text, from, till), '^([%w_.-]*)=(-?%d+)$')
    if id == nil then rules.garbled(field) end
    list[#list + 1] = { id = id, ms = tonumber(ms) }
    from = till + 2
  end
  if rules.encodeList(list) ~= text then rules.garbled(field) end
  return list
end
`;

/**
 * Lua code that loads the state. It also keeps the initial values in `stored`, so that changes can
 * be detected later.
 */
export const LOAD_LUA = `
if known then
  for i = 1, NUMBERS do
    local field, value = FIELDS[i], tonumber(stored[i])
    -- tonumber also accepts "inf" and "nan", but their remainder is not 0.
    if not value or value % 1 ~= 0 then rare().garbled(field) end
    s[field], stored[i] = value, value
  end
  for i = NUMBERS + 1, PLAIN do
    local field, value = FIELDS[i], stored[i]
    if not value then rare().garbled(field) end
    s[field] = value
  end
  for i = PLAIN + 1, ALL do
    local field, value = FIELDS[i], stored[i]
    if not value then rare().garbled(field) end
    local list = value == '' and NONE or rare().decodeList(field, value)
    s[field], stored[i] = list, list
  end
  local state = s.state
  if state ~= 'closed' and state ~= 'open' and state ~= 'half-open' then rare().garbled('state') end
elseif call('EXISTS', KEY) == 1 then
  rare().garbled('generation')
end
`;

/** Lua code that writes all changes with one HSET, so that Redis never keeps a partial state. */
export const SAVE_LUA = `
if dirty and mayWrite then
  local parts, count = {}, 0
  for i = 1, ALL do
    local field = FIELDS[i]
    local value = s[field]
    if value ~= stored[i] then
      if i <= NUMBERS then value = format('%.0f', value)
      elseif i > PLAIN then value = rare().encodeList(value) end
      parts[count + 1], parts[count + 2] = field, value
      count = count + 2
    end
  end
  if s.policyUsed ~= stored[ALL + 1] then
    parts[count + 1], parts[count + 2] = '${POLICY_USED}', s.policyUsed
    count = count + 2
  end
  local wasMs = stored[${FIELDS.indexOf("nowMs") + 1}]
  if wasMs then
    wasMs = wasMs + movedMs
    if s.nowMs - s.nowMs % 1000 ~= wasMs - wasMs % 1000 then
      rare().endSecond(wasMs, stored[${FIELDS.indexOf("successes") + 1}], stored[${FIELDS.indexOf("failures") + 1}])
    end
  end
  if record then
    for field, text in pairs(record) do
      parts[count + 1], parts[count + 2] = field, text
      count = count + 2
    end
  end
  if history then
    local first = s.changes - #history
    for i = 1, #history do
      parts[count + 1] = format('change%.0f', (first + i - 1) % ${MAX_HISTORY})
      parts[count + 2] = history[i]
      count = count + 2
    end
  end
  if count > 0 then call('HSET', KEY, unpack(parts)) end
  -- Extends the expiry at most once a minute, because a busy circuit is written many times a
  -- second.
  if not wasMs or history or s.nowMs - s.nowMs % 60000 ~= wasMs - wasMs % 60000 then
    local untilMs = s.nowMs
    if s.state == 'open' then untilMs = max(untilMs, s.untilMs) end
    if s.isolationOwner ~= 'null' then untilMs = max(untilMs, s.isolatedUntilMs) end
    call('PEXPIRE', KEY, format('%.0f', untilMs - s.nowMs + ${RETENTION_MS}))
  end
end
`;
