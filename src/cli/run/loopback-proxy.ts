/**
 * Keeps a command from sending requests of its Dagger session to an HTTP proxy that its environment
 * sets.
 */

import type { Environment } from "../../traces/environment.js";

/** Variables that set a proxy. Programs also read them in lower case. */
const PROXIES = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
/**
 * Variables that list hosts to reach without a proxy. A program may read either spelling, or both.
 */
const EXCEPTIONS = ["NO_PROXY", "no_proxy"] as const;
const LOOPBACK = ["127.0.0.1", "localhost"];

/**
 * Returns variables that exclude the loopback address from the proxy; none without a proxy. Without
 * these variables, the Rust SDK sends each query, with the session's token, to the proxy.
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

/** Adds the loopback addresses that the list lacks. The user's own entries stay. */
function withLoopback(list: string): string {
  const entries = list.split(/[\s,]+/).filter((entry) => entry !== "");
  if (entries.includes("*")) return list;
  const missing = LOOPBACK.filter((host) => !entries.includes(host));
  if (missing.length === 0) return list;
  return [...(isSet(list) ? [list.trim().replace(/,$/, "")] : []), ...missing].join(",");
}
