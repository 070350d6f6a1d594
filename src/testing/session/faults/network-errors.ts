/** Creates Go's messages for failed connections. Planned faults and real failures get the same text. */

import { getServers } from "node:dns";
import { isIP } from "node:net";
import type { UpstreamFault } from "./fault-rules.js";
import { errorCode } from "./wire-errors.js";

/** An address that no machine has. It stands for a host's address in messages of planned faults. */
const DOCUMENTATION_ADDRESS = "192.0.2.1";

/** Returns the names under which a URL's host occurs in fault rules and counts: without and with port. */
export function hostNames(url: URL): readonly string[] {
  return url.port === "" ? [url.hostname] : [url.hostname, url.host];
}

/** Returns how the message ends for a fault without an answer; undefined for other faults. */
export function plannedNetworkError(fault: UpstreamFault, url: URL): string | undefined {
  const name = url.hostname;
  const address = name === "localhost" ? "127.0.0.1" : isIP(name) ? name : DOCUMENTATION_ADDRESS;
  const target = `${address}:${portOf(url)}`;
  switch (fault.kind) {
    case "eof":
      return "EOF";
    case "dnsFailure":
      return lookupError(name, "server misbehaving");
    case "refused":
      return `dial tcp ${target}: connect: connection refused`;
    case "timeout":
      return `dial tcp ${target}: i/o timeout`;
    default:
      return undefined;
  }
}

/** Returns how the message ends for a real failure of Node's HTTP client. */
export function realNetworkError(error: unknown, url: URL): string {
  const { address, message } = error as { address?: string; message?: string };
  const target = `${address ?? url.hostname}:${portOf(url)}`;
  switch (errorCode(error)) {
    case "ENOTFOUND":
      return lookupError(url.hostname, "no such host");
    case "EAI_AGAIN":
    case "ESERVFAIL":
      return lookupError(url.hostname, "server misbehaving");
    case "ECONNREFUSED":
      return `dial tcp ${target}: connect: connection refused`;
    case "ETIMEDOUT":
      return `dial tcp ${target}: i/o timeout`;
    case "EHOSTUNREACH":
      return `dial tcp ${target}: connect: no route to host`;
    case "ENETUNREACH":
      return `dial tcp ${target}: connect: network is unreachable`;
    case "ECONNRESET":
      return message === "socket hang up" ? "EOF" : "read: connection reset by peer";
    default:
      return /certificate|CERT_/i.test(`${errorCode(error)} ${message}`)
        ? `tls: failed to verify certificate: x509: ${message}`
        : String(message);
  }
}

function lookupError(name: string, reason: string): string {
  const [server = "127.0.0.1"] = getServers();
  const resolver = /:\d+$/.test(server) && isIP(server) === 0 ? server : `${server}:53`;
  return `dial tcp: lookup ${name} on ${resolver}: ${reason}`;
}

function portOf(url: URL): string {
  return url.port || (url.protocol === "http:" ? "80" : "443");
}
