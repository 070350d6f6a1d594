/** Chooses a mirror for an image whose registry has an open circuit, if the user configured mirrors. */

import { breakerName } from "../../attribution/hosts.js";
import type { NamedUpstream } from "../../attribution/query/named-upstream.js";
import { checkText, type Field, readRecord, show } from "../../options/check.js";
import { countsFor } from "../guard-counts.js";
import type { RequestLocks } from "../locks/lock-file.js";
import type { UpstreamBreakers } from "../upstream-breakers.js";

/**
 * The mirrors of registries: `{ "docker.io": ["mirror.example/hub"] }`. A mirror is a host with an
 * optional port, and the path of its images.
 */
export type Mirrors = Readonly<Record<string, readonly string[]>>;

const MIRROR = /^[a-z0-9.-]+(?::\d{1,5})?(?:\/[a-z0-9._/-]+)?$/;

/** Validates the option `mirrors`. */
export const mirrorsField: Field<Mirrors> = {
  absent: {},
  read(value, label) {
    const mirrors = readRecord(value, label);
    for (const [host, list] of Object.entries(mirrors)) {
      checkMirror(host, `a key of ${label}`);
      checkRegistry(host, `a key of ${label}`);
      if (!Array.isArray(list) || list.length === 0) {
        throw new TypeError(`${label}["${host}"] is ${show(list)}, expected a list of mirrors`);
      }
      for (const [index, mirror] of list.entries()) {
        checkMirror(checkText(mirror, `${label}["${host}"][${index}]`, 300), `${label}["${host}"]`);
      }
    }
    return mirrors as Mirrors;
  },
};

function checkMirror(text: string, label: string): void {
  if (MIRROR.test(text)) return;
  throw new RangeError(
    `${label} is ${show(text)}, expected HOST or HOST/PATH in lower case, such as mirror.example/hub`,
  );
}

/** Throws if a key of `mirrors` spells a registry differently from its breaker. No image would match that key. */
function checkRegistry(host: string, label: string): void {
  const known = breakerName("registry", host).slice("registry:".length);
  if (known !== host) throw new RangeError(`${label} is ${show(host)}, expected ${show(known)}`);
}

/** Returns the breakers that decide which mirrors are chosen for these images. */
export function breakersOfMirrors(
  references: readonly string[],
  mirrors: Mirrors,
): ReadonlySet<string> {
  const names = new Set<string>();
  for (const reference of references) {
    const host = reference.slice(0, reference.indexOf("/"));
    const own = mirrors[host];
    if (own === undefined) continue;
    for (const one of [host, ...own.map(hostOf)]) names.add(breakerName("registry", one));
  }
  return names;
}

/** A function that returns whether a breaker would admit a request now. It uses no probe slot. */
export type Admits = (breakerName: string) => boolean;

/**
 * Chooses a mirror for each image whose registry rejects requests now. The first mirror that would admit a
 * request is chosen. If every mirror would reject, the image keeps its address, and the circuit of its
 * registry rejects the request.
 *
 * @param references The images to request, such as `docker.io/library/alpine:3`.
 * @returns The new address of each image that has one.
 */
export function chooseMirrors(
  references: readonly string[],
  mirrors: Mirrors,
  admits: Admits,
): ReadonlyMap<string, string> {
  const chosen = new Map<string, string>();
  for (const reference of references) {
    const slash = reference.indexOf("/");
    const host = reference.slice(0, slash);
    if (admits(breakerName("registry", host))) continue;
    const mirror = mirrors[host]?.find((one) => admits(breakerName("registry", hostOf(one))));
    if (mirror !== undefined) chosen.set(reference, `${mirror}${reference.slice(slash)}`);
  }
  return chosen;
}

/**
 * Counts images that are requested from a mirror. They count for the breaker of the registry that the
 * mirror replaces.
 */
export function countMirrored(references: Iterable<string>, breakers: UpstreamBreakers): void {
  for (const reference of references) {
    const host = reference.slice(0, reference.indexOf("/"));
    const breaker = breakers.upstream(breakerName("registry", host));
    if (breaker !== undefined) countsFor(breaker).mirroredImages += 1;
  }
}

function hostOf(mirror: string): string {
  return mirror.replace(/\/.*$/, "");
}

/**
 * Adds the locked digest of a tag to the chosen address. If a tag has different digests per platform, no
 * mirror is used for it.
 */
export function withLockedDigests(
  chosen: ReadonlyMap<string, string>,
  named: readonly NamedUpstream[],
  locks: RequestLocks,
): ReadonlyMap<string, string> {
  const addresses = new Map<string, string>();
  for (const [reference, address] of chosen) {
    const digest = locks.onlyDigestOf(reference, named);
    if (digest !== null) {
      addresses.set(reference, digest === undefined ? address : `${address}@${digest}`);
    }
  }
  return addresses;
}
