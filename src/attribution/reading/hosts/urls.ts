/** Finds the URL of the failed exchange in a text, and the role of its host. */

import { isDockerHubHost, parseUrl } from "../../hosts.js";
import type { Blamed } from "./addresses.js";

/** Placeholder hosts in URLs of the engine, such as `http://dagger/query`. No machine has such a name. */
const ENGINE_HOSTS: ReadonlySet<string> = new Set(["dagger", "engine", "buildkitd", "docker"]);

/** URL schemes that only lead to an engine or a container runtime. */
const ENGINE_SCHEMES: ReadonlySet<string> = new Set([
  "tcp",
  "kube-pod",
  "docker-container",
  "podman-container",
]);

// Words that git prints before the URL of its failed exchange. The URL after such a word wins over other
// URLs, because a program that runs git may print URLs of other exchanges.
const GIT_LEADS = [
  "unable to access '",
  "failed for '",
  "username for '",
  "password for '",
  "repository '",
] as const;
// Words directly before the URL of a failed exchange.
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
  "status code ",
  "status ",
  "remote ",
  'remote "',
  'repository "',
  "remote: ",
  "for repository ",
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
  "clone of '",
  "fetching ",
  "download ",
  "downloading ",
  "http_download ",
  "reading from ",
  "failed to send to ",
  // Words that git-lfs prints before the URL.
  "server error ",
  "server error: ",
  "client error ",
  "client error: ",
  "authorization error: ",
  "repository or object not found: ",
  "rate limit exceeded: ",
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
  'source "',
  'workspace "',
] as const;
const LEAD_LENGTH = 64;

// Matches a field name before a URL, such as "url='", '"url":"' or "uri=".
const FIELD_LEAD = /\bur[il]["']?(?:=|: ?)(?:url\()?["'(]?$/;
// Matches a status with its reason before a URL, such as "404 Not Found: " or "HTTP 503 (".
const STATUS_LEAD = /(?<![\w./:-])[45][0-9]{2}\b[a-z<> .:'-]{0,40}["'(<[]?$/;

// Matches git's words before a remote that follows the name of a branch.
const CHECKOUT_LEAD = /\bcheckout [^\s"']{1,48} in ["']?$/;

// Hosts of documentation. Messages contain links to these hosts, but report no failed exchange with them.
const READING_HOSTS = new Set(["www.docker.com", "docs.docker.com", "docs.dagger.io", "dagger.io"]);
// Hosts of pages that show traces. Telemetry itself goes to other hosts.
const TRACE_HOSTS = new Set(["dagger.cloud", "v3.dagger.cloud", "www.dagger.cloud"]);
const TRACE_PATH = /\/(?:traces|runs)(?:\/|$)/;
const READING_LEADS = [
  "cloud url=",
  "cloud url: ",
  "trace url=",
  "trace url: ",
  "trace at ",
  "tracing at ",
  "trace: ",
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

// Matches the text after a URL if the caller canceled the exchange with that URL. If another exchange failed,
// that failure is the cause.
const CANCELLED = /^["'`)>\]]{0,3}: context cancell?ed\b/i;

type Strength = 0 | 1 | 2 | 3;

/** A URL whose exchange failed. */
export interface BlamedUrl extends Blamed {
  /** Whether the caller canceled the exchange. */
  readonly cancelled: boolean;
}

interface Candidate {
  readonly blamed: BlamedUrl;
  readonly strength: Strength;
}

/**
 * Returns the URL that the text reports as failed most clearly. Among equally clear URLs, the last one wins.
 * A canceled exchange counts only if the text contains no other exchange.
 */
export function blamedUrl(text: string): BlamedUrl | undefined {
  let best: Candidate | undefined;
  const strongest = text.includes(" '") && GIT_LEAD.test(text) ? 3 : 2;
  let from = text.length;
  for (let count = 0; count < MAX_URLS && from >= 0; count += 1) {
    const mark = text.lastIndexOf("://", from);
    if (mark < 0) break;
    from = mark - 1;
    const found = readUrlAt(text, mark);
    if (found !== undefined && found.strength > (best?.strength ?? -1)) best = found;
    if (best?.strength === strongest) break;
  }
  return best?.blamed;
}

const GIT_LEAD = /(?:unable to access|failed for|(?:username|password) for|repository) '/i;

function readUrlAt(text: string, mark: number): Candidate | undefined {
  let start = mark;
  while (start > 0 && mark - start < 16 && /[a-z0-9+-]/i.test(text[start - 1] ?? "")) start -= 1;
  const stretch = text.slice(mark, mark + 2048);
  const length = stretch.search(URL_END);
  const whole = length < 0 ? stretch : stretch.slice(0, length);
  const end = mark + whole.replace(/[:.]{1,4}$/, "").length;
  const url = parseUrl(text.slice(start, end));
  if (url === undefined || isForReading(url.host, url.path)) return undefined;
  const lead = text.slice(Math.max(0, start - LEAD_LENGTH), start).toLowerCase();
  const strength = strengthOf(lead);
  if (strength === undefined) return undefined;
  const cancelled = CANCELLED.test(text.slice(end, end + 32));
  return {
    blamed: { host: url.host, use: useOfUrl(url.scheme, url.host, url.path), end, cancelled },
    strength: cancelled ? 0 : strength,
  };
}

function isForReading(host: string, path: string): boolean {
  return READING_HOSTS.has(host) || (TRACE_HOSTS.has(host) && TRACE_PATH.test(path));
}

/**
 * Returns how clearly the text before a URL reports a failure, where 3 is clearest. Returns undefined if it
 * reports no failure.
 */
function strengthOf(lead: string): Strength | undefined {
  const ends = (words: readonly string[]) => words.some((word) => lead.endsWith(word));
  if (ends(READING_LEADS)) return undefined;
  if (ends(GIT_LEADS)) return 3;
  if (ends(STRONG_LEADS) || FIELD_LEAD.test(lead) || CHECKOUT_LEAD.test(lead)) return 2;
  return ends(WEAK_LEADS) || STATUS_LEAD.test(lead) ? 1 : undefined;
}

const REGISTRY_PATH = /^\/(?:v2(?:\/|$)|artifactory\/api\/docker\/|service\/token)/;
const TOKEN_PATH = /(?:^|\/)(?:token|oauth2\/(?:token|exchange)|jwt\/auth)$/;
const GIT_PATH = /(?:\.git\/?$|\/info\/refs$|\/git-(?:upload|receive)-pack$|[/-]lfs\/)/;

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

/** Returns whether a host is a well-known registry. */
function isRegistryHost(host: string): boolean {
  return isDockerHubHost(host) || REGISTRY_HOSTS.test(host);
}
