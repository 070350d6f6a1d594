/** Contains the part of the script that keeps counts for reports, like `rules/record.ts`. */

import {
  KEPT_SECONDS,
  MAX_FAILED_RUNS,
  MAX_HOLDERS,
  MAX_NAMES,
  MAX_PART_LENGTH,
} from "../../../rules/record.js";

export const RECORD_LUA = `
local floor, gmatch, match = math.floor, string.gmatch, string.match
local read = {}

-- Returns the current text of a part. Discards a text above the length limit, because this script
-- never writes such a text.
local function part(field)
  if record and record[field] then return record[field] end
  if not read[field] then
    local text = call('HMGET', KEY, field)[1] or ''
    read[field] = #text > ${MAX_PART_LENGTH} and '' or text
  end
  return read[field]
end

local function keep(field, text)
  record = record or {}
  record[field] = text
  dirty = true
end

local function groupOf(name)
  return match(name, '^[^.]*')
end

-- Adds sums to the totals. The argument has the form 'name=sum name=sum'.
function rules.add(added)
  if added == '' then return end
  local order, sums, names = {}, {}, {}
  local function enter(name, sum)
    if not sums[name] then
      order[#order + 1], sums[name] = name, 0
      names[groupOf(name)] = (names[groupOf(name)] or 0) + 1
    end
    sums[name] = sums[name] + tonumber(sum)
  end
  for text in gmatch(part('totals'), '[^ ]+') do
    local name, sum = match(text, '^([^=]+)=(%d+)$')
    if name then enter(name, sum) end
  end
  for text in gmatch(added, '[^ ]+') do
    local name, sum = match(text, '^([^=]+)=(%d+)$')
    if not sums[name] and (names[groupOf(name)] or 0) >= ${MAX_NAMES} then
      name = groupOf(name) .. '._OTHER'
    end
    enter(name, sum)
  end
  local texts = {}
  for i = 1, #order do texts[i] = format('%s=%.0f', order[i], sums[order[i]]) end
  keep('totals', table.concat(texts, ' '))
end

-- Stores the totals at the end of a second that is over.
function rules.endSecond(wasMs, successes, failures)
  local text = part('seconds')
  local outcomes = format(':%.0f:%.0f', successes, failures)
  if string.sub(text, -#outcomes) == outcomes then return end
  local oldest = floor(s.nowMs / 1000) - ${KEPT_SECONDS}
  while true do
    local till = string.find(text, ' ', 1, true)
    local after = till and tonumber(match(text, '^%d+', till + 1))
    if not after or after > oldest then break end
    text = string.sub(text, till + 1)
  end
  local entry = format('%.0f', floor(wasMs / 1000)) .. outcomes
  keep('seconds', text == '' and entry or text .. ' ' .. entry)
end

-- Records the process that holds the probes of one command. Removes the holders of expired probes.
function rules.hold(name, endMs, by)
  local live = {}
  for line in gmatch(part('holders'), '[^\\n]+') do
    if (tonumber(match(line, '^[^ ]+ (%d+) ')) or 0) > nowMs then live[#live + 1] = line end
  end
  live[#live + 1] = name .. format(' %.0f ', endMs) .. by
  while #live > ${MAX_HOLDERS} do table.remove(live, 1) end
  keep('holders', table.concat(live, '\\n'))
end

function rules.tell(tallies, failedRunsMs)
  if tallies == '' and failedRunsMs == '' then return end
  touch()
  rules.add(tallies)
  if failedRunsMs == '' then return end
  local runs = {}
  for ms in gmatch(part('failedRunsMs') .. ' ' .. failedRunsMs, '[^ ]+') do runs[#runs + 1] = ms end
  keep('failedRunsMs', table.concat(runs, ' ', math.max(1, #runs - ${MAX_FAILED_RUNS - 1})))
end

-- Adds a duration to all times in the record.
function rules.moveRecord(byMs)
  local seconds, holders = {}, {}
  for text in gmatch(part('seconds'), '[^ ]+') do
    local second, rest = match(text, '^(%d+)(.*)$')
    if second then text = format('%.0f', second + floor(byMs / 1000)) .. rest end
    seconds[#seconds + 1] = text
  end
  for line in gmatch(part('holders'), '[^\\n]+') do
    local name, endMs, rest = match(line, '^([^ ]+ )(%d+)(.*)$')
    if name then line = name .. format('%.0f', endMs + byMs) .. rest end
    holders[#holders + 1] = line
  end
  keep('seconds', table.concat(seconds, ' '))
  keep('holders', table.concat(holders, '\\n'))
end

-- Returns how long the circuit has been open or isolated. Time after the planned end does not
-- count.
function rules.openForMs()
  if s.isolationOwner ~= 'null' then
    return max(0, min(nowMs, s.isolatedUntilMs) - s.isolatedSinceMs)
  end
  if s.state ~= 'open' then return 0 end
  return max(0, min(nowMs, s.untilMs) - s.sinceMs)
end

-- Returns the parts of a report, in the order of REPORT in answers.ts.
function rules.facts()
  return {
    part('totals'), part('seconds'), part('holders'), part('failedRunsMs'), s.policyUsed or '',
    rules.encodeList(s.leases), nowMs, s.nowMs, rules.openForMs(),
  }
end
`;
