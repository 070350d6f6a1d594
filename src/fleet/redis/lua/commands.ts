/** The part of the script that applies one command: `reduce`, and the snapshot that answers it. */

import { UNKNOWN_SNAPSHOT } from "../../rules/snapshot.js";

export const POLICY_LUA = `
local policy
if kind == 'admit' or kind == 'settle' then
  policy = {
    badSeconds = tonumber(ARGV[5]), windowMs = tonumber(ARGV[6]),
    minimumReporters = tonumber(ARGV[7]), resetTimeoutMs = tonumber(ARGV[8]),
    maxOpenMs = tonumber(ARGV[9]), openTimeGrowthFactor = tonumber(ARGV[10]),
    openTimeJitter = tonumber(ARGV[11]), halfOpenMaxCalls = tonumber(ARGV[12]),
    halfOpenSuccessThreshold = tonumber(ARGV[13]), halfOpenProbeTimeoutMs = tonumber(ARGV[14])
  }
end
`;

export const COMMANDS_LUA = `
-- Each returns: admitted, refusal, counted, late.
local function admit(chance, wanted, name)
  if s.isolationOwner ~= 'null' then return 0, 'isolated', 0, 0 end
  if s.state == 'closed' then
    if not isDue() then return wanted, nil, 0, 0 end
    open('tripped', chance, s.quietUntilMs, 'null')
    return 0, 'open', 0, 0
  end
  if s.state == 'open' then
    if s.untilMs > nowMs then return 0, 'open', 0, 0 end
    enter('half-open', 0)
    change('open-time-over', 'open', nil, 'null', 'null', 'null')
  end
  local given = lease(wanted, name)
  return given, given < wanted and 'probing' or nil, 0, 0
end

-- What outcomes of this generation mean for the circuit.
local function judge(chance, successes, failures)
  local reporter, retryAfterMs = ARGV[21], tonumber(ARGV[24])
  if ARGV[22] ~= 'null' then s.failure, s.failedBy = ARGV[22], reporter end
  if s.state == 'closed' then
    count(successes, failures, ARGV[20], retryAfterMs)
    local opensNow = ARGV[23] == '1' and failures > 0
    if not opensNow and not isDue() then return end
    local reason = opensNow and 'opened-at-once' or 'tripped'
    open(reason, chance, s.quietUntilMs, failures > 0 and reporter or 'null')
  elseif s.state == 'half-open' then
    if failures > 0 then
      open('probe-failed', chance, quietUntil(retryAfterMs), reporter)
      return
    end
    s.proven = s.proven + successes
    if s.proven >= policy.halfOpenSuccessThreshold then
      close('probe-succeeded', visible(), nil, reporter, 'null', 'null')
    end
  end
end

local function settle(chance, generation, successes, failures)
  if s.state == 'half-open' and ARGV[19] ~= '' then giveBack(ARGV[19]) end
  local settled = successes + failures
  if settled == 0 then return 0, nil, 0, 0 end
  touch()
  -- One that is open or isolated has let nobody in, so no outcome can be of its generation.
  local admits = s.isolationOwner == 'null' and s.state ~= 'open'
  local unasked = generation == nil and s.state == 'closed'
  if not admits or (generation ~= s.generation and not unasked) then
    s.late = s.late + settled
    return 0, nil, 0, settled
  end
  s.successes = s.successes + successes
  s.failures = s.failures + failures
  judge(chance, successes, failures)
  return 0, nil, settled, 0
end

local function control(owner, note)
  local from = visible()
  local forMs
  if kind == 'isolate' then
    forMs = ceil(tonumber(ARGV[7]))
    s.isolationOwner, s.isolationReason = owner, note
    s.isolatedSinceMs, s.isolatedUntilMs = nowMs, nowMs + forMs
  elseif kind == 'release' then
    s.isolationOwner, s.isolationReason = 'null', 'null'
  end
  s.openings = 0
  close(kind, from, forMs, 'null', owner, note)
  return 0, nil, 0, 0
end

local function apply()
  if kind == 'admit' then return admit(tonumber(ARGV[15]), tonumber(ARGV[16]), ARGV[17]) end
  if kind == 'settle' then
    return settle(tonumber(ARGV[15]), tonumber(ARGV[16]), tonumber(ARGV[17]), tonumber(ARGV[18]))
  end
  return control(ARGV[5], ARGV[6])
end
`;

export const SNAPSHOT_LUA = `
local function snapshot()
  local retryAfterMs, badSeconds, reporters, probes = 0, 0, 0, 0
  if s.state == 'open' then
    retryAfterMs = max(0, s.untilMs - nowMs)
  elseif s.state == 'half-open' then
    for i = 1, #s.leases do
      local leftMs = s.leases[i].ms - nowMs
      if leftMs > 0 then
        retryAfterMs = probes == 0 and leftMs or min(retryAfterMs, leftMs)
        probes = probes + 1
      end
    end
  else
    badSeconds, reporters = #s.row, #s.reporters
    if s.secondSuccesses + s.secondFailures > 0 and nowMs >= s.secondMs + 1000 then
      badSeconds = s.secondFailures > s.secondSuccesses and badSeconds + 1 or 0
    end
  end
  local isolation = 'null'
  if s.isolationOwner ~= 'null' and s.isolatedUntilMs > nowMs then
    isolation = format('{"reason":%s,"owner":%s,"ageMs":%.0f,"remainingMs":%.0f}',
      s.isolationReason, s.isolationOwner, nowMs - s.isolatedSinceMs, s.isolatedUntilMs - nowMs)
  end
  return format(
    '{"generation":%.0f,"state":"%s","ageMs":%.0f,"retryAfterMs":%.0f,"badSeconds":%d,' ..
      '"reporters":%d,"probes":%d,"openings":%.0f,"isolation":%s,"failure":%s,' ..
      '"counts":{"successes":%.0f,"failures":%.0f,"late":%.0f}}',
    s.generation, s.state, nowMs - s.sinceMs, retryAfterMs, badSeconds, reporters, probes,
    s.openings, isolation, s.failure, s.successes, s.failures, s.late
  )
end

local function reply(admitted, refusal, counted, late, shown)
  return format('{"admitted":%.0f,"refusal":%s,"counted":%.0f,"late":%.0f,"changes":[%s],"snapshot":%s}',
    admitted, refusal and format('"%s"', refusal) or 'null', counted, late,
    table.concat(changes, ','), shown)
end
`;

export const MAIN_LUA = `
load()
if kind == 'read' then
  if not known then return reply(0, nil, 0, 0, '${JSON.stringify(UNKNOWN_SNAPSHOT)}') end
  begin()
  return reply(0, nil, 0, 0, snapshot())
end
begin()
endIsolation()
local admitted, refusal, counted, late = apply()
local shown = snapshot()
if dirty then save() end
if #changes > 0 then
  redis.call('PUBLISH', ARGV[3], format('{"name":%s,"snapshot":%s}', ARGV[4], shown))
end
return reply(admitted, refusal, counted, late, shown)
`;
