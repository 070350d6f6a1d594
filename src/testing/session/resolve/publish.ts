/** `publish`: an image is written into a local folder, and pushed nowhere. */

import { mkdir, rm } from "node:fs/promises";
import { join } from "node:path";
import type { Work } from "../context.js";
import { meetFaults, requireCaller } from "../meet-faults.js";
import { digestOf, parseReference } from "../references.js";
import { attemptsFor, pushError } from "../registry.js";
import type { ContainerValue } from "../values.js";
import { EngineError } from "../wire-errors.js";
import { runExec } from "./container-exec.js";
import { writeContainer } from "./export.js";

/** The folder that `publish` writes into. */
export function publishFolder(engine: Work["engine"]): string {
  return engine.settings.publishTo ?? join(engine.scratch.folder, "published");
}

/** Publishes a container; answers its address with its digest. */
export async function publish(
  container: ContainerValue,
  address: string,
  work: Work,
): Promise<string> {
  const { engine } = work;
  const reference = parseReference(address);
  await requireCaller(work);
  // A container whose commands fail is not pushed anywhere.
  if (container.lastExec !== undefined) await runExec(container.lastExec, work);
  engine.countRequests(reference.registryHost, 1);
  const met = await meetFaults(work, {
    operation: "publish",
    hosts: [reference.registryHost],
    text: reference.full,
  });
  const digest = digestOf(container.key);
  if (met !== undefined) {
    const status = met.fault.kind === "status" ? met.fault.status : undefined;
    const attempts = status === undefined ? 1 : attemptsFor(status);
    engine.countRequests(reference.registryHost, attempts - 1);
    throw new EngineError(pushError(reference, digestOf(digest), met, engine.isOld));
  }
  const folder = join(publishFolder(engine), reference.full.replaceAll(/[:@]/g, "_"));
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  await writeContainer(container, folder, work);
  return `${address}@${digest}`;
}
