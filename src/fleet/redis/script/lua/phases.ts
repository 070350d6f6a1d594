/**
 * Contains the rules of the three phases in Lua: counting while closed, opening, and probe leases
 * while half-open.
 */

import { MAX_REPORTERS } from "../../../rules/policy.js";
import { numberOf, policy } from "./arguments.js";

/**
 * The Lua code for a closed circuit without failures. The code for failures is in `rare()`; see
 * `RARE_LUA`.
 */
export const CLOSED_LUA = `
local function isDue()
  -- The current second can add at most one bad second to the row.
  return #s.row + 1 >= ${policy("badSeconds")} and rare().isDue()
end

local function count(successes, failures, reporterId, retryAfterMs)
  local hadSuccesses, hadFailures = s.secondSuccesses, s.secondFailures
  local had, wasBad = hadSuccesses + hadFailures > 0, hadFailures > hadSuccesses
  -- A second ends 1,000 ms after its start.
  local begins = not had or nowMs >= s.secondMs + 1000
  if failures > successes or s.reporters ~= NONE then
    rare().report(begins and had and not wasBad, failures > successes, reporterId)
  end
  if begins then
    if wasBad or s.row ~= NONE then s.row = rare().rowNow() end
    s.secondMs, hadSuccesses, hadFailures = nowMs, 0, 0
  end
  s.secondSuccesses, s.secondFailures = hadSuccesses + successes, hadFailures + failures
  s.quietUntilMs = max(s.quietUntilMs, retryAfterMs > 0 and rare().quietUntil(retryAfterMs) or 0)
end
`;

export const ROW_LUA = `
local ceil, min = math.ceil, math.min

function rules.quietUntil(retryAfterMs)
  if retryAfterMs > 0 then return nowMs + ceil(retryAfterMs) end
  return 0
end

-- Returns the items of a list that are within the window: at most the last count items.
local function recent(list, count)
  local windowMs = ${policy("windowMs")}
  local kept = {}
  for i = 1, #list do
    if nowMs - list[i].ms <= windowMs then kept[#kept + 1] = list[i] end
  end
  if #kept == 0 then return NONE end
  if #kept <= count then return kept end
  local last = {}
  for i = #kept - count + 1, #kept do last[#last + 1] = kept[i] end
  return last
end

-- Returns the current row of bad seconds, including the last second once it is over.
function rules.rowNow()
  local row = s.row
  if s.secondSuccesses + s.secondFailures > 0 and nowMs >= s.secondMs + 1000 then
    if s.secondFailures <= s.secondSuccesses then return NONE end
    local judged = {}
    for i = 1, #row do judged[i] = row[i] end
    judged[#judged + 1] = { id = '', ms = s.secondMs }
    row = judged
  end
  return recent(row, ${policy("badSeconds")})
end

function rules.isDue()
  if #rules.rowNow() < ${policy("badSeconds")} then return false end
  return #recent(s.reporters, ${MAX_REPORTERS}) >= ${policy("minimumReporters")}
end

-- Adds a reporter whose last report was a failure. Removes a reporter whose last report was a
-- success.
function rules.report(endsRow, failed, reporterId)
  local others = {}
  for _, report in ipairs(endsRow and NONE or recent(s.reporters, ${MAX_REPORTERS})) do
    if report.id ~= reporterId then others[#others + 1] = report end
  end
  if failed then
    others[#others + 1] = { id = reporterId, ms = nowMs }
    others = recent(others, ${MAX_REPORTERS})
  end
  s.reporters = #others > 0 and others or NONE
end
`;

export const OPENING_LUA = `
local function openTimeMs(openings, quietMs)
  local given = policy()
  local backoffMs = given.resetTimeoutMs
  local maxOpenMs = given.maxOpenMs
  local step = 1
  while step < openings and backoffMs < maxOpenMs do
    local grown = backoffMs * given.openTimeGrowthFactor
    if grown == backoffMs then break end
    backoffMs = grown
    step = step + 1
  end
  local jitteredMs = max(backoffMs, quietMs) * (1 + given.openTimeJitter * ${numberOf("admit", "chance")})
  return ceil(min(jitteredMs, maxOpenMs))
end

local function open(reason, quietUntilMs, by)
  local from = leave()
  local recovered = s.state == 'closed' and nowMs - s.sinceMs >= ${policy("resetTimeoutMs")}
  local openings = recovered and 1 or s.openings + 1
  local forMs = openTimeMs(openings, quietUntilMs - nowMs)
  if by == 'null' then by = s.failedBy end
  s.openings = openings
  enter('open', nowMs + forMs)
  change(reason, from, forMs, by, 'null', 'null')
end
rules.open = open
`;

export const HALF_OPEN_LUA = `
local function liveLeases()
  local live = {}
  for i = 1, #s.leases do
    if s.leases[i].ms > nowMs then live[#live + 1] = s.leases[i] end
  end
  return live
end

-- Grants up to the given number of leases, if they are free. Returns the number of granted leases.
local function lease(wanted, name, by)
  local live = liveLeases()
  local given = min(wanted, max(0, ${policy("halfOpenMaxCalls")} - #live))
  if given == 0 then return 0 end
  local endMs = nowMs + ceil(${policy("halfOpenProbeTimeoutMs")})
  for i = 0, given - 1 do live[#live + 1] = { id = format('%s.%d', name, i), ms = endMs } end
  s.leases = live
  if by ~= '' then rules.hold(name, endMs, by) end
  touch()
  return given
end

function rules.giveBack(ids)
  local given = {}
  for id in string.gmatch(ids, '[^ ]+') do given[id] = true end
  local kept = {}
  for _, place in ipairs(liveLeases()) do
    if not given[place.id] then kept[#kept + 1] = place end
  end
  s.leases = kept
  touch()
end

-- Asks an open or half-open circuit for leases. Returns the number of granted leases, and the
-- reason for rejecting the other calls.
function rules.probe(wanted, name, by)
  if s.state == 'open' then
    if s.untilMs > nowMs then return 0, 'open' end
    local from = leave()
    enter('half-open', 0)
    change('open-time-over', from, nil, 'null', 'null', 'null')
  end
  local given = lease(wanted, name, by)
  return given, given < wanted and 'probing' or ''
end

-- Applies outcomes of the current generation to a half-open circuit.
function rules.judgeProbes(successes, failures, reporter, retryAfterMs)
  if failures > 0 then
    open('probe-failed', rules.quietUntil(retryAfterMs), reporter)
    return
  end
  s.proven = s.proven + successes
  if s.proven >= ${policy("halfOpenSuccessThreshold")} then
    close('probe-succeeded', leave(), nil, reporter, 'null', 'null')
  end
end
`;
