/** Reads the address of a dashboard. Annotations and summaries link to this address. */

import { EXIT } from "../exit-codes.js";
import { shown } from "../plain-text.js";
import { CommandError, type Terminal } from "../terminal.js";

const VARIABLE = "DAGGER_BREAKER_DASHBOARD_URL";
const MAX_LENGTH = 2000;

/**
 * Returns the address; undefined if it is not set. It must not contain a password, because every
 * reader of the CI log sees it.
 *
 * @throws CommandError that names the variable and the expected value.
 */
export function dashboardFrom(env: Terminal["env"]): string | undefined {
  const text = env[VARIABLE]?.trim() ?? "";
  if (text === "") return undefined;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url?.username === "" && url.password === "" && /^https?:$/.test(url.protocol);
  if (url !== undefined && isPlain && text.length <= MAX_LENGTH) return url.href;
  throw new CommandError(
    `invalid ${VARIABLE} ${shown(text)}: expected https://HOST/PATH of at most ${MAX_LENGTH} characters, without a user name and password`,
    EXIT.usage,
  );
}
