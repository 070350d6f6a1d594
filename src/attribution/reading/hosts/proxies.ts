/** Finds the HTTP or SOCKS proxy that failed, between the client and the host of the URL. */

import { readHost } from "../../hosts.js";

const NAME = "[a-z0-9*_-][a-z0-9.*_-]{0,252}|\\[[0-9a-f:]{2,45}\\]";

// Matches Go's messages about an HTTP proxy that refused the connection, and about a SOCKS proxy that could
// not be reached.
const DIALLED = [
  new RegExp(
    `proxyconnect tcp: (?:dial tcp:? (?:lookup )?|(?:read|write) tcp [0-9.:]{1,32}->)((?:${NAME})(?::[0-9]{1,5})?)`,
    "i",
  ),
  new RegExp(
    `socks connect tcp ((?:${NAME}):[0-9]{1,5})->(?:${NAME}):[0-9]{1,5}: (?:dial|read|write|eof)`,
    "i",
  ),
];

// Matches messages of curl and of programs that use curl: git, pip and dnf.
const UNRESOLVED = new RegExp(`resolve proxy(?: name)?:? ["']?(${NAME})`, "i");
const CONNECTED = new RegExp(
  `(?:failed to connect to|connect to) (${NAME}) port ([0-9]{1,5})(?: via (${NAME}))?`,
  "gi",
);

/**
 * Returns the host of the proxy at fault, with the port if the text contains the port. Returns undefined if
 * no proxy is at fault.
 *
 * @param asked The host of the requested URL. If curl connected to another host, that host is the proxy.
 */
export function blamedProxy(text: string, asked: string | undefined): string | undefined {
  for (const pattern of DIALLED) {
    const dialled = pattern.exec(text)?.[1];
    if (dialled !== undefined) return readHost(dialled, "");
  }
  const unresolved = UNRESOLVED.exec(text)?.[1];
  if (unresolved !== undefined) return readHost(unresolved);
  if (asked === undefined) return undefined;
  CONNECTED.lastIndex = 0;
  let proxy: string | undefined;
  for (let match = CONNECTED.exec(text); match !== null; match = CONNECTED.exec(text)) {
    const [, name = "", port, via] = match;
    if (via !== undefined && via.toLowerCase() !== name.toLowerCase()) proxy = readHost(via);
    else if (withoutPort(asked) !== name.toLowerCase()) proxy = hostAt(name, port);
    else proxy = undefined;
  }
  return proxy;
}

/** Returns a host with its port. A name loses the default port 443; an IP address keeps every port. */
function hostAt(name: string, port: string | undefined): string | undefined {
  return readHost(`${name}:${port}`, /^[0-9.]{7,15}$|^\[/.test(name) ? "" : "https");
}

function withoutPort(host: string): string {
  return host.replace(/:[0-9]{1,5}$/, "");
}
