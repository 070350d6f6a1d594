/** The one script of the store: the rules of shared circuits in Lua, on one key. */

import { createHash } from "node:crypto";
import { HEAD_LENGTH } from "./arguments.js";
import { COMMANDS_LUA, CONTROL_LUA, MAIN_LUA, SNAPSHOT_LUA } from "./commands.js";
import { CLOSED_LUA, HALF_OPEN_LUA, OPENING_LUA } from "./phases.js";
import { STATE_LUA } from "./state.js";
import { TIME_LUA, TURN_LUA } from "./turn.js";

const HEADER_LUA = `--[[
  Applies commands to one shared circuit, one after the other, by the rules of src/fleet/rules.

  KEYS[1]  the hash of the circuit

  ARGV[1]  the time in microseconds since 1970; empty for that of the server
  ARGV[2]  the channel that hears of changes
  ARGV[3]  the name of the circuit, as JSON
  ARGV[4]  and on: the commands. Each is its kind and the arguments that arguments.ts names; texts
           that the script passes on are JSON, numbers decimal, a generation may be empty for none.

  Result: the replies as one JSON list.
  Errors: WRONGTYPE where the key is no hash; GARBLED and a field where the hash is no circuit.

  Invariant: a state is read by one HMGET and written by one HSET after the last command, whole numbers
  as decimal digits; texts are JSON that nothing here looks into. A closed circuit admits without a write.
]]
local ARGV = ARGV
local at = ${HEAD_LENGTH + 1}  -- where the command that runs begins
`;

/**
 * The rules that only few commands need. To make all functions anew takes the server longer than an
 * admission does, so these are made when the first of them is called.
 */
const RARE_LUA = `
local rules
local function rare()
  if rules then return rules end
  rules = {}
${[TURN_LUA, OPENING_LUA, HALF_OPEN_LUA, CONTROL_LUA].join("")}
  return rules
end
`;

/** The text of the script. */
export const SCRIPT = [
  HEADER_LUA,
  STATE_LUA,
  TIME_LUA,
  CLOSED_LUA,
  RARE_LUA,
  COMMANDS_LUA,
  SNAPSHOT_LUA,
  MAIN_LUA,
].join("");

/** What `EVALSHA` knows it by. */
export const SCRIPT_SHA = createHash("sha1").update(SCRIPT).digest("hex");
