/** All rules of the package, in the order in which they are tried. The first match decides. */

import { CONNECT_LAST_RULES, CONNECT_RULES } from "./engine/connect.js";
import { ENGINE_RULES } from "./engine/engine.js";
import { SESSION_RULES } from "./engine/session.js";
import { STREAM_RULES } from "./engine/stream.js";
import { OWN_RULES } from "./own.js";
import { COMMAND_RULES } from "./pipeline/command.js";
import { FUNCTION_RULES } from "./pipeline/function.js";
import { MISTAKE_RULES } from "./pipeline/mistakes.js";
import { SERVICE_RULES } from "./pipeline/service.js";
import { TEST_RULES } from "./pipeline/tests.js";
import { TOOL_RULES } from "./pipeline/tools.js";
import { USER_RULES } from "./pipeline/user.js";
import { LAST_RULES, REST_RULES } from "./rest.js";
import type { AttributionRule, RuleSet } from "./rule.js";
import { UPSTREAM_RULES } from "./upstream/upstream.js";

/** The rules of the package. Your own rules are tried before them. */
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

/** The rules of the package, without rules of a user. */
export const STANDARD_RULES: RuleSet = { own: [], standard: ATTRIBUTION_RULES };
