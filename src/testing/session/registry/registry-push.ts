/** The requests with which an engine pushes an image. They get spans and are counted, but nothing is sent. */

import type { Work } from "../engine/context.js";
import { type MetFault, meetFaults } from "../engine/meet-faults.js";
import type { ImageReference } from "../engine/references.js";
import { plannedNetworkError } from "../faults/network-errors.js";
import type { Asked, AskedResult } from "./exchange.js";
import { RegistryExchange } from "./exchange.js";
import { attemptsFor, repositoryUrl } from "./registry.js";
import { blobsOf } from "./registry-talk.js";

export class RegistryPush {
  readonly #work: Work;
  readonly #reference: ImageReference;

  constructor(work: Work, reference: ImageReference) {
    this.#work = work;
    this.#reference = reference;
  }

  /** Pushes an image with one layer that the registry already has. Returns the fault that applied, if any. */
  async push(digest: string): Promise<MetFault | undefined> {
    const { layer, config } = blobsOf(digest);
    const met = await this.#askForLayer(layer);
    if (met !== undefined) {
      this.#giveUp(met, layer, config);
      return met;
    }
    this.#record("HEAD", `blobs/${config}`, { status: 404 });
    this.#record("POST", "blobs/uploads/", { status: 202 });
    const upload = `blobs/uploads/${config.slice(7, 43)}?digest=${encodeURIComponent(config)}`;
    this.#record("PUT", upload, { status: 201 }, "application/octet-stream");
    const manifest = `manifests/${this.#reference.tag}`;
    this.#record("HEAD", manifest, { status: 200 });
    const type = "application/vnd.oci.image.manifest.v1+json";
    this.#record("PUT", manifest, { status: 201 }, type);
    return undefined;
  }

  #askForLayer(layer: string): Promise<MetFault | undefined> {
    const path = `blobs/${layer}`;
    const call = {
      operation: "publish",
      hosts: [this.#reference.registryHost],
      text: this.#reference.full,
    } as const;
    return this.#begin("HEAD", path).meet(
      this.#work.signal,
      () => meetFaults(this.#work, call),
      (met) => this.#outcomeOf(met, path),
    );
  }

  /**
   * Ends the span of the other blob: both are requested in parallel, and a final failure of one ends the
   * other.
   */
  #giveUp(met: MetFault, layer: string, config: string): void {
    const outcome = this.#outcomeOf(met, `blobs/${layer}`);
    if (outcome.status === undefined) {
      this.#begin("HEAD", `blobs/${config}`).cancel();
      return;
    }
    this.#record("HEAD", `blobs/${config}`, outcome);
    if (outcome.status === 401 && !this.#work.engine.isOld) {
      this.#record("POST", "blobs/uploads/", outcome);
    }
    const attempts = attemptsFor(outcome.status);
    for (let attempt = 1; attempt < attempts; attempt += 1) {
      if (attempt === attempts - 1) this.#begin("HEAD", `blobs/${config}`).cancel();
      else this.#record("HEAD", `blobs/${config}`, outcome);
      this.#record("HEAD", `blobs/${layer}`, outcome);
    }
  }

  #outcomeOf({ fault }: MetFault, path: string): AskedResult {
    if (fault.kind === "status") return { status: fault.status };
    const url = repositoryUrl(this.#reference, path);
    return { error: plannedNetworkError(fault, url) ?? "EOF" };
  }

  #record(method: Asked["method"], path: string, outcome: AskedResult, type?: string): void {
    this.#begin(method, path, type).end(outcome);
  }

  #begin(method: Asked["method"], path: string, type?: string): RegistryExchange {
    const { engine, span } = this.#work;
    return new RegistryExchange(engine, span, {
      method,
      url: repositoryUrl(this.#reference, path),
      host: this.#reference.registryHost,
      ...(type !== undefined && { headers: { "content-type": type } }),
    });
  }
}
