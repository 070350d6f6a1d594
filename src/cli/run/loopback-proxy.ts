/** Keeps what a command asks of its session on this machine, where its environment names a proxy. */

import type { Environment } from "../../traces/environment.js";

/** What names a proxy, in either spelling. */
const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
/** What names the hosts that are asked without one. Programs read one spelling, the other, or both. */
const EXCEPTIONS = ["NO_PROXY", "no_proxy"] as const;
const LOOPBACK = ["127.0.0.1", "localhost"];

/**
 * Returns the variables that except the loopback from the proxies of an environment; none when it names no
 * proxy. Without them, Rust's SDK sends each query, and the token of the session, to the proxy.
 */
export function loopbackExceptions(env: Environment): Readonly<Record<string, string>> {
  const names = PROXIES.flatMap((name) => [name, name.toLowerCase()]);
  if (!names.some((name) => isSet(env[name]))) return {};
  const given = EXCEPTIONS.map((name) => env[name]).find(isSet) ?? "";
  return Object.fromEntries(
    EXCEPTIONS.map((name) => [name, withLoopback(isSet(env[name]) ? env[name] : given)]),
  );
}

function isSet(value: string | undefined): value is string {
  return value !== undefined && value.trim() !== "";
}

/** Adds what is missing; the user's own entries stay as they are. */
function withLoopback(list: string): string {
  const entries = list.split(/[\s,]+/).filter((entry) => entry !== "");
  if (entries.includes("*")) return list;
  const missing = LOOPBACK.filter((host) => !entries.includes(host));
  if (missing.length === 0) return list;
  return [...(isSet(list) ? [list.trim().replace(/,$/, "")] : []), ...missing].join(",");
}
