/** `from`: what a pull is to the double. It asks nobody; the fault plan says how it ends. */

import type { Work } from "../context.js";
import { meetFaults, requireCaller } from "../meet-faults.js";
import { digestOf, type ImageReference, parseReference } from "../references.js";
import { pullError, pullRequests } from "../registry.js";
import type { ResolvedImage } from "../values.js";
import { EngineError } from "../wire-errors.js";

/** Resolves an address, once per session, address and platform. */
export async function resolveImage(
  work: Work,
  address: string,
  platform: string,
): Promise<ResolvedImage> {
  const reference = readAddress(work, address);
  try {
    await requireCaller(work);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    throw new EngineError(
      `failed to resolve image "${reference.full}" (platform: "${platform}"): failed to resolve source metadata for ${reference.full}: DeadlineExceeded: ${error.message}`,
    );
  }
  return work.session.resolutions.join(
    `from ${reference.full} ${platform}`,
    work.signal,
    (signal) => pull({ ...work, signal }, reference, platform),
  );
}

function readAddress(work: Work, address: string): ImageReference {
  try {
    return parseReference(address);
  } catch (error) {
    if (!(error instanceof EngineError)) throw error;
    const frame = work.engine.isOld
      ? "failed to compute cache key for Container.from"
      : 'failed to resolve identity inputs for Container.from: resolve implicit input "fromSessionScope"';
    throw new EngineError(`${frame}: ${error.message}`);
  }
}

async function pull(
  work: Work,
  reference: ImageReference,
  platform: string,
): Promise<ResolvedImage> {
  const { engine } = work;
  const digest = reference.digest ?? digestOf(reference.full);
  const held = `${reference.domain}/${reference.repository}@${digest}`;
  const image = { reference, digest };
  if (reference.digest !== undefined && engine.heldImages.has(held)) return image;
  const { registryHost, tokenHost } = reference;
  // The first request goes out before anybody knows how it ends, so a hanging pull counts too.
  engine.countRequests(registryHost, 1);
  const met = await meetFaults(work, {
    operation: "from",
    hosts: tokenHost === undefined ? [registryHost] : [registryHost, tokenHost],
    text: reference.full,
  });
  const requests = pullRequests(reference, met);
  engine.countRequests(registryHost, requests.registry - 1);
  if (tokenHost !== undefined) engine.countRequests(tokenHost, requests.token);
  if (met !== undefined) throw new EngineError(pullError(reference, platform, met, engine.isOld));
  // Engines of 0.21 forget the way to an image that they first met by its tag.
  if (engine.isOld || reference.digest !== undefined) engine.heldImages.add(held);
  return image;
}
