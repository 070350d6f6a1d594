/** Decides which breakers of a guard are shared through a fleet, and under which names. */

import { ENGINE } from "../engine-name.js";

/** Domains in which a name means another machine in each network, or no machine. */
const LOCAL_DOMAIN =
  /(?:^|\.)(?:localhost|local|localdomain|internal|lan|home\.arpa|test|invalid)$/;

/**
 * IPv4 addresses that are not public: loopback, private, link-local, carrier-grade NAT, or with a first
 * number of 0.
 */
const LOCAL_IPV4 =
  /^(?:0|10|127|169\.254|192\.168|172\.(?:1[6-9]|2\d|3[01])|100\.(?:6[4-9]|[7-9]\d|1[01]\d|12[0-7]))\./;

/** IPv6 addresses that are not public, and every IPv6 address that contains an IPv4 address. */
const LOCAL_IPV6 = /^\[(?:::1?\]|::(?:ffff:)?[0-9.]+\]|::ffff:|f[cd]|fe[89ab])/;

/**
 * Returns the name under which a breaker is shared, or undefined if the breaker is not shared. The breaker
 * of a public host is shared. It is not shared if the host has a loopback or private address, or a name
 * that only the local network resolves. An engine that is reached over TCP is shared under its address.
 *
 * @param name The name of a breaker of the guard: `engine`, or a kind and a host.
 * @param engineHost The address of the engine, as in `_EXPERIMENTAL_DAGGER_RUNNER_HOST`.
 */
export function sharedName(name: string, engineHost: string | undefined): string | undefined {
  if (name === ENGINE) return sharedEngine(engineHost);
  const host = name.slice(name.indexOf(":") + 1);
  return isPublicHost(host) ? name : undefined;
}

/**
 * Returns the shared name of an engine. An engine with a private address is shared too, because all
 * machines of that network reach the same engine.
 */
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
