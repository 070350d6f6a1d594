/** The part of the script that applies one command: `reduce`, and the snapshot that answers it. */

import { UNKNOWN_SNAPSHOT } from "../../rules/snapshot.js";
import { ARGUMENT_COUNTS_LUA, argument, HEAD_LENGTH, numberOf } from "./arguments.js";

export const CONTROL_LUA = `
function rules.control(kind, owner, note)
  local from = visible()
  local forMs
  if kind == 'isolate' then
    forMs = ceil(${numberOf("isolate", "expiresInMs")})
    s.isolationOwner, s.isolationReason = owner, note
    s.isolatedSinceMs, s.isolatedUntilMs = nowMs, nowMs + forMs
  elseif kind == 'release' then
    s.isolationOwner, s.isolationReason = 'null', 'null'
  end
  s.openings = 0
  close(kind, from, forMs, 'null', owner, note)
  return 0, nil, 0, 0
end
`;

export const COMMANDS_LUA = `
-- Each returns: admitted, refusal, counted, late.
local function admit(chance, wanted)
  if s.isolationOwner ~= 'null' then return 0, 'isolated', 0, 0 end
  if s.state == 'closed' then
    if not isDue() then return wanted, nil, 0, 0 end
    rare().open('tripped', chance, s.quietUntilMs, 'null')
    return 0, 'open', 0, 0
  end
  return rare().probe(wanted, ${argument("admit", "lease")})
end

-- What outcomes of this generation mean for the circuit.
local function judge(chance, successes, failures)
  local reporter, failure = ${argument("settle", "reporter")}, ${argument("settle", "failure")}
  local retryAfterMs = ${numberOf("settle", "retryAfterMs")}
  if failure ~= 'null' then s.failure, s.failedBy = failure, reporter end
  if s.state == 'half-open' then
    rare().judgeProbes(chance, successes, failures, reporter, retryAfterMs)
    return
  end
  count(successes, failures, ${argument("settle", "reporterId")}, retryAfterMs)
  local opensNow = ${argument("settle", "openNow")} == '1' and failures > 0
  if not opensNow and not isDue() then return end
  local reason = opensNow and 'opened-at-once' or 'tripped'
  rare().open(reason, chance, s.quietUntilMs, failures > 0 and reporter or 'null')
end

local function settle(chance, generation, successes, failures)
  local leases = ${argument("settle", "leases")}
  if s.state == 'half-open' and leases ~= '' then rare().giveBack(leases) end
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

local function apply(kind)
  local chance = ${numberOf("admit", "chance")}
  if kind == 'admit' then return admit(chance, ${numberOf("admit", "count")}) end
  if kind == 'settle' then
    return settle(chance, ${numberOf("settle", "generation")},
      ${numberOf("settle", "successes")}, ${numberOf("settle", "failures")})
  end
  return rare().control(kind, ${argument("isolate", "owner")}, ${argument("isolate", "reason")})
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
-- Moves the circuit on to the time of this script.
local function begin()
  if not known then rare().create()
  elseif s.nowMs - clockMs > 1000 then rare().move(clockMs - s.nowMs) end
  nowMs = max(clockMs, s.nowMs)
end

local ARGUMENTS = ${ARGUMENT_COUNTS_LUA}
local replies, pushes = {}, {}
local mayWrite = false

local function run(kind)
  if kind == 'read' then
    if not known then return reply(0, nil, 0, 0, '${JSON.stringify(UNKNOWN_SNAPSHOT)}') end
    begin()
    return reply(0, nil, 0, 0, snapshot())
  end
  mayWrite = true
  begin()
  if s.isolationOwner ~= 'null' then rare().endIsolation() end
  local admitted, refusal, counted, late = apply(kind)
  local shown = snapshot()
  if #changes > 0 then
    pushes[#pushes + 1] = format('{"name":%s,"snapshot":%s}', ARGV[${HEAD_LENGTH}], shown)
  end
  return reply(admitted, refusal, counted, late, shown)
end

load()
while at <= #ARGV do
  local kind = ARGV[at]
  if #changes > 0 then changes = {} end
  replies[#replies + 1] = run(kind)
  for i = 1, #changes do history[#history + 1] = changes[i] end
  at = at + ARGUMENTS[kind] + 1
end
if dirty and mayWrite then save() end
for i = 1, #pushes do call('PUBLISH', ARGV[2], pushes[i]) end
return '[' .. table.concat(replies, ',') .. ']'
`;
