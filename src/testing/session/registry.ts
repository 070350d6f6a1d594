/** How a registry fails: the engine's words, and how many requests it spends on each failure. */

import type { UpstreamFault } from "./fault-rules.js";
import type { MetFault } from "./meet-faults.js";
import { plannedNetworkError } from "./network-errors.js";
import { digestOf, type ImageReference, registryUrl } from "./references.js";
import { statusLine } from "./wire-errors.js";

type StatusFault = Extract<UpstreamFault, { kind: "status" }>;

/** The requests that one pull or push cost. */
export interface RegistryRequests {
  readonly registry: number;
  readonly token: number;
}

/** The message of a pull that failed. */
export function pullError(
  reference: ImageReference,
  platform: string,
  met: MetFault,
  isOld: boolean,
): string {
  const frame = `failed to resolve image "${reference.full}" (platform: "${platform}"): `;
  const oldFrame = isOld ? `failed to resolve source metadata for ${reference.full}: ` : "";
  return frame + oldFrame + pullFault(reference, met, isOld);
}

function pullFault(reference: ImageReference, met: MetFault, isOld: boolean): string {
  const { fault } = met;
  const manifest = new URL(
    `${registryUrl(reference.registryHost)}/v2/${reference.repository}/manifests/${reference.digest ?? reference.tag}`,
  );
  if (isTokenFault(reference, met)) return tokenFault(reference, met);
  if (fault.kind === "cutBody") return "short read: expected 622 bytes but got 1: unexpected EOF";
  if (fault.kind !== "status") {
    return `failed to do request: Head "${manifest.href}": ${plannedNetworkError(fault, manifest)}`;
  }
  if (fault.at === "layer") return layerFault(reference, fault);
  if (fault.status === 404) return `${reference.full}: not found`;
  if (fault.status === 401 && !isOld) {
    return `pull ${DENIED}`;
  }
  return `unexpected status from HEAD request to ${manifest.href}: ${statusLine(fault.status)}`;
}

const DENIED =
  "access denied, repository does not exist or may require authorization: authorization failed: no basic auth credentials";

function isTokenFault(reference: ImageReference, { fault, host }: MetFault): boolean {
  return host === reference.tokenHost || (fault.kind === "status" && fault.at === "token");
}

function tokenFault(reference: ImageReference, { fault }: MetFault): string {
  const scope = encodeURIComponent(`repository:${reference.repository}:pull`);
  const service = reference.domain === "docker.io" ? "registry.docker.io" : reference.domain;
  const host = reference.tokenHost ?? reference.registryHost;
  const url = `${registryUrl(host)}/token?scope=${scope}&service=${service}`;
  const reason =
    fault.kind === "status"
      ? `unexpected status from GET request to ${url}: ${statusLine(fault.status)}`
      : `Get "${url}": ${plannedNetworkError(fault, new URL(url)) ?? "unexpected EOF"}`;
  return `failed to authorize: failed to fetch anonymous token: ${reason}`;
}

function layerFault(reference: ImageReference, fault: StatusFault): string {
  const layer = digestOf(`layer of ${reference.full}`);
  const frame = "failed to copy: httpReadSeeker: failed open: ";
  if (fault.status === 404) {
    return `${frame}could not fetch content descriptor ${layer} (application/vnd.oci.image.config.v1+json) from remote: not found`;
  }
  const url = `${registryUrl(reference.registryHost)}/v2/${reference.repository}/blobs/${layer}`;
  const body = fault.body === undefined ? "" : `\n${fault.body}`;
  return `${frame}unexpected status from GET request to ${url}: ${statusLine(fault.status)}${body}`;
}

/** The message of a push that failed. */
export function pushError(
  reference: ImageReference,
  layer: string,
  { fault }: MetFault,
  isOld: boolean,
): string {
  const frame = isOld ? `failed to export: failed to push ${reference.full}: ` : "";
  const blob = new URL(
    `${registryUrl(reference.registryHost)}/v2/${reference.repository}/blobs/${layer}`,
  );
  if (fault.kind !== "status") {
    const reason = plannedNetworkError(fault, blob) ?? "EOF";
    return `${frame}failed to do request: Head "${blob.href}": ${reason}`;
  }
  if (fault.status === 401 && !isOld) {
    return `push ${DENIED}`;
  }
  return `${frame}unexpected status from HEAD request to ${blob.href}: ${statusLine(fault.status)}`;
}

/** What a pull costs. A registry with a token server answers its first request with 401. */
export function pullRequests(
  reference: ImageReference,
  met: MetFault | undefined,
): RegistryRequests {
  const challenge = reference.tokenHost === undefined ? 0 : 1;
  const resolved = { registry: challenge + 1, token: challenge };
  if (met === undefined) return resolved;
  const { fault } = met;
  if (isTokenFault(reference, met)) return { registry: 1, token: 1 };
  // Nobody was there to ask for a token.
  if (plannedNetworkError(fault, new URL("https://host")) !== undefined && fault.kind !== "eof") {
    return { registry: 1, token: 0 };
  }
  if (fault.kind !== "status") return resolved;
  const asked = attemptsFor(fault.status);
  if (fault.at === "layer") return { registry: resolved.registry + 1 + asked, token: challenge };
  return { registry: asked === 6 ? 6 : challenge + asked, token: challenge };
}

/** The engine asks six times on 408 and 429, without a pause; once more on 500, 503 and 504. */
export function attemptsFor(status: number): number {
  if (status === 408 || status === 429) return 6;
  return status === 500 || status === 503 || status === 504 ? 2 : 1;
}
