/**
 * Contains the part of the script that applies commands and writes replies, like `rules/reduce.ts`.
 */

import { UNKNOWN_SNAPSHOT } from "../../../rules/snapshot.js";
import { argument, HEAD_LENGTH, lengthOf, numberOf, RARE_LENGTHS_LUA } from "./arguments.js";

export const CONTROL_LUA = `
rules.lengths = ${RARE_LENGTHS_LUA}

function rules.control(kind, owner, note)
  local from = leave()
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
end

-- Returns retryAfterMs, badSeconds, reporters, probes and isolation of a circuit with failures.
function rules.standing()
  local retryAfterMs, badSeconds, reporters, probes, isolation = 0, 0, 0, 0, 'null'
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
  if s.isolationOwner ~= 'null' and s.isolatedUntilMs > nowMs then
    isolation = format('{"reason":%s,"owner":%s,"ageMs":%.0f,"remainingMs":%.0f}',
      s.isolationReason, s.isolationOwner, nowMs - s.isolatedSinceMs, s.isolatedUntilMs - nowMs)
  end
  return retryAfterMs, badSeconds, reporters, probes, isolation
end

-- Returns the message to publish: the snapshot in a reply, as JSON. The reply has the order of
-- ANSWER in answers.ts.
function rules.pushOf(answer)
  return format(
    '{"name":%s,"snapshot":{"generation":%.0f,"state":"%s","ageMs":%.0f,"retryAfterMs":%.0f,' ..
      '"badSeconds":%d,"reporters":%d,"probes":%d,"openings":%.0f,"isolation":%s,"failure":%s,' ..
      '"counts":{"successes":%.0f,"failures":%.0f,"late":%.0f}}}',
    ARGV[${HEAD_LENGTH}], unpack(answer, 6)
  )
end
`;

export const COMMANDS_LUA = `
-- Returns the number of admitted calls, and the reason for rejecting the others.
local function admit(wanted)
  if s.isolationOwner ~= 'null' then return 0, 'isolated' end
  if s.state ~= 'closed' then 
    return rare().probe(wanted, ${argument("admit", "lease")}, ${argument("admit", "holder")})
  end
  if not isDue() then return wanted, '' end
  rare().open('tripped', s.quietUntilMs, 'null')
  return 0, 'open'
end

-- Applies outcomes of the current generation to the circuit.
local function judge(successes, failures)
  local retryAfterMs = ${numberOf("settle", "retryAfterMs")}
  local failure = ${argument("settle", "failure")}
  if failure ~= 'null' then s.failure, s.failedBy = failure, ${argument("settle", "reporter")} end
  if s.state == 'half-open' then
    rare().judgeProbes(successes, failures, ${argument("settle", "reporter")}, retryAfterMs)
    return
  end
  count(successes, failures, ${argument("settle", "reporterId")}, retryAfterMs)
  local opensNow = failures > 0 and ${argument("settle", "openNow")} == '1'
  if not opensNow and not isDue() then return end
  local reason = opensNow and 'opened-at-once' or 'tripped'
  rare().open(reason, s.quietUntilMs, failures > 0 and ${argument("settle", "reporter")} or 'null')
end

-- Returns the number of outcomes that counted, and the number of late outcomes.
local function settle(generation, successes, failures)
  if s.state == 'half-open' and ${argument("settle", "leases")} ~= '' then
    rare().giveBack(${argument("settle", "leases")})
  end
  local settled = successes + failures
  if settled == 0 then return 0, 0 end
  s.nowMs, dirty = nowMs, true
  -- An open or isolated circuit admits no calls, so outcomes cannot belong to its generation.
  local admits = s.isolationOwner == 'null' and s.state ~= 'open'
  local unasked = generation == nil and s.state == 'closed'
  if not admits or (generation ~= s.generation and not unasked) then
    s.late = s.late + settled
    return 0, settled
  end
  s.successes = s.successes + successes
  s.failures = s.failures + failures
  s.policyUsed = ${argument("settle", "policy")}
  if failures > 0 then rare().add(${argument("settle", "tallies")}) end
  judge(successes, failures)
  return settled, 0
end
`;

/** The reply to a read of an unknown circuit, in the order of `ANSWER`. */
const UNKNOWN_LUA = `{ 0, '', 0, 0, NONE, 0, '${UNKNOWN_SNAPSHOT.state}', 0, 0, 0, 0, 0, 0, 'null', 'null', 0, 0, 0 }`;

export const MAIN_LUA = `
local answers, pushes = {}, nil
local mayWrite = false

while at <= #ARGV do
  local kind = ARGV[at]
  local admitted, refusal, counted, late = 0, '', 0, 0
  local length
  changes = NONE
  local reads = kind == 'read' or kind == 'report'
  if known or not reads then
    -- Moves the circuit to the time of this script call.
    if not known then rare().create()
    elseif s.nowMs - clockMs > 1000 then rare().move(clockMs - s.nowMs) end
    nowMs = max(clockMs, s.nowMs)
  end
  if not reads then
    mayWrite = true
    if s.isolationOwner ~= 'null' then rare().endIsolation() end
  end
  if kind == 'admit' then
    admitted, refusal = admit(${numberOf("admit", "count")})
    length = ${lengthOf("admit")}
  elseif kind == 'settle' then
    counted, late = settle(${numberOf("settle", "generation")},
      ${numberOf("settle", "successes")}, ${numberOf("settle", "failures")})
    length = ${lengthOf("settle")}
  else
    if kind == 'tell' then
      rare().tell(${argument("tell", "tallies")}, ${argument("tell", "failedRunsMs")})
    elseif not reads then
      rare().control(kind, ${argument("isolate", "owner")}, ${argument("isolate", "reason")})
    end
    length = rare().lengths[kind]
  end
  at = at + length
  local answer
  local isWell = known and s.state == 'closed' and s.row == NONE and s.reporters == NONE and
    s.secondFailures <= s.secondSuccesses and s.isolationOwner == 'null'
  if isWell and changes == NONE and ARGV[at] == 'admit' and kind ~= 'report' then
    -- The next command admits calls and changes nothing. Its reply therefore shows the state after
    -- this command, too.
    answer = { admitted, refusal, counted, late }
  elseif known then
    local retryAfterMs, badSeconds, reporters, probes, isolation = 0, 0, 0, 0, 'null'
    if not isWell then retryAfterMs, badSeconds, reporters, probes, isolation = rare().standing() end
    answer = {
      admitted, refusal, counted, late, changes, s.generation, s.state, nowMs - s.sinceMs,
      retryAfterMs, badSeconds, reporters, probes, s.openings, isolation, s.failure,
      s.successes, s.failures, s.late,
    }
    if kind == 'report' then answer[#answer + 1] = rare().facts() end
  else
    answer = ${UNKNOWN_LUA}
  end
  answers[#answers + 1] = answer
  if changes ~= NONE then
    pushes, history = pushes or {}, history or {}
    pushes[#pushes + 1] = rare().pushOf(answer)
    for i = 1, #changes do history[#history + 1] = changes[i] end
  end
end
`;

export const END_LUA = `
if pushes then
  for i = 1, #pushes do call('PUBLISH', ARGV[2], pushes[i]) end
end
return answers
`;
