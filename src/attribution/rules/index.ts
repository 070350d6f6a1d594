/** All rules in the order in which they are asked: the first that fits decides. */

import { COMMAND_RULES } from "./command.js";
import { CONNECT_LAST_RULES, CONNECT_RULES } from "./connect.js";
import { ENGINE_RULES } from "./engine.js";
import { FUNCTION_RULES } from "./function.js";
import { MISTAKE_RULES } from "./mistakes.js";
import { OWN_RULES } from "./own.js";
import { LAST_RULES, REST_RULES } from "./rest.js";
import type { AttributionRule } from "./rule.js";
import { SERVICE_RULES } from "./service.js";
import { SESSION_RULES } from "./session.js";
import { STREAM_RULES } from "./stream.js";
import { TEST_RULES } from "./tests.js";
import { TOOL_RULES } from "./tools.js";
import { UPSTREAM_RULES } from "./upstream.js";
import { USER_RULES } from "./user.js";

/** The rules that come with the package. Rules of your own are asked before them. */
export const ATTRIBUTION_RULES: readonly AttributionRule[] = Object.freeze([
  ...OWN_RULES,
  ...COMMAND_RULES,
  ...TEST_RULES,
  ...CONNECT_RULES,
  ...SESSION_RULES,
  ...STREAM_RULES,
  ...ENGINE_RULES,
  ...SERVICE_RULES,
  ...USER_RULES,
  ...TOOL_RULES,
  ...FUNCTION_RULES,
  ...UPSTREAM_RULES,
  ...REST_RULES,
  ...CONNECT_LAST_RULES,
  ...LAST_RULES,
  ...MISTAKE_RULES,
]);
