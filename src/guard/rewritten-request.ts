/** Replaces image addresses in a request, with addresses of mirrors and with known digests. */

import type { ReadRequest } from "../attribution/query/named-upstream.js";
import type { Guard } from "./guard.js";
import type { RequestLocks } from "./locks/lock-file.js";
import type { SessionMemory } from "./request/session-memory.js";
import { withAddresses } from "./rewrite/addresses.js";
import {
  breakersOfMirrors,
  chooseMirrors,
  countMirrored,
  withLockedDigests,
} from "./rewrite/mirrors.js";
import type { PinnedRequest } from "./rewrite/pinning.js";

/** A request after mirrors and known digests have replaced addresses. */
interface RewrittenRequest extends PinnedRequest {
  /** The images that are requested from a mirror, such as `docker.io/library/alpine:3`. */
  readonly mirrored: Iterable<string>;
}

/**
 * Returns the request with other image addresses. First, mirrors replace registries whose circuits are
 * open. Then, known digests replace tags.
 */
export async function rewrite(
  given: ReadRequest,
  locks: RequestLocks,
  guard: Guard,
  memory: SessionMemory,
): Promise<RewrittenRequest> {
  const { mirrors, pin } = guard.settings;
  let read = given;
  let mirrored: Iterable<string> = [];
  if (Object.keys(mirrors).length > 0) {
    const images = memory.imagesToAsk(read, locks, pin);
    await guard.refresh(breakersOfMirrors(images, mirrors));
    const chosen = chooseMirrors(images, mirrors, (name) => guard.admits(name));
    if (chosen.size > 0) {
      const addresses = withLockedDigests(chosen, read.named, locks);
      read = withAddresses(read, addresses);
      mirrored = addresses.keys();
    }
  }
  return { ...(pin?.pin(read, locks) ?? { read, digests: new Map() }), mirrored };
}

/** Reports the replaced addresses of a request. Call it once the request is admitted. */
export function announceRewriting(rewritten: RewrittenRequest, guard: Guard): void {
  guard.settings.pin?.announce(rewritten, guard);
  countMirrored(rewritten.mirrored, guard);
}
