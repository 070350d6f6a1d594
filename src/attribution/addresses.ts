/** Finds in a text the host whose exchange failed, and tells what it was used as. */

import type { UpstreamKind } from "./failure.js";
import { gitHost, isDockerHubHost, parseImageReference, parseUrl, readHost } from "./hosts.js";

/** A host that a text blames, and what its address shows of its use. */
export interface Blamed {
  readonly host: string;
  /** What the host is used as, where the address tells; `"session"` is the engine's own. */
  readonly use: UpstreamKind | "session" | undefined;
  /** Where in the text its address ends: what comes after it says how the exchange ended. */
  readonly end: number;
}

/** Pseudo hosts of the engine's own HTTP connections: they name no machine. */
const ENGINE_HOSTS: ReadonlySet<string> = new Set(["dagger", "engine", "buildkitd", "docker"]);

/** Schemes of addresses at which only an engine or a container runtime is reached. */
const ENGINE_SCHEMES: ReadonlySet<string> = new Set([
  "tcp",
  "kube-pod",
  "docker-container",
  "podman-container",
]);

// What stands right before the URL of an exchange that failed. The further down, the weaker.
const STRONG_LEADS = [
  'get "',
  'head "',
  'post "',
  'put "',
  'patch "',
  'delete "',
  'options "',
  "get ",
  "head ",
  "post ",
  "put ",
  "patch ",
  "delete ",
  "get\t",
  "post\t",
  "put\t",
  "request to ",
  "request to: ",
  'requesting "',
  "unable to access '",
  "status code ",
  "status ",
  "remote ",
  "remote: ",
  "for repository ",
  "repository '",
  "username for '",
  "password for '",
  "failed for '",
  "for url '",
  "for url: ",
  "for url (",
  "read ",
  "dialing ",
  "url ",
  "url: ",
  "checksum for ",
  "mismatch for ",
  "mismatch: ",
  "clone ",
  "cloning ",
  "to clone '",
  "fetching ",
  "download ",
  "downloading ",
  "http_download ",
  "reading from ",
  "failed to send to ",
  "issue with ",
  "connect to ",
  "connecting to ",
  "upload to ",
  "ls-remote ",
  "--symref ",
  'fetch "',
  "fetch ",
  "dial ",
  "registry ",
  'registry "',
  "origin: ",
] as const;
const WEAK_LEADS = [
  "from ",
  "for ",
  "to ",
  "at ",
  "with ",
  "of ",
  "reach ",
  'from "',
  'url: "',
] as const;
const LEAD_LENGTH = 24;

// Where people are sent to read on: these hosts did not fail.
const READING_HOSTS = new Set(["www.docker.com", "docs.docker.com", "docs.dagger.io", "dagger.io"]);
const READING_LEADS = [
  "see ",
  "visit ",
  "upgrading: ",
  "see: ",
  "visit: ",
  "more: ",
  "documentation: ",
];

const URL_END = /[\s"'<>`|,;(){}]/;
const MAX_URLS = 400;

/** The last URL in the text that is said to have failed; undefined when none is. */
export function blamedUrl(text: string): Blamed | undefined {
  let strong: Blamed | undefined;
  let weak: Blamed | undefined;
  let from = text.length;
  for (let count = 0; count < MAX_URLS && from >= 0; count += 1) {
    const mark = text.lastIndexOf("://", from);
    if (mark < 0) break;
    from = mark - 1;
    const found = readUrlAt(text, mark);
    if (found === undefined) continue;
    if (found.strength === 2) {
      strong = found.blamed;
      break;
    }
    if (found.strength === 1) weak ??= found.blamed;
  }
  return strong ?? weak;
}

function readUrlAt(text: string, mark: number): { blamed: Blamed; strength: 1 | 2 } | undefined {
  let start = mark;
  while (start > 0 && mark - start < 16 && /[a-z0-9+-]/i.test(text[start - 1] ?? "")) start -= 1;
  const stretch = text.slice(mark, mark + 2048);
  const length = stretch.search(URL_END);
  const end = length < 0 ? mark + stretch.length : mark + length;
  const url = parseUrl(text.slice(start, end));
  if (url === undefined || READING_HOSTS.has(url.host)) return undefined;
  const lead = text.slice(Math.max(0, start - LEAD_LENGTH), start).toLowerCase();
  if (READING_LEADS.some((word) => lead.endsWith(word))) return undefined;
  const use = useOfUrl(url.scheme, url.host, url.path);
  const blamed = { host: url.host, use, end };
  if (STRONG_LEADS.some((word) => lead.endsWith(word))) return { blamed, strength: 2 };
  if (WEAK_LEADS.some((word) => lead.endsWith(word))) return { blamed, strength: 1 };
  return undefined;
}

const REGISTRY_PATH = /^\/(?:v2(?:\/|$)|artifactory\/api\/docker\/|service\/token)/;
const TOKEN_PATH = /(?:^|\/)(?:token|oauth2\/(?:token|exchange)|jwt\/auth)$/;
const GIT_PATH = /(?:\.git\/?$|\/info\/refs$|\/git-(?:upload|receive)-pack$|\/info\/lfs)/;

function useOfUrl(scheme: string, host: string, path: string): Blamed["use"] {
  if (ENGINE_HOSTS.has(host) || ENGINE_SCHEMES.has(scheme)) return "session";
  if (path === "/query" && /^(?:127\.|localhost|\[::1\])/.test(host)) return "session";
  if (scheme === "ssh" || scheme === "git") return "git";
  if (REGISTRY_PATH.test(path) || isRegistryHost(host)) return "registry";
  if (TOKEN_PATH.test(path) && !host.endsWith("dagger.cloud")) return "registry";
  if (GIT_PATH.test(path)) return "git";
  return undefined;
}

const REGISTRY_HOSTS =
  /^(?:ghcr\.io|quay\.io|gcr\.io|mcr\.microsoft\.com|public\.ecr\.aws|registry\.k8s\.io|registry\.dagger\.io|pkg-containers\.githubusercontent\.com)$|(?:\.gcr\.io|\.azurecr\.io|\.pkg\.dev|\.quay\.io|\.amazonaws\.com\.cn|\.icr\.io)$|\.dkr\.ecr\.[a-z0-9-]{1,32}\.amazonaws\.com$/;

/** Whether a host serves images and nothing else. */
function isRegistryHost(host: string): boolean {
  return isDockerHubHost(host) || REGISTRY_HOSTS.test(host);
}

// Addresses without a URL, as Go, ssh, curl, Node and the container tools print them.
const REMOTE_PATTERNS: readonly (readonly [RegExp, Blamed["use"]])[] = [
  [
    /(?:fetch remote|cloning into|repository|clone of|remote:?|clone) '?([\w.-]{1,64}@[a-z0-9.*-]{1,253}:)/gi,
    "git",
  ],
  [/connect to host ([a-z0-9.*_-]{1,253}) port ([0-9]{1,5})/gi, "git"],
  [/could not resolve hostname ([a-z0-9.*_-]{1,253})/gi, "git"],
  [
    /connection (?:closed|reset|timed out)(?: by| during banner exchange with)? (?:remote host )?([a-z0-9.*_-]{1,253}) port ([0-9]{1,5})/gi,
    "git",
  ],
  [/ssh: handshake failed: [a-z ]{0,40}: \w{1,8} tcp [0-9.:]{1,32}->([0-9.:]{1,32})/gi, "git"],
];

const HOST_PATTERNS: readonly (readonly [RegExp, Blamed["use"]])[] = [
  [/dial tcp to '([a-z0-9*_-][a-z0-9.*_-]{0,252}:[0-9]{1,5})'/gi, undefined],
  [/(?:pulling )?from host ([a-z0-9.*_-]{1,253}(?::[0-9]{1,5})?) failed/gi, "registry"],
  [
    /\bin ([a-z0-9*_-][a-z0-9.*_-]{0,252}\.[a-z]{2,24}(?::[0-9]{1,5})?): received unexpected http/gi,
    "registry",
  ],
  [/container registry ([a-z0-9*_-][a-z0-9.*_-]{0,252}(?::[0-9]{1,5})?)/gi, "registry"],
  [/failed to connect to ([a-z0-9.*_-]{1,253}) port ([0-9]{1,5})/gi, undefined],
  [/could(?: not|n't) resolve host:? ([a-z0-9.*_-]{1,253})/gi, undefined],
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

const PROXY =
  /proxyconnect tcp: dial tcp:? (?:lookup )?([a-z0-9*_-][a-z0-9.*_-]{0,252}(?::[0-9]{1,5})?|\[[0-9a-f:]{2,45}\]:[0-9]{1,5})/i;

/** The proxy that did not let an exchange through. */
export function blamedProxy(text: string): string | undefined {
  return readHost(PROXY.exec(text)?.[1] ?? "");
}

/** The last git remote without a URL that the text names. */
export function blamedRemote(text: string): Blamed | undefined {
  return lastMatch(text, REMOTE_PATTERNS, "ssh");
}

/** The last host that the text says could not be looked up, dialled or read from. */
export function blamedAddress(text: string): Blamed | undefined {
  return lastMatch(text, HOST_PATTERNS, "https");
}

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
      const host = readHost(port === undefined ? (written ?? "") : `${written}:${port}`, scheme);
      if (host !== undefined) found = { host, use, end: match.index + whole.length };
    }
    if (found !== undefined) return found;
  }
  return undefined;
}

const IMAGE_LEADS =
  /(?:(?:failed to push|failed to resolve source metadata for|failed to resolve reference|failed to resolve image|failed to pull image|failed to pull and unpack image|failed to do image pull|pull access denied for|push access denied for|pull image|pulling image|pushing image|error pushing image|error pulling image|unable to find image|load metadata for|resolve image config for|resolving|docker pull|docker push|podman pull|podman push|crane push|back-off pulling image|could not pull base image|from|image|exporting to image|fetching config of|unpacking|manifest for)[: ]{1,2}["'`]?|docker:\/\/)((?:docker-image:\/\/|docker:\/\/)?[a-z0-9*_][a-z0-9*_.:/@-]{2,512})/gi;

/** The registry of the last image that the text names with its host. */
export function blamedImage(text: string): Blamed | undefined {
  let found: Blamed | undefined;
  IMAGE_LEADS.lastIndex = 0;
  for (let match = IMAGE_LEADS.exec(text); match !== null; match = IMAGE_LEADS.exec(text)) {
    const image = parseImageReference((match[1] ?? "").replace(/[.:,;]{1,4}$/, ""));
    if (image?.hostWritten && image.reference.includes("/")) {
      const written =
        (match[1] ?? "").replace(/^(?:docker-image|docker):\/\//, "").split("/")[0] ?? "";
      found = {
        host: readHost(written) ?? image.host,
        use: "registry",
        end: match.index + match[0].length,
      };
    }
  }
  return found ?? missingImage(text);
}

const NOT_FOUND = ": not found";
const BEFORE_NAME = [" ", "\n", '"', "'", "("];

/** The registry of the image that containerd says was not found: it stands bare before the words. */
function missingImage(text: string): Blamed | undefined {
  const end = text.lastIndexOf(NOT_FOUND);
  if (end < 0) return undefined;
  const before = text.slice(Math.max(0, end - 512), end);
  const name = before.slice(Math.max(...BEFORE_NAME.map((mark) => before.lastIndexOf(mark))) + 1);
  const image = parseImageReference(name);
  return image?.hostWritten ? { host: image.host, use: "registry", end } : undefined;
}
