/** Which breakers of a guard are shared by a fleet, and under which names. */

import { ENGINE } from "../guard-options.js";

/** Names that mean another machine, or none, wherever they are asked for. */
const LOCAL_DOMAIN =
  /(?:^|\.)(?:localhost|local|localdomain|internal|lan|home\.arpa|test|invalid)$/;

/** Loopback, private, link-local, shared by a carrier, or no address at all. */
const LOCAL_IPV4 =
  /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;

/** The same, and what stands for an IPv4 address. */
const LOCAL_IPV6 = /^\[(?:::1?\]|::(?:ffff:)?[0-9.]+\]|::ffff:|f[cd]|fe[89ab])/;

/**
 * The name under which a breaker is shared; undefined for one that says nothing to other machines.
 * Hosts are shared when they are the same ones for everybody: not those of a loopback or private
 * address, nor those whose names only the own network knows. The engine is shared when it is asked
 * over TCP, under its address.
 *
 * @param name The name of a breaker of the guard: `engine`, or a kind and a host.
 * @param engineHost Where the engine runs, as `_EXPERIMENTAL_DAGGER_RUNNER_HOST` has it.
 */
export function sharedName(name: string, engineHost: string | undefined): string | undefined {
  if (name === ENGINE) return sharedEngine(engineHost);
  const host = name.slice(name.indexOf(":") + 1);
  return isPublicHost(host) ? name : undefined;
}

/** Somebody's own engine in a private network is still one and the same for all of that network. */
function sharedEngine(engineHost = ""): string | undefined {
  const [, address] =
    /^tcp:\/\/((?:\[[0-9a-f:.]+\]|[a-z0-9._-]+):\d{1,5})$/i.exec(engineHost.trim()) ?? [];
  if (address === undefined) return undefined;
  const lower = address.toLowerCase();
  const host = lower.replace(/:\d+$/, "");
  const isOwnMachine = /^(?:127\.|0\.0\.0\.0$|\[::1?\]$|localhost$)/.test(host);
  const isName = /^[\d.]+$|^\[|\./.test(host) && !/\.localhost$/.test(host);
  return isOwnMachine || !isName ? undefined : `${ENGINE}:${lower}`;
}

function isPublicHost(hostAndPort: string): boolean {
  const host = hostAndPort.replace(/(?<=[\]\w.-]):\d{1,5}$/, "");
  if (host.startsWith("[")) return !LOCAL_IPV6.test(host);
  if (/^[\d.]+$/.test(host)) return !LOCAL_IPV4.test(host);
  return host.includes(".") && !LOCAL_DOMAIN.test(host);
}
