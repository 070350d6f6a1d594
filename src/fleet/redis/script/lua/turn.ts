/**
 * Contains the part of the script that keeps the time, changes the state and records changes, like
 * `rules/turn.ts`.
 */

export const TIME_LUA = `
local micros
if ARGV[1] == '' then
  local time = call('TIME')
  micros = time[1] * 1000000 + time[2]
else
  micros = tonumber(ARGV[1])
end
local clockMs = (micros - micros % 1000) / 1000
local nowMs = clockMs
`;

export const TURN_LUA = `
local openedMs = 0 -- How long the circuit rejected every call before the change.

local function touch()
  s.nowMs = nowMs
  dirty = true
end

-- Returns the state that users see. An isolated circuit appears as open.
local function visible()
  if s.isolationOwner ~= 'null' then return 'open' end
  return s.state
end

-- Begins a phase, and clears the data of the previous phase.
local function enter(state, untilMs)
  s.state, s.sinceMs, s.untilMs = state, nowMs, untilMs
  s.secondMs, s.secondSuccesses, s.secondFailures = 0, 0, 0
  s.row, s.reporters, s.quietUntilMs = NONE, NONE, 0
  s.leases, s.proven = NONE, 0
end

function rules.create()
  enter('closed', 0)
  s.generation, s.nowMs, s.openings, s.changes = micros, clockMs, 0, 0
  s.isolatedSinceMs, s.isolatedUntilMs = 0, 0
  s.isolationReason, s.isolationOwner = 'null', 'null'
  s.failure, s.failedBy = 'null', 'null'
  s.successes, s.failures, s.late = 0, 0, 0
  known, dirty = true, true
  rules.endSecond(nowMs, 0, 0)
end

local function moved(list, byMs)
  local later = {}
  for i = 1, #list do later[i] = { id = list[i].id, ms = list[i].ms + byMs } end
  return later
end

-- Adds a duration to all times of the state.
function rules.move(byMs)
  s.nowMs = s.nowMs + byMs
  s.sinceMs = s.sinceMs + byMs
  if s.state == 'open' then s.untilMs = s.untilMs + byMs end
  if s.secondSuccesses + s.secondFailures > 0 then s.secondMs = s.secondMs + byMs end
  if s.quietUntilMs ~= 0 then s.quietUntilMs = s.quietUntilMs + byMs end
  if s.isolationOwner ~= 'null' then
    s.isolatedSinceMs = s.isolatedSinceMs + byMs
    s.isolatedUntilMs = s.isolatedUntilMs + byMs
  end
  s.row = moved(s.row, byMs)
  s.reporters = moved(s.reporters, byMs)
  s.leases = moved(s.leases, byMs)
  rules.moveRecord(byMs)
  movedMs = movedMs + byMs
  dirty = true
end

-- Prepares a change. Returns the visible state before it, and stores how long the circuit has
-- rejected every call.
local function leave()
  openedMs = rules.openForMs()
  return visible()
end

-- Begins a generation and records the change. The caller must have set the changed fields before.
local function change(reason, from, forMs, by, owner, note)
  touch()
  rules.add('transition.' .. reason .. '=1' .. (openedMs > 0 and format(' openMs=%.0f', openedMs) or ''))
  s.generation = max(s.generation + 1, micros)
  s.changes = s.changes + 1
  if changes == NONE then changes = {} end
  changes[#changes + 1] = format(
    '{"atMs":%.0f,"generation":%.0f,"reason":"%s","from":"%s","to":"%s","forMs":%s,' ..
      '"by":%s,"failure":%s,"owner":%s,"note":%s}',
    nowMs, s.generation, reason, from, visible(), forMs and format('%.0f', forMs) or 'null',
    by, s.failure, owner, note
  )
end

-- Closes the circuit with an empty window.
local function close(reason, from, forMs, by, owner, note)
  enter('closed', 0)
  s.failure, s.failedBy = 'null', 'null'
  change(reason, from, forMs, by, owner, note)
end

function rules.endIsolation()
  if s.isolatedUntilMs > nowMs then return end
  local owner = s.isolationOwner
  local from = leave()
  s.isolationReason, s.isolationOwner = 'null', 'null'
  close('isolation-over', from, nil, 'null', owner, 'null')
end
`;
