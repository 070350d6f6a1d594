/**
 * `from`: the digest and the content of an image. It contacts no registry. The planned faults decide
 * whether it fails.
 */

import { traceInnerFrom } from "../../calls/core-call.js";
import type { Work } from "../../engine/context.js";
import { type MetFault, requireCaller } from "../../engine/meet-faults.js";
import { type ImageReference, parseReference } from "../../engine/references.js";
import type { Tree } from "../../engine/tree.js";
import type { ContainerValue, ResolvedImage } from "../../engine/values.js";
import type { PlannedEnd } from "../../faults/faults.js";
import { EngineError } from "../../faults/wire-errors.js";
import { contentKey } from "../../files/scratch.js";
import { manifestUrl, pullFault, resolveError } from "../../registry/registry.js";
import { blobsOf, RegistryTalk } from "../../registry/registry-talk.js";
import { type Attributes, CANCELED, failedEnd, SCOPES } from "../../traces/active-span.js";

/** Resolves an address. It does this once per session, address and platform. */
export async function resolveImage(
  work: Work,
  address: string,
  container: ContainerValue,
): Promise<ResolvedImage> {
  const { platform } = container;
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
    (signal) => resolve({ ...work, signal }, reference, container),
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
    throw new EngineError(`${frame}: ${error.message}`, { uncalled: true });
  }
}

async function resolve(
  work: Work,
  reference: ImageReference,
  container: ContainerValue,
): Promise<ResolvedImage> {
  const { images, isOld } = work.engine;
  const { lock } = work.session;
  const locked =
    reference.digest === undefined ? lock?.digestOf(reference.full, container.platform) : undefined;
  const digest = locked ?? images.digestOf(reference);
  // The engine requests a known digest only when its content is needed. Engine 0.19 always requests it.
  const isTag = reference.digest === undefined && locked === undefined;
  const wasAsked = isTag || (reference.digest !== undefined && !isOld && !images.hasMet(reference));
  const image = { reference, digest, wasAsked };
  if (wasAsked) await askForImage(work, image, container.platform);
  if (isTag) lock?.keep(reference.full, container.platform, digest);
  if (reference.digest !== undefined) {
    work.span.keep(contentsKey(image));
    return image;
  }
  const { full } = pinned(image);
  await traceInnerFrom(work, full, container, async ({ span }) => {
    if (locked === undefined) {
      span.child(SCOPES.tracer, `resolving ${full}`, encapsulated(work)).end({ status: "unset" });
    }
    span.keep(contentsKey(image));
  });
  return image;
}

/** Asks the registry for the digest of an image. */
async function askForImage(work: Work, image: ResolvedImage, platform: string): Promise<void> {
  const { images, isOld } = work.engine;
  const { reference, digest } = image;
  const { config } = blobsOf(digest);
  const reason = await converse(work, "resolving", reference, config, async (traced) => {
    const decision = decide(work, reference);
    const talk = new RegistryTalk(traced, reference, decision);
    const met = await talk.askManifest();
    return met === undefined && !images.described.has(digest) ? talk.askConfig(digest) : met;
  });
  if (reason !== undefined) {
    throw new EngineError(resolveError(reference, platform, reason, isOld));
  }
  images.manifests.add(digest);
  images.described.add(digest);
  images.meet(reference, digest);
}

/** Fetches the content of an image, once per session. Nothing is requested if the engine has it. */
export async function fetchContents(work: Work, image: ResolvedImage): Promise<void> {
  await work.session.resolutions.join(contentsKey(image), work.signal, (signal) =>
    fetch({ ...work, signal }, image),
  );
}

async function fetch(work: Work, image: ResolvedImage): Promise<void> {
  const { images, isOld } = work.engine;
  const { digest, wasAsked } = image;
  const isTag = image.reference.digest === undefined;
  if (images.wasUsedByDigest(image.reference, digest)) return;
  const reference = pinned(image);
  if (!isTag || !images.contents.has(digest)) {
    const span = work.span.kept(contentsKey(image)) ?? work.span;
    const { layer } = blobsOf(digest);
    const reason = await converse(
      { ...work, span },
      "pulling",
      reference,
      layer,
      async (traced) => {
        // A pull that has just resolved the image gets no second fault.
        const decision = wasAsked ? undefined : decide(work, reference);
        const talk = new RegistryTalk(traced, reference, decision);
        const met = await talk.askManifest();
        return met === undefined && !images.contents.has(digest) ? talk.askBlob(layer) : met;
      },
    );
    if (reason === undefined && work.engine.isOne) {
      const unpacking = span.child(SCOPES.tracer, `unpacking ${shortName(reference)}`, FETCHED);
      unpacking.end({ status: "unset" });
    }
    if (reason !== undefined) {
      const frame = isOld ? "" : `pull image "${reference.full}": `;
      throw new EngineError(frame + reason, { traced: true });
    }
  }
  images.contents.add(digest);
  images.meet(reference, digest);
  // Engine 0.21 does not remember the source of an image that it first used by tag.
  if (isOld || !isTag) images.useByDigest(reference, digest);
}

/** Contacts a registry, within a span. Returns the engine's message if it fails. */
async function converse(
  work: Work,
  doing: "resolving" | "pulling",
  reference: ImageReference,
  blob: string,
  talk: (work: Work) => Promise<MetFault | undefined>,
): Promise<string | undefined> {
  const named = doing === "pulling" && work.engine.isOne ? shortName(reference) : reference.full;
  const span = work.span.child(SCOPES.tracer, `${doing} ${named}`, encapsulated(work));
  let met: MetFault | undefined;
  try {
    met = await talk({ ...work, span });
  } catch (error) {
    const request = `failed to do request: Head "${manifestUrl(reference).href}"`;
    const canceled = { status: "error", message: `${request}: ${CANCELED}` } as const;
    span.end(work.signal.aborted ? canceled : failedEnd(error));
    throw error;
  }
  const reason = met && pullFault(reference, met, work.engine.isOld, blob);
  span.end(reason === undefined ? { status: "unset" } : { status: "error", message: reason });
  return reason;
}

/** Returns the planned fault of a request to a registry. A digest that does not exist fails without a plan. */
function decide({ engine }: Work, reference: ImageReference): PlannedEnd {
  const { registryHost, tokenHost } = reference;
  const decision = engine.faults.decide({
    operation: "from",
    hosts: tokenHost === undefined ? [registryHost] : [registryHost, tokenHost],
    text: reference.full,
  });
  if (decision.fault !== undefined || !engine.images.isUnknown(reference)) return decision;
  return { ...decision, fault: { kind: "status", status: 404 }, host: registryHost };
}

/** Returns the files of a container on top of those of an image. Reading them fetches the image. */
export function imageTree(files: Tree, image: ResolvedImage): Tree {
  return {
    key: contentKey(contentsKey(image), files.key),
    fill: async (target, work) => {
      await fetchContents(work, image);
      await files.fill(target, work);
    },
    locate: async (work) => {
      await fetchContents(work, image);
      return files.locate(work);
    },
  };
}

/** Returns the reference of an image with its digest. */
export function pinned({ reference, digest }: ResolvedImage): ImageReference {
  if (reference.digest !== undefined) return reference;
  return { ...reference, digest, full: `${reference.full}@${digest}` };
}

function contentsKey({ reference, digest }: ResolvedImage): string {
  return `contents ${reference.domain}/${reference.repository}@${digest}`;
}

const FETCHED: Attributes = { "dagger.io/ui.encapsulated": true };

/** Returns the short name that a span of 1.0 shows for an image, without `docker.io/library/` and the digest. */
function shortName({ full }: ImageReference): string {
  const [tagged = full] = full.split("@");
  return tagged.replace(/^docker\.io\/(?:library\/)?/, "");
}

function encapsulated(work: Work): Attributes {
  return { ...(work.engine.isOld && { buildkit: true }), "dagger.io/ui.encapsulated": true };
}
