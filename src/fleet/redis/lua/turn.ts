/** The part of the script that keeps time, moves a state on and records what it changed: `Turn`. */

export const TURN_LUA = `
local micros
if ARGV[2] == '' then
  local time = redis.call('TIME')
  micros = tonumber(time[1]) * 1000000 + tonumber(time[2])
else
  micros = tonumber(ARGV[2])
end
local clockMs = floor(micros / 1000)
local nowMs = clockMs

local function touch()
  s.nowMs = nowMs
  dirty = true
end

-- Begins a phase; what belonged to the one before is gone.
local function enter(state, untilMs)
  s.state, s.sinceMs, s.untilMs = state, nowMs, untilMs
  s.secondMs, s.secondSuccesses, s.secondFailures = 0, 0, 0
  s.row, s.reporters, s.quietUntilMs = {}, {}, 0
  s.leases, s.proven = {}, 0
end

local function create()
  enter('closed', 0)
  s.generation, s.nowMs, s.openings, s.changes = micros, clockMs, 0, 0
  s.isolatedSinceMs, s.isolatedUntilMs = 0, 0
  s.isolationReason, s.isolationOwner = 'null', 'null'
  s.failure, s.failedBy = 'null', 'null'
  s.successes, s.failures, s.late = 0, 0, 0
  dirty = true
end

local function moveList(list, byMs)
  for i = 1, #list do list[i].ms = list[i].ms + byMs end
end

-- The same state as if all of it had happened so much later.
local function move(byMs)
  s.nowMs = s.nowMs + byMs
  s.sinceMs = s.sinceMs + byMs
  if s.state == 'open' then s.untilMs = s.untilMs + byMs end
  if s.secondSuccesses + s.secondFailures > 0 then s.secondMs = s.secondMs + byMs end
  if s.quietUntilMs ~= 0 then s.quietUntilMs = s.quietUntilMs + byMs end
  if s.isolationOwner ~= 'null' then
    s.isolatedSinceMs = s.isolatedSinceMs + byMs
    s.isolatedUntilMs = s.isolatedUntilMs + byMs
  end
  moveList(s.row, byMs)
  moveList(s.reporters, byMs)
  moveList(s.leases, byMs)
  dirty = true
end

local function begin()
  if not known then create()
  elseif s.nowMs - clockMs > 1000 then move(clockMs - s.nowMs) end
  nowMs = max(clockMs, s.nowMs)
end

-- The state that everybody sees: isolated reads open.
local function visible()
  if s.isolationOwner ~= 'null' then return 'open' end
  return s.state
end

-- Begins a generation; the parts of the state that change are set already.
local function change(reason, from, forMs, by, owner, note)
  touch()
  s.generation = max(s.generation + 1, micros)
  s.changes = s.changes + 1
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

local function endIsolation()
  if s.isolationOwner == 'null' or s.isolatedUntilMs > nowMs then return end
  local owner = s.isolationOwner
  s.isolationReason, s.isolationOwner = 'null', 'null'
  close('isolation-over', 'open', nil, 'null', owner, 'null')
end
`;
