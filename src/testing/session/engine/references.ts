/** Image references: the full form of `busybox:1.36`, and the hosts that a pull contacts. */

import { createHash } from "node:crypto";
import { EngineError } from "../faults/wire-errors.js";

/** A full image reference. */
export interface ImageReference {
  /** The registry, as references name it: `docker.io`, `ghcr.io`, `127.0.0.1:5000`. */
  readonly domain: string;
  /** The repository, such as `library/busybox`. */
  readonly repository: string;
  readonly tag: string;
  readonly digest: string | undefined;
  /** The full reference, such as `docker.io/library/busybox:1.36`. */
  readonly full: string;
  /** The host that serves the manifests, such as `registry-1.docker.io`. */
  readonly registryHost: string;
  /** The host that issues tokens; undefined if the registry uses none. */
  readonly tokenHost: string | undefined;
}

const DOMAIN_PART = "[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?";
const DOMAIN = new RegExp(
  `^(?:${DOMAIN_PART}(?:\\.${DOMAIN_PART})*|\\[[0-9a-fA-F:]+\\])(?::[0-9]+)?$`,
);
const COMPONENT = /^[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*$/;
const TAG = /^\w[\w.-]{0,127}$/;
const DIGEST = /^sha256:[0-9a-f]{64}$/;

/**
 * Parses an image address as the engine does.
 *
 * @throws EngineError if the address is not an image reference.
 */
export function parseReference(address: string): ImageReference {
  const [named = "", digest] = split(address, address.indexOf("@"));
  const colon = named.indexOf(":", named.lastIndexOf("/"));
  const [name = "", tag = "latest"] = split(named, colon);
  const [first = "", rest] = split(name, name.indexOf("/"));
  const hasDomain = rest !== undefined && (/[.:A-Z]/.test(first) || first === "localhost");
  const domain = hasDomain ? normalDomain(first) : "docker.io";
  const path = hasDomain ? rest : name;
  const repository = domain === "docker.io" && !path.includes("/") ? `library/${path}` : path;
  const fault = faultOf(domain, repository, tag, digest, path);
  if (fault !== undefined) {
    throw new EngineError(`failed to parse image address ${address}: ${fault}`);
  }
  // A reference with a digest and no tag has no tag to print.
  const suffix = colon < 0 && digest !== undefined ? "" : `:${tag}`;
  return {
    domain,
    repository,
    tag,
    digest,
    full: `${domain}/${repository}${suffix}${digest === undefined ? "" : `@${digest}`}`,
    registryHost: domain === "docker.io" ? "registry-1.docker.io" : domain,
    tokenHost: domain === "docker.io" ? "auth.docker.io" : undefined,
  };
}

function faultOf(
  domain: string,
  repository: string,
  tag: string,
  digest: string | undefined,
  path: string,
): string | undefined {
  const upper = path.split("/").find((component) => /[A-Z]/.test(component));
  if (upper !== undefined) {
    return `invalid reference format: repository name (${path}) must be lowercase`;
  }
  const valid =
    DOMAIN.test(domain) &&
    repository.split("/").every((component) => COMPONENT.test(component)) &&
    TAG.test(tag) &&
    (digest === undefined || DIGEST.test(digest));
  return valid ? undefined : "invalid reference format";
}

function normalDomain(domain: string): string {
  return domain === "index.docker.io" ? "docker.io" : domain;
}

function split(text: string, at: number): [string, string?] {
  return at < 0 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

/** Returns the digest that the double gives an image. It is always the same for the same reference. */
export function digestOf(text: string): string {
  return `sha256:${createHash("sha256").update(text).digest("hex")}`;
}

/** Returns the URL of a registry. As in engines, it is http on this machine and https elsewhere. */
export function registryUrl(host: string): string {
  return `${/^(localhost|127\.|\[::1\])/.test(host) ? "http" : "https"}://${host}`;
}
