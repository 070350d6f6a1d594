/** Removes secrets from text before it is shown, logged or kept. */

import { bothEnds } from "./reading/text.js";

const MASK = "***";

// Each repetition has a fixed upper bound, so that no text can make a pattern slow.
const SECRETS: readonly (readonly [RegExp, string])[] = [
  // Credentials in a URL: everything between "//" and the last "@" before the path.
  [/(\b[a-z][a-z0-9+.-]{1,15}:\/\/)[^\s/?#"'<>]{1,512}@/gi, `$1${MASK}@`],
  // The query string and the fragment of a URL.
  [/(\b[a-z][a-z0-9+.-]{1,15}:\/\/[^\s?#"'<>]{1,2048})[?#][^\s"'<>]{0,8192}/gi, `$1?${MASK}`],
  [
    /((?:proxy-)?authorization["']?\s{0,4}[:=]\s{0,4}["']?)(?:(?:basic|bearer|token|digest|negotiate)\s{1,4})?[^\s"',;]{1,4096}/gi,
    `$1${MASK}`,
  ],
  [/\b((?:basic|bearer)\s{1,4})[a-z0-9+/=._~-]{8,4096}/gi, `$1${MASK}`],
  [
    /\b((?:x-[a-z-]{1,24}-)?(?:[a-z0-9]{1,24}[_-]){0,3}(?:token|password|passwd|secret|api[_-]?key|access[_-]?key|private[_-]?key|credentials?|signature|session[_-]?key)["']?\s{0,4}[:=]\s{0,4}["']?)[^\s"',;&]{1,4096}/gi,
    `$1${MASK}`,
  ],
  [
    /\b(?:gh[pousr]_[A-Za-z0-9]{16,255}|github_pat_[A-Za-z0-9_]{16,255}|glpat-[A-Za-z0-9_-]{16,255}|dckr_[a-z]{2,8}_[A-Za-z0-9_-]{16,255}|xox[abprs]-[A-Za-z0-9-]{10,255}|npm_[A-Za-z0-9]{16,255}|pypi-[A-Za-z0-9_-]{16,255}|sk-[A-Za-z0-9_-]{16,255}|hv[sb]\.[A-Za-z0-9_-]{16,255}|A(?:KIA|SIA)[A-Z0-9]{16})/g,
    MASK,
  ],
  [/\beyJ[A-Za-z0-9_-]{8,8192}\.[A-Za-z0-9_-]{0,8192}(?:\.[A-Za-z0-9_-]{0,8192})?/g, MASK],
];

const PRIVATE_KEY =
  /-----BEGIN [A-Z ]{0,40}PRIVATE KEY-----[^-]{0,16384}(?:-----END [A-Z ]{0,40}PRIVATE KEY-----)?/g;

/**
 * Replaces each likely secret with `***`. These are credentials and query strings of URLs, `Authorization`
 * values, bearer and basic tokens, `token=` and the like, well-known token formats, and private keys.
 *
 * A secret is recognized only by its format, so a password that is an ordinary word stays.
 *
 * Of a text over 128 Ki characters, only the first and the last 64 Ki characters are kept.
 *
 * @example
 * ```ts
 * import { redact } from "dagger-circuit-breaker/attribution";
 *
 * console.assert(redact("GET https://bot:pw@x.io/a?sig=1") === "GET https://***@x.io/a?***");
 * ```
 */
export function redact(text: string): string {
  let shown = bothEnds(text).replace(PRIVATE_KEY, MASK);
  for (const [pattern, replacement] of SECRETS) shown = shown.replace(pattern, replacement);
  return shown;
}
