/** Reads host names from URLs, image references and git remotes, and names the circuit breaker of a host. */

import type { UpstreamKind } from "./failure.js";
import type { NamedUpstream, UpstreamReference } from "./query/named-upstream.js";

const DEFAULT_PORTS: Readonly<Record<string, string>> = {
  http: "80",
  https: "443",
  ssh: "22",
  git: "9418",
  "git+ssh": "22",
};

const DOCKER_HUB = "docker.io";

const DOCKER_HUB_HOSTS: ReadonlySet<string> = new Set([
  "docker.io",
  "registry-1.docker.io",
  "registry.docker.io",
  "index.docker.io",
  "auth.docker.io",
  "registry.hub.docker.com",
  "hub.docker.com",
  "production.cloudflare.docker.com",
  "production.cloudfront.docker.com",
]);

/** Domains of the stores from which clients download Docker Hub's layers. */
const DOCKER_HUB_STORES = [".cloudflare.docker.com", ".cloudfront.docker.com"] as const;
const DOCKER_HUB_BUCKET = "docker-images-prod.";

/**
 * Suffixes of hosts that serve tokens or layers for a registry, each with that registry. For example,
 * `cdn01.quay.io` serves `quay.io`.
 */
const REGISTRY_SATELLITES: readonly (readonly [suffix: string, home: string])[] = [
  ["pkg-containers.githubusercontent.com", "ghcr.io"],
  [".quay.io", "quay.io"],
];

/** Hosts that only serve tokens for a registry. */
const TOKEN_SERVERS: ReadonlySet<string> = new Set(["auth.docker.io"]);

/**
 * Names of the breakers of well-known public hosts. Unlike a mirror, such a host never answers in place of
 * another host.
 */
const PUBLIC_HOMES: ReadonlySet<string> = new Set([
  `registry:${DOCKER_HUB}`,
  "registry:ghcr.io",
  "registry:gcr.io",
  "registry:mcr.microsoft.com",
  "registry:public.ecr.aws",
  "registry:quay.io",
  "registry:registry.gitlab.com",
  "registry:registry.k8s.io",
  "git:bitbucket.org",
  "git:github.com",
  "git:gitlab.com",
]);

/**
 * Returns whether a host may have answered in place of another host, as a CDN, a token server or a mirror
 * does. Returns false for a well-known public host such as `ghcr.io`.
 */
export function mayStandIn(kind: UpstreamKind, host: string): boolean {
  return !PUBLIC_HOMES.has(breakerName(kind, host));
}

/**
 * Returns whether a host only helps a registry, as a token server or a layer store does. An answer from such
 * a host does not prove that the registry itself works.
 */
export function isHelperHost(host: string): boolean {
  const name = withoutPort(host.toLowerCase());
  return (
    TOKEN_SERVERS.has(name) ||
    name.startsWith(DOCKER_HUB_BUCKET) ||
    DOCKER_HUB_STORES.some((suffix) => name.endsWith(suffix)) ||
    REGISTRY_SATELLITES.some(([suffix]) => name.endsWith(suffix))
  );
}

/** Returns whether a host belongs to Docker Hub: its registry, token server, index or layer store. */
export function isDockerHubHost(host: string): boolean {
  const name = withoutPort(host.toLowerCase());
  return (
    DOCKER_HUB_HOSTS.has(name) ||
    name.startsWith(DOCKER_HUB_BUCKET) ||
    DOCKER_HUB_STORES.some((suffix) => name.endsWith(suffix))
  );
}

/**
 * Returns the name of the breaker that guards a host.
 *
 * The registry, token server, index and layer store of Docker Hub share `registry:docker.io`. The layer hosts
 * of quay.io and ghcr.io share the breaker of their registry. The name contains a port only if the port is
 * not the default.
 *
 * @param kind The kind of host: `registry`, `git` or `http`.
 * @param host A host in the form of {@link Failure.upstream}, such as `"registry-1.docker.io"`.
 * @example
 * ```ts
 * import { breakerName } from "dagger-circuit-breaker/attribution";
 *
 * console.assert(breakerName("registry", "registry-1.docker.io") === "registry:docker.io");
 * console.assert(breakerName("git", "GitHub.com") === "git:github.com");
 * ```
 */
export function breakerName(kind: UpstreamKind, host: string): string {
  const lower = host.trim().toLowerCase().replace(/\.$/, "");
  const bare = lower.replace(/:(?:443|80)$/, "");
  if (kind === "registry") {
    if (isDockerHubHost(bare)) return `registry:${DOCKER_HUB}`;
    for (const [suffix, home] of REGISTRY_SATELLITES) {
      if (bare.endsWith(suffix)) return `registry:${home}`;
    }
  }
  if (kind === "git") {
    return `git:${bare.replace(/:22$/, "").replace(/^ssh\.(?=github\.com$)/, "")}`;
  }
  return `${kind}:${bare}`;
}

/** The parts of a URL that may be shown. Credentials, query string and fragment are left out. */
interface PlainUrl {
  readonly scheme: string;
  /** The host, followed by the port if that is not the default of the scheme. */
  readonly host: string;
  readonly path: string;
}

const HOST = /^(?:\[[0-9a-f:.]{2,45}\]|[a-z0-9*_](?:[a-z0-9*_.-]{0,252}))(?::[0-9]{1,5})?$/i;

/** Parses a URL. Returns undefined if the URL has no usable host. */
export function parseUrl(url: string): PlainUrl | undefined {
  const mark = url.indexOf("://");
  if (mark < 1) return undefined;
  const scheme = url.slice(0, mark).toLowerCase();
  const rest = url.slice(mark + 3);
  const end = rest.search(/[/?#\\]/);
  const authority = end < 0 ? rest : rest.slice(0, end);
  const host = readHost(authority.slice(authority.lastIndexOf("@") + 1), scheme);
  if (host === undefined) return undefined;
  const tail = end < 0 ? "" : rest.slice(end);
  const pathEnd = tail.search(/[?#]/);
  return { scheme, host, path: pathEnd < 0 ? tail : tail.slice(0, pathEnd) };
}

/**
 * Returns a host in lower case, without the default port of the scheme. Returns undefined if the text is not
 * a host.
 *
 * @param scheme The scheme of the URL, such as `https`. An empty text keeps every port.
 */
export function readHost(text: string, scheme = "https"): string | undefined {
  const host = text.replace(/[.:,;]+$/, "");
  if (!HOST.test(host)) return undefined;
  const port = DEFAULT_PORTS[scheme];
  const lower = host.toLowerCase();
  return port !== undefined && lower.endsWith(`:${port}`)
    ? lower.slice(0, -port.length - 1)
    : lower;
}

function withoutPort(host: string): string {
  return host.replace(/:[0-9]{1,5}$/, "");
}

/** A parsed image reference. */
export interface ImageReference {
  /**
   * The host of the registry in lower case. Without a written host, and for every host of Docker Hub, it is
   * `docker.io`.
   */
  readonly host: string;
  /** Whether the text contains the host, as `ghcr.io/a/b` does and `alpine` does not. */
  readonly hostWritten: boolean;
  /** The complete reference, such as `docker.io/library/alpine:3.20`. */
  readonly reference: string;
  /** Whether the reference contains a digest. */
  readonly pinned: boolean;
}

const IMAGE = /^[a-z0-9*_][a-z0-9*_.:/@-]*$/i;

/**
 * Parses an image reference. Accepts every spelling of `docker.io`. Returns undefined if the text is not an
 * image reference.
 */
export function parseImageReference(address: string): ImageReference | undefined {
  const bare = address.trim().replace(/^(?:docker-image|docker|oci|https?):\/\//, "");
  if (bare.length === 0 || bare.length > 1024 || !IMAGE.test(bare)) return undefined;
  const slash = bare.indexOf("/");
  const first = slash < 0 ? "" : bare.slice(0, slash);
  const hostWritten = first === "localhost" || first.includes(".") || first.includes(":");
  const rest = hostWritten ? bare.slice(slash + 1) : bare;
  const host = hostWritten ? first.toLowerCase() : DOCKER_HUB;
  if (rest.length === 0 || !HOST.test(host)) return undefined;
  const hub = isDockerHubHost(host);
  const repository = hub && !rest.includes("/") ? `library/${rest}` : rest;
  return {
    host: hub ? DOCKER_HUB : host,
    hostWritten,
    reference: `${hub ? DOCKER_HUB : host}/${repository}`,
    pinned: /@[a-z0-9+._-]{1,32}:[0-9a-f]{32,}$/i.test(rest),
  };
}

/**
 * Returns the host of a git remote: a URL, `git@host:path` or `host/path`. Returns undefined for any other
 * text.
 */
export function gitHost(remote: string): string | undefined {
  const trimmed = remote.trim();
  if (trimmed.includes("://")) {
    const url = parseUrl(trimmed);
    return url === undefined || url.scheme === "file" ? undefined : url.host;
  }
  const slash = trimmed.indexOf("/");
  const beforePath = slash < 0 ? trimmed : trimmed.slice(0, slash);
  const first = beforePath.slice(beforePath.lastIndexOf("@") + 1);
  const colon = first.indexOf(":");
  const hasUser = first !== beforePath;
  const hasPort = /:\d{1,5}$/.test(first);
  if (colon > 0 && (hasUser || (first.slice(0, colon).includes(".") && !hasPort))) {
    return readHost(first.slice(0, colon), "ssh");
  }
  return /^[^.].*\.[a-z0-9-]/i.test(first) ? readHost(first) : undefined;
}

/** Returns a git remote without its credentials, query string and fragment. */
export function plainRemote(remote: string): string {
  const trimmed = remote.trim();
  const url = trimmed.includes("://") ? parseUrl(trimmed) : undefined;
  if (url !== undefined) return `${url.scheme}://${url.host}${url.path}`;
  const slash = trimmed.indexOf("/");
  const at = trimmed.slice(0, slash < 0 ? undefined : slash).lastIndexOf("@");
  return trimmed.slice(at + 1).replace(/[?#].*$/s, "");
}

/** An upstream that a text names, with the name of its circuit breaker. */
export type UpstreamOfText = Pick<NamedUpstream, "upstream" | "circuit">;

/**
 * Returns the registry of an image, with the complete image reference. Returns undefined if the text is not
 * an image.
 */
export function imageUpstream(field: string, address: string): UpstreamOfText | undefined {
  const image = parseImageReference(address);
  if (image === undefined) return undefined;
  const { host, reference, pinned } = image;
  return guarded({ kind: "registry", host, field, reference, pinned });
}

/** Returns the host of a git remote. Returns undefined if the text is not a git remote. */
export function gitUpstream(field: string, remote: string): UpstreamOfText | undefined {
  const host = gitHost(remote);
  if (host === undefined) return undefined;
  return guarded({ kind: "git", host, field, reference: plainRemote(remote), pinned: false });
}

/** Returns the upstream of a URL. Returns undefined if the text is not a URL. */
export function httpUpstream(field: string, address: string): UpstreamOfText | undefined {
  const url = parseUrl(address.trim());
  if (url === undefined) return undefined;
  const reference = `${url.scheme}://${url.host}${url.path}`;
  return guarded({ kind: "http", host: url.host, field, reference, pinned: false });
}

function guarded(upstream: UpstreamReference): UpstreamOfText {
  return { upstream, circuit: breakerName(upstream.kind, upstream.host) };
}
