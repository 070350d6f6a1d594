/** The one script of the store: the rules of shared circuits in Lua, on one key. */

import { createHash } from "node:crypto";
import { COMMANDS_LUA, MAIN_LUA, POLICY_LUA, SNAPSHOT_LUA } from "./commands.js";
import { CLOSED_LUA, HALF_OPEN_LUA, OPENING_LUA } from "./phases.js";
import { STATE_LUA } from "./state.js";
import { TURN_LUA } from "./turn.js";

const HEADER_LUA = `--[[
  Applies one command to one shared circuit, by the rules of src/fleet/rules.

  KEYS[1]  the hash of the circuit

  ARGV[1]  the command: admit, settle, read, isolate, release or reset
  ARGV[2]  the time in microseconds since 1970; empty for that of the server
  ARGV[3]  the channel that hears of changes
  ARGV[4]  the name of the circuit, as JSON
  admit, settle:
    ARGV[5] to ARGV[14]  the policy: badSeconds, windowMs, minimumReporters, resetTimeoutMs,
             maxOpenMs, openTimeGrowthFactor, openTimeJitter, halfOpenMaxCalls,
             halfOpenSuccessThreshold, halfOpenProbeTimeoutMs
    ARGV[15] the chance, from 0 to 1
  admit:
    ARGV[16] how many calls ask    ARGV[17] the name of their leases
  settle:
    ARGV[16] the generation; empty for none    ARGV[17] successes    ARGV[18] failures
    ARGV[19] the leases to give back, with spaces between    ARGV[20] the id of the reporter
    ARGV[21] the reporter, as JSON    ARGV[22] the failure with its reporter, as JSON, or null
    ARGV[23] 1 to open at once    ARGV[24] how long to be left alone, in milliseconds
  isolate, release, reset:
    ARGV[5]  who does it, as JSON    ARGV[6] why, as JSON    ARGV[7] isolate: for how long

  Result: the reply as JSON.
  Errors: WRONGTYPE where the key is no hash; GARBLED and a field where the hash is no circuit.

  Invariant: a state is read by one HMGET and written by one HSET, whole numbers as decimal digits;
  texts are JSON that nothing here looks into. A closed circuit admits without a write.
]]
local kind = ARGV[1]
`;

/** The text of the script. */
export const SCRIPT = [
  HEADER_LUA,
  STATE_LUA,
  TURN_LUA,
  POLICY_LUA,
  CLOSED_LUA,
  OPENING_LUA,
  HALF_OPEN_LUA,
  COMMANDS_LUA,
  SNAPSHOT_LUA,
  MAIN_LUA,
].join("");

/** What `EVALSHA` knows it by. */
export const SCRIPT_SHA = createHash("sha1").update(SCRIPT).digest("hex");
