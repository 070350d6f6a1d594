/** The part of the script that counts while closed, opens, and lends places while half-open. */

import { MAX_REPORTERS } from "../../rules/policy.js";
import { policy } from "./arguments.js";

export const CLOSED_LUA = `
-- A second that began a second ago is over.
local function secondIsOver()
  return nowMs >= s.secondMs + 1000
end

local function quietUntil(retryAfterMs)
  if retryAfterMs > 0 then return nowMs + ceil(retryAfterMs) end
  return 0
end

-- Those of a list within the window, the last so many of them.
local function recent(list, count)
  local windowMs = ${policy("windowMs")}
  local kept = {}
  for i = 1, #list do
    if nowMs - list[i].ms <= windowMs then kept[#kept + 1] = list[i] end
  end
  if #kept <= count then return kept end
  local last = {}
  for i = #kept - count + 1, #kept do last[#last + 1] = kept[i] end
  return last
end

-- The row of bad seconds as it stands now, with the last second once it is over.
local function rowNow()
  local row = s.row
  if s.secondSuccesses + s.secondFailures > 0 and secondIsOver() then
    if s.secondFailures > s.secondSuccesses then
      local judged = {}
      for i = 1, #row do judged[i] = row[i] end
      judged[#judged + 1] = { id = '', ms = s.secondMs }
      row = judged
    elseif #row > 0 then
      row = {}
    end
  end
  if #row == 0 then return row end
  return recent(row, ${policy("badSeconds")})
end

local function isDue()
  local badSeconds = ${policy("badSeconds")}
  -- The second that runs adds one at the most.
  if #s.row + 1 < badSeconds or #rowNow() < badSeconds then return false end
  return #recent(s.reporters, ${MAX_REPORTERS}) >= ${policy("minimumReporters")}
end

local function count(successes, failures, reporterId, retryAfterMs)
  local had = s.secondSuccesses + s.secondFailures > 0
  local begins = not had or secondIsOver()
  local told = s.reporters
  if begins and had and s.secondFailures <= s.secondSuccesses and #told > 0 then told = {} end
  local others = told
  if #told > 0 or failures > successes then
    others = {}
    for _, report in ipairs(recent(told, ${MAX_REPORTERS})) do
      if report.id ~= reporterId then others[#others + 1] = report end
    end
  end
  if begins then
    s.row = rowNow()
    s.secondMs, s.secondSuccesses, s.secondFailures = nowMs, 0, 0
  end
  s.secondSuccesses = s.secondSuccesses + successes
  s.secondFailures = s.secondFailures + failures
  if failures > successes then
    others[#others + 1] = { id = reporterId, ms = nowMs }
    others = recent(others, ${MAX_REPORTERS})
  end
  s.reporters = others
  s.quietUntilMs = max(s.quietUntilMs, quietUntil(retryAfterMs))
end
`;

export const OPENING_LUA = `
local function openTimeMs(openings, quietMs, chance)
  local backoffMs = ${policy("resetTimeoutMs")}
  local maxOpenMs = ${policy("maxOpenMs")}
  local step = 1
  while step < openings and backoffMs < maxOpenMs do
    local grown = backoffMs * ${policy("openTimeGrowthFactor")}
    if grown == backoffMs then break end
    backoffMs = grown
    step = step + 1
  end
  local jitteredMs = max(backoffMs, quietMs) * (1 + ${policy("openTimeJitter")} * chance)
  return ceil(min(jitteredMs, maxOpenMs))
end

local function open(reason, chance, quietUntilMs, by)
  local from = visible()
  local recovered = s.state == 'closed' and nowMs - s.sinceMs >= ${policy("resetTimeoutMs")}
  local openings = recovered and 1 or s.openings + 1
  local forMs = openTimeMs(openings, quietUntilMs - nowMs, chance)
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

-- Gives out up to so many places, as many as are free; returns how many.
local function lease(wanted, name)
  local live = liveLeases()
  local given = min(wanted, max(0, ${policy("halfOpenMaxCalls")} - #live))
  if given == 0 then return 0 end
  local endMs = nowMs + ceil(${policy("halfOpenProbeTimeoutMs")})
  for i = 0, given - 1 do live[#live + 1] = { id = format('%s.%d', name, i), ms = endMs } end
  s.leases = live
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

-- Asks for places of an open or half-open circuit; returns what an admission does.
function rules.probe(wanted, name)
  if s.state == 'open' then
    if s.untilMs > nowMs then return 0, 'open', 0, 0 end
    enter('half-open', 0)
    change('open-time-over', 'open', nil, 'null', 'null', 'null')
  end
  local given = lease(wanted, name)
  return given, given < wanted and 'probing' or nil, 0, 0
end

-- What outcomes of this generation mean for a half-open circuit.
function rules.judgeProbes(chance, successes, failures, reporter, retryAfterMs)
  if failures > 0 then
    open('probe-failed', chance, quietUntil(retryAfterMs), reporter)
    return
  end
  s.proven = s.proven + successes
  if s.proven >= ${policy("halfOpenSuccessThreshold")} then
    close('probe-succeeded', visible(), nil, reporter, 'null', 'null')
  end
end
`;
