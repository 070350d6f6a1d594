/** `publish`: writes an image into a local folder. Nothing is sent to a registry. */

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Work } from "../../engine/context.js";
import { requireCaller } from "../../engine/meet-faults.js";
import { digestOf, type ImageReference, parseReference } from "../../engine/references.js";
import type { ContainerValue } from "../../engine/values.js";
import { EngineError } from "../../faults/wire-errors.js";
import { pushError } from "../../registry/registry.js";
import { RegistryPush } from "../../registry/registry-push.js";
import { blobsOf } from "../../registry/registry-talk.js";
import { SCOPES } from "../../traces/active-span.js";
import { writeContainer } from "../export.js";
import { runExec } from "./container-exec.js";
import { fetchContents } from "./image.js";

export function publishFolder(engine: Work["engine"]): string {
  return engine.settings.publishTo ?? join(engine.scratch.folder, "published");
}

/** Publishes a container. Returns its address with the digest. */
export async function publish(
  container: ContainerValue,
  address: string,
  work: Work,
): Promise<string> {
  const { engine } = work;
  const reference = parseReference(address);
  await requireCaller(work);
  // Runs the commands first: if one fails, nothing is published.
  if (container.lastExec !== undefined) await runExec(container.lastExec, work);
  else if (container.image !== undefined) await fetchContents(work, container.image);
  const digest = digestOf(container.key);
  await push(work, reference, digest);
  const folder = join(publishFolder(engine), reference.full.replaceAll(/[:@]/g, "_"));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeContainer(container, folder, work);
  // From now on, the tag has this digest, and the engine has the content.
  engine.images.meet(reference, digest);
  engine.images.manifests.add(digest);
  engine.images.described.add(digest);
  engine.images.contents.add(digest);
  return `${address}@${digest}`;
}

/** Creates the spans of the requests to the registry, and applies a planned fault. */
async function push(work: Work, reference: ImageReference, digest: string): Promise<void> {
  const { isOld } = work.engine;
  const buildkit = isOld && { buildkit: true, "dagger.io/ui.encapsulated": true };
  work.span.child(SCOPES.tracer, "export layers", { ...LAYERS, ...buildkit }).end(UNSET);
  // Engine 0.19 has no span around a push.
  const span = isOld
    ? work.span
    : work.span.child(SCOPES.tracer, `pushing ${reference.full}`, {
        "dagger.io/ui.encapsulated": true,
      });
  const pushing = async () => {
    const met = await new RegistryPush({ ...work, span }, reference).push(digest);
    if (met === undefined) return;
    throw new EngineError(pushError(reference, blobsOf(digest).layer, met, isOld));
  };
  await (isOld ? pushing() : span.run(pushing, () => UNSET));
}

const UNSET = { status: "unset" } as const;
const LAYERS = {
  "exportLayers.compressionType": "gzip",
  "exportLayers.forceCompression": false,
} as const;
