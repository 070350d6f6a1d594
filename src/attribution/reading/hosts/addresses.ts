/** Finds the failed host in a text that contains no URL of that host. */

import type { UpstreamKind } from "../../failure.js";
import { gitHost, readHost } from "../../hosts.js";

/** A host that a text reports as failed. */
export interface Blamed {
  readonly host: string;
  /**
   * The role of the host. Undefined if the address does not show a role. `"session"` means the engine's own
   * port.
   */
  readonly use: UpstreamKind | "session" | undefined;
  /**
   * The index after the last character of the address. The text after this index shows how the exchange
   * ended.
   */
  readonly end: number;
}

// Forms in which programs print an address. The first list is for ssh. The next lists are for git remotes,
// and for Go, curl, Node and container tools.
const SSH_PATTERNS: readonly (readonly [RegExp, Blamed["use"]])[] = [
  [/connect to host ([a-z0-9.*_-]{1,253}) port ([0-9]{1,5})/gi, "git"],
  [/could not resolve hostname ([a-z0-9.*_-]{1,253})/gi, "git"],
  [
    /connection (?:closed|reset|timed out)(?: by| during banner exchange with)? (?:remote host )?(?!unknown port)([a-z0-9.*_-]{1,253}) port ([0-9]{1,5})/gi,
    "git",
  ],
  [/ssh: handshake failed: [a-z ]{0,40}: \w{1,8} tcp [0-9.:]{1,32}->([0-9.:]{1,32})/gi, "git"],
];

const REMOTE_PATTERNS: readonly (readonly [RegExp, Blamed["use"]])[] = [
  [
    /(?:fetch remote|cloning into|repository|clone of|remote:?|clone) ["']?([\w.-]{1,64}@[a-z0-9.*-]{1,253}:)/gi,
    "git",
  ],
  ...SSH_PATTERNS,
  // Git's own protocol.
  [/unable to connect to ([a-z0-9.*_-]{1,253}):(?:$|\n)/gi, "git"],
  [/unable to look up ([a-z0-9.*_-]{1,253}) \(port [0-9]{1,5}\)/gi, "git"],
];

const HOST_PATTERNS: readonly (readonly [RegExp, Blamed["use"]])[] = [
  [/dial tcp to '([a-z0-9*_-][a-z0-9.*_-]{0,252}:[0-9]{1,5})'/gi, undefined],
  [/(?:pulling )?from host ([a-z0-9.*_-]{1,253}(?::[0-9]{1,5})?) failed/gi, "registry"],
  // Messages of containers/image: "uploading manifest 1 to HOST/repository: ", "initiating layer upload in
  // HOST: ".
  [
    /\b(?:to|in|from) ((?:localhost|[a-z0-9*_-][a-z0-9.*_-]{0,252}\.[a-z0-9]{1,24})(?::[0-9]{1,5})?)(?:\/[a-z0-9*_./@-]{0,512})?: (?:received unexpected|unexpected|status|statuscode|unauthorized|denied|toomany|manifest|name|unknown|requested|authentication|internal|eof|[45][0-9]{2})/gi,
    "registry",
  ],
  [/container registry ([a-z0-9*_-][a-z0-9.*_-]{0,252}(?::[0-9]{1,5})?)/gi, "registry"],
  [/failed to connect to ([a-z0-9.*_-]{1,253}) port ([0-9]{1,5})/gi, undefined],
  [/failed to connect to ([a-z0-9*_-]{1,63}\.[a-z0-9.*_-]{1,253}): /gi, undefined],
  [/could(?: not|n't) resolve host:? ([a-z0-9.*_-]{1,253})/gi, undefined],
  [/attempted address(?:es)?: ([a-z0-9.*_-]{1,253}:[0-9]{1,5})/gi, undefined],
  [/getaddrinfo (?:eai_again|enotfound|eai_fail) ([a-z0-9.*_-]{1,253})/gi, undefined],
  [
    /lookup ([a-z0-9*_-][a-z0-9.*_-]{0,252})(?: on |: no such host|: i\/o timeout|: server misbehaving)/gi,
    undefined,
  ],
  [
    /(?:dial|read|write) (?:tcp|udp)[46]? (?:[0-9.:]{1,32}->)?([a-z0-9*_-][a-z0-9.*_-]{0,252}:[0-9]{1,5}|\[[0-9a-f:]{2,45}\]:[0-9]{1,5})/gi,
    undefined,
  ],
  [
    /connect e(?:connrefused|timedout|hostunreach|netunreach) ([0-9a-z.*-]{1,253}:[0-9]{1,5})/gi,
    undefined,
  ],
];

/** Returns the last git remote of the form `git@host:path`, or the last host that ssh could not reach. */
export function blamedRemote(text: string): Blamed | undefined {
  return lastMatch(text, REMOTE_PATTERNS, "ssh");
}

/** Returns the last host that ssh itself could not reach. */
export function blamedBySsh(text: string): Blamed | undefined {
  return lastMatch(text, SSH_PATTERNS, "ssh");
}

/** Returns the last host that could not be resolved, dialed or read from. */
export function blamedAddress(text: string): Blamed | undefined {
  return lastMatch(text, HOST_PATTERNS, "https");
}

// An IP address keeps every port, because only the port shows the role of the host.
const IP_ADDRESS = /^(?:[0-9]{1,3}(?:\.[0-9]{1,3}){3}|\[)/;

function lastMatch(
  text: string,
  patterns: readonly (readonly [RegExp, Blamed["use"]])[],
  scheme: string,
): Blamed | undefined {
  for (const [pattern, use] of patterns) {
    pattern.lastIndex = 0;
    let found: Blamed | undefined;
    for (let match = pattern.exec(text); match !== null; match = pattern.exec(text)) {
      const [whole, name = "", port] = match;
      const written = name.includes("@") ? gitHost(name) : name;
      const address = port === undefined ? (written ?? "") : `${written}:${port}`;
      const host = readHost(address, IP_ADDRESS.test(address) ? "" : scheme);
      if (host !== undefined) found = { host, use, end: match.index + whole.length };
    }
    if (found !== undefined) return found;
  }
  return undefined;
}
