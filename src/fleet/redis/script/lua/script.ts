/** The only script of the store: the rules of shared circuits in Lua, on one key. */

import { createHash } from "node:crypto";
import { HEAD_LENGTH, POLICY_LUA } from "./arguments.js";
import { COMMANDS_LUA, CONTROL_LUA, END_LUA, MAIN_LUA } from "./commands.js";
import { CLOSED_LUA, HALF_OPEN_LUA, OPENING_LUA, ROW_LUA } from "./phases.js";
import { RECORD_LUA } from "./record.js";
import { LISTS_LUA, LOAD_LUA, SAVE_LUA, STATE_LUA } from "./state.js";
import { TIME_LUA, TURN_LUA } from "./turn.js";

const HEADER_LUA = `--[[
  Applies commands to one shared circuit, one after the other, by the rules of src/fleet/rules.

  KEYS[1]  the hash of the circuit

  ARGV[1]  the time in microseconds since 1970; empty for that of the server
  ARGV[2]  the channel that hears of changes
  ARGV[3]  the name of the circuit, as JSON
  ARGV[4]  and on: the commands. Each is its kind and the arguments that arguments.ts names; texts
           that the script passes on are JSON, numbers decimal, a generation may be empty for none.

  Result: a list for each command, as ANSWER of answers.ts names its places; the last ones are left
          out where the next answer has the same.
  Errors: WRONGTYPE where the key is no hash; GARBLED and a field where the hash is no circuit.

  Invariant: a state is read by one HMGET and written by one HSET after the last command, whole numbers
  as decimal digits; texts are JSON that nothing here looks into. A closed circuit admits without a write.
]]
local at = ${HEAD_LENGTH + 1}  -- where the command that runs begins
`;

/**
 * Rules that a closed circuit without failures does not need. Redis creates all functions at each
 * run, which takes longer than a simple command, so these are created only when one of them is
 * called.
 */
const RARE_LUA = `
local rules
local function rare()
  if rules then return rules end
  rules = {}
${[LISTS_LUA, POLICY_LUA, TURN_LUA, ROW_LUA, RECORD_LUA, OPENING_LUA, HALF_OPEN_LUA, CONTROL_LUA].join("")}
  return rules
end
`;

/** The text of the script. */
export const SCRIPT = [
  HEADER_LUA,
  STATE_LUA,
  TIME_LUA,
  RARE_LUA,
  LOAD_LUA,
  CLOSED_LUA,
  COMMANDS_LUA,
  MAIN_LUA,
  SAVE_LUA,
  END_LUA,
].join("");

/** The script's SHA-1 hash, by which `EVALSHA` runs it. */
export const SCRIPT_SHA = createHash("sha1").update(SCRIPT).digest("hex");
