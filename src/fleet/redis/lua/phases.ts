/** The part of the script that counts while closed, opens, and lends places while half-open. */

import { MAX_REPORTERS } from "../../rules/policy.js";

export const CLOSED_LUA = `
local function isOver()
  return nowMs >= s.secondMs + 1000
end

local function hasSecond()
  return s.secondSuccesses + s.secondFailures > 0
end

local function isBad()
  return s.secondFailures > s.secondSuccesses
end

local function within(list)
  local recent = {}
  for i = 1, #list do
    if nowMs - list[i].ms <= policy.windowMs then recent[#recent + 1] = list[i] end
  end
  return recent
end

local function last(list, count)
  local kept = {}
  for i = max(1, #list - count + 1), #list do kept[#kept + 1] = list[i] end
  return kept
end

-- The row of bad seconds as it stands now, with the last second once it is over.
local function rowNow()
  local row = s.row
  if hasSecond() and isOver() then
    local judged = {}
    if isBad() then
      for i = 1, #row do judged[i] = row[i] end
      judged[#judged + 1] = { id = '', ms = s.secondMs }
    end
    row = judged
  end
  return last(within(row), policy.badSeconds)
end

local function isDue()
  if #rowNow() < policy.badSeconds then return false end
  return #within(s.reporters) >= policy.minimumReporters
end

local function quietUntil(retryAfterMs)
  if retryAfterMs > 0 then return nowMs + ceil(retryAfterMs) end
  return 0
end

local function count(successes, failures, reporterId, retryAfterMs)
  local had = hasSecond()
  local begins = not had or isOver()
  local told = {}
  if not (begins and had and not isBad()) then told = within(s.reporters) end
  local others = {}
  for i = 1, #told do
    if told[i].id ~= reporterId then others[#others + 1] = told[i] end
  end
  if begins then
    s.row = rowNow()
    s.secondMs, s.secondSuccesses, s.secondFailures = nowMs, 0, 0
  end
  s.secondSuccesses = s.secondSuccesses + successes
  s.secondFailures = s.secondFailures + failures
  if failures > successes then
    others[#others + 1] = { id = reporterId, ms = nowMs }
    others = last(others, ${MAX_REPORTERS})
  end
  s.reporters = others
  s.quietUntilMs = max(s.quietUntilMs, quietUntil(retryAfterMs))
end
`;

export const OPENING_LUA = `
local function openTimeMs(openings, quietMs, chance)
  local backoffMs = policy.resetTimeoutMs
  local step = 1
  while step < openings and backoffMs < policy.maxOpenMs do
    local grown = backoffMs * policy.openTimeGrowthFactor
    if grown == backoffMs then break end
    backoffMs = grown
    step = step + 1
  end
  local jitteredMs = max(backoffMs, quietMs) * (1 + policy.openTimeJitter * chance)
  return ceil(min(jitteredMs, policy.maxOpenMs))
end

local function open(reason, chance, quietUntilMs, by)
  local from = visible()
  local recovered = s.state == 'closed' and nowMs - s.sinceMs >= policy.resetTimeoutMs
  local openings = recovered and 1 or s.openings + 1
  local forMs = openTimeMs(openings, quietUntilMs - nowMs, chance)
  if by == 'null' then by = s.failedBy end
  s.openings = openings
  enter('open', nowMs + forMs)
  change(reason, from, forMs, by, 'null', 'null')
end
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
  local given = min(wanted, max(0, policy.halfOpenMaxCalls - #live))
  if given == 0 then return 0 end
  local endMs = nowMs + ceil(policy.halfOpenProbeTimeoutMs)
  for i = 0, given - 1 do live[#live + 1] = { id = format('%s.%d', name, i), ms = endMs } end
  s.leases = live
  touch()
  return given
end

local function giveBack(ids)
  local given = {}
  for id in string.gmatch(ids, '[^ ]+') do given[id] = true end
  local kept = {}
  for _, place in ipairs(liveLeases()) do
    if not given[place.id] then kept[#kept + 1] = place end
  end
  s.leases = kept
  touch()
end
`;
