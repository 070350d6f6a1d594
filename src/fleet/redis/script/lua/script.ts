/**
 * Assembles the only Lua script of the store. It applies the rules of shared circuits to one key.
 */

import { createHash } from "node:crypto";
import { HEAD_LENGTH, POLICY_LUA } from "./arguments.js";
import { COMMANDS_LUA, CONTROL_LUA, END_LUA, MAIN_LUA } from "./commands.js";
import { CLOSED_LUA, HALF_OPEN_LUA, OPENING_LUA, ROW_LUA } from "./phases.js";
import { RECORD_LUA } from "./record.js";
import { LISTS_LUA, LOAD_LUA, SAVE_LUA, STATE_LUA } from "./state.js";
import { TIME_LUA, TURN_LUA } from "./turn.js";

const HEADER_LUA = `--[[
  Applies commands to one shared circuit, in order, by the rules of src/fleet/rules.

  KEYS[1]  the hash of the circuit

  ARGV[1]  the time in microseconds since 1970; empty for the time of the server
  ARGV[2]  the channel on which changes are published
  ARGV[3]  the name of the circuit, as JSON
  ARGV[4]  and all further arguments: the commands. Each command is its kind, followed by the
           arguments that arguments.ts lists. Texts that the script only passes on are JSON. Numbers
           are decimal. An empty generation means that the calls had no permit.

  Result: one list for each command, with the fields of ANSWER in answers.ts. A list ends before
          "changes" if the next list contains the same state.
  Errors: WRONGTYPE if the key is not a hash. GARBLED and a field if the hash is not a circuit.

  Invariants: one HMGET reads the state, and one HSET writes it after the last command. Whole numbers
  are stored as decimal digits. Texts are JSON that the script does not parse. A closed circuit admits
  calls without a write.
]]
local at = ${HEAD_LENGTH + 1} -- The position at which the current command begins.
`;

/**
 * Contains the rules that a closed circuit without failures does not need. Redis creates all
 * functions of a script in every run, which takes longer than a simple command. So the script
 * creates these functions only when it calls one of them.
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

/** The full text of the script. */
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

/** The SHA-1 hash of the script. `EVALSHA` runs the script by this hash. */
export const SCRIPT_SHA = createHash("sha1").update(SCRIPT).digest("hex");
