/** Finds the hosts in one value of a command line: in a URL, an image reference or a git remote. */

import type { UpstreamKind } from "../failure.js";
import { gitHost, isDockerHubHost, mayStandIn, parseImageReference, parseUrl } from "../hosts.js";

/** A host in a command line. */
export interface CommandHost {
  readonly kind: UpstreamKind;
  readonly host: string;
  /**
   * Whether the engine itself contacts the host. False for a host inside a text, such as a script that a
   * container runs.
   *
   * A host with the value false is never at fault. Such a host still counts where the command line must name
   * only one host.
   */
  readonly isAsked: boolean;
}

const SCHEME = "[a-z][a-z0-9+.-]{0,31}:\\/\\/";
/** Matches the `name=` before a value, as in `--var url=https://...`. */
const NAME = /^[\w.-]{1,64}=/;
const STARTS_WITH_URL = new RegExp(`^${SCHEME}`, "i");
const NEXT_URL = new RegExp(`[\\s,]+(?=${SCHEME})`, "i");
const URL_IN_TEXT = new RegExp(`\\b${SCHEME}[^\\s"'<>\`|,;(){}]{1,2048}`, "gi");

const GIT_SCHEMES: ReadonlySet<string> = new Set([
  "git",
  "ssh",
  "git+ssh",
  "git+http",
  "git+https",
]);
const IMAGE_SCHEMES: ReadonlySet<string> = new Set(["docker", "docker-image", "oci"]);
const GIT_PATH = /\.git(?:$|[@#:/])/;
/** Matches paths of the registry API, such as `/v2/`. */
const REGISTRY_PATH = /^\/v[12]\//;

/**
 * Returns the hosts that a value names.
 *
 * @param kind The kind of host that the value must name, such as `"registry"` for the argument of `from`.
 * Undefined if the kind is unknown.
 */
export function hostsOfValue(given: string, kind?: UpstreamKind): CommandHost[] {
  const value = given.trim().replace(NAME, "");
  if (STARTS_WITH_URL.test(value)) {
    return value.split(NEXT_URL).flatMap((url) => hostOfUrl(url, kind) ?? []);
  }
  if (/\s/.test(value) || value.includes("://")) return hostsInText(value);
  return hostOfReference(value, kind) ?? [];
}

/**
 * Returns the hosts of the URLs in a text. Sets `isAsked` to false, because the engine need not contact these
 * hosts.
 */
export function hostsInText(text: string): CommandHost[] {
  return (text.match(URL_IN_TEXT) ?? [])
    .flatMap((url) => hostOfUrl(url) ?? [])
    .map((found) => ({ ...found, isAsked: false }));
}

function hostOfUrl(url: string, asked?: UpstreamKind): CommandHost | undefined {
  const { scheme, host, path } = parseUrl(url) ?? {};
  if (scheme === undefined || host === undefined || path === undefined) return undefined;
  const kind =
    kindOfScheme(scheme) ?? (isWeb(scheme) ? (asked ?? kindOfUrl(url, host, path)) : undefined);
  return kind && { kind, host, isAsked: !isLocal(host) };
}

function isWeb(scheme: string): boolean {
  return scheme === "http" || scheme === "https";
}

function kindOfScheme(scheme: string): UpstreamKind | undefined {
  if (GIT_SCHEMES.has(scheme)) return "git";
  return IMAGE_SCHEMES.has(scheme) ? "registry" : undefined;
}

/**
 * Returns the kind of host that Dagger sees in an http URL. A URL with a fragment is a git remote with a ref.
 */
function kindOfUrl(url: string, host: string, path: string): UpstreamKind {
  if (REGISTRY_PATH.test(path) || isRegistry(host)) return "registry";
  const isRepository = !mayStandIn("git", host) && path.split("/").filter(Boolean).length <= 2;
  const hasRef = url.includes("#") && !url.includes("?");
  return isRepository || hasRef || GIT_PATH.test(path) ? "git" : "http";
}

function isRegistry(host: string): boolean {
  return isDockerHubHost(host) || !mayStandIn("registry", host);
}

const SCP_LIKE = /^[\w.-]{1,64}@[\w-]{1,63}\.[\w.-]{1,190}:[^/]/;
const TAG = /:[\w][\w.-]{0,127}$/;
/** Matches a host with a port, such as `redis:6379`, which also has the form of an image with a tag. */
const ADDRESS = /^[^/]*:\d{4,5}$|^localhost:/;

/** Returns the host of a git remote or an image reference that has no scheme. */
function hostOfReference(value: string, asked?: UpstreamKind): CommandHost[] | undefined {
  if (asked !== "registry" && (asked === "git" || isRemote(value))) {
    const host = gitHost(value);
    return host === undefined ? undefined : [{ kind: "git", host, isAsked: !isLocal(host) }];
  }
  const image = ADDRESS.test(value) ? undefined : parseImageReference(value);
  if (image === undefined || asked === "http" || !isImage(value, image.pinned, image.host, asked)) {
    return undefined;
  }
  // Without a slash, the value need not be an image: it may be anything, such as `env:prod`. So `isAsked` is
  // false.
  const isSure = asked === "registry" || value.includes("/");
  return [{ kind: "registry", host: image.host, isAsked: isSure && !isLocal(image.host) }];
}

function isRemote(value: string): boolean {
  if (SCP_LIKE.test(value)) return true;
  const [first = "", ...rest] = value.split("/");
  if (rest.length === 0 || !first.includes(".")) return false;
  return !mayStandIn("git", first) || GIT_PATH.test(value);
}

function isImage(value: string, pinned: boolean, host: string, asked?: UpstreamKind): boolean {
  if (asked === "registry" || pinned || TAG.test(value)) return true;
  return host !== "docker.io" && isRegistry(host);
}

/** Returns whether a host is this machine, or has a name without a domain, like a service of the pipeline. */
function isLocal(host: string): boolean {
  return /^(?:127\.|localhost|0\.0\.0\.0|\[::1\])/.test(host) || /^[^.[]+$/.test(host);
}
