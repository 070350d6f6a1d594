/** Messages for failures of a registry, and how often an engine tries again. */

import type { MetFault } from "../engine/meet-faults.js";
import { type ImageReference, registryUrl } from "../engine/references.js";
import type { Fault, UpstreamFault } from "../faults/fault-rules.js";
import { plannedNetworkError } from "../faults/network-errors.js";
import { statusLine } from "../faults/status-line.js";

type StatusFault = Extract<UpstreamFault, { kind: "status" }>;

/** Returns the error for an image that could not be resolved. */
export function resolveError(
  reference: ImageReference,
  platform: string,
  reason: string,
  isOld: boolean,
): string {
  const frame = `failed to resolve image "${reference.full}" (platform: "${platform}"): `;
  const oldFrame = isOld ? `failed to resolve source metadata for ${reference.full}: ` : "";
  return frame + oldFrame + reason;
}

/**
 * Returns the message about an image that a registry did not deliver.
 *
 * @param blob The digest of the requested blob after the manifest.
 */
export function pullFault(
  reference: ImageReference,
  met: MetFault,
  isOld: boolean,
  blob: string,
): string {
  const { fault } = met;
  const manifest = manifestUrl(reference);
  if (isTokenFault(reference, met)) return tokenFault(reference, met);
  if (fault.kind === "cutBody") return "short read: expected 622 bytes but got 1: unexpected EOF";
  if (fault.kind !== "status") {
    return `failed to do request: Head "${manifest.href}": ${plannedNetworkError(fault, manifest)}`;
  }
  if (fault.at === "layer") return layerFault(reference, fault, blob);
  if (fault.status === 404) return `${reference.full}: not found`;
  if (fault.status === 401 && !isOld) {
    return `pull ${DENIED}`;
  }
  return `unexpected status from HEAD request to ${manifest.href}: ${statusLine(fault.status)}`;
}

/** Returns the URL of an image's manifest. */
export function manifestUrl(reference: ImageReference): URL {
  return repositoryUrl(reference, `manifests/${reference.digest ?? reference.tag}`);
}

/** Returns a URL in the repository of an image. */
export function repositoryUrl({ registryHost, repository }: ImageReference, path: string): URL {
  return new URL(`${registryUrl(registryHost)}/v2/${repository}/${path}`);
}

/** Returns the URL of a token for pulling an image. */
export function tokenUrl(reference: ImageReference): URL {
  const scope = encodeURIComponent(`repository:${reference.repository}:pull`);
  const service = reference.domain === "docker.io" ? "registry.docker.io" : reference.domain;
  const host = reference.tokenHost ?? reference.registryHost;
  return new URL(`${registryUrl(host)}/token?scope=${scope}&service=${service}`);
}

const DENIED =
  "access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials";

/** Returns whether a fault applies to the token server. */
export function isTokenFault(
  reference: ImageReference,
  { fault, host }: { readonly fault: Fault | undefined; readonly host: string | undefined },
): boolean {
  const isToken = fault?.kind === "status" && fault.at === "token";
  return isToken || (host !== undefined && host === reference.tokenHost);
}

function tokenFault(reference: ImageReference, { fault }: MetFault): string {
  const url = tokenUrl(reference);
  const reason =
    fault.kind === "status"
      ? `unexpected status from GET request to ${url.href}: ${statusLine(fault.status)}`
      : `Get "${url.href}": ${plannedNetworkError(fault, url) ?? "unexpected EOF"}`;
  return `failed to authorize: failed to fetch anonymous token: ${reason}`;
}

function layerFault(reference: ImageReference, fault: StatusFault, blob: string): string {
  const frame = "failed to copy: httpReadSeeker: failed open: ";
  if (fault.status === 404) {
    return `${frame}could not fetch content descriptor ${blob} (application/vnd.oci.image.config.v1+json) from remote: not found`;
  }
  const url = repositoryUrl(reference, `blobs/${blob}`);
  const body = fault.body === undefined ? "" : `\n${fault.body}`;
  return `${frame}unexpected status from GET request to ${url.href}: ${statusLine(fault.status)}${body}`;
}

/** Returns the error of a failed push. */
export function pushError(
  reference: ImageReference,
  layer: string,
  { fault }: MetFault,
  isOld: boolean,
): string {
  const frame = isOld ? `failed to export: failed to push ${reference.full}: ` : "";
  const blob = repositoryUrl(reference, `blobs/${layer}`);
  if (fault.kind !== "status") {
    const reason = plannedNetworkError(fault, blob) ?? "EOF";
    return `${frame}failed to do request: Head "${blob.href}": ${reason}`;
  }
  if (fault.status === 401 && !isOld) {
    return `push ${DENIED}`;
  }
  return `${frame}unexpected status from HEAD request to ${blob.href}: ${statusLine(fault.status)}`;
}

/**
 * Returns how many requests an engine sends for this status: six, without a pause, for 408 and 429; two for
 * 500, 503 and 504; else one.
 */
export function attemptsFor(status: number): number {
  if (status === 408 || status === 429) return 6;
  return status === 500 || status === 503 || status === 504 ? 2 : 1;
}
