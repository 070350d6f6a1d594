/** The requests with which an engine pulls an image. They get spans and are counted, but nothing is sent. */

import type { Work } from "../engine/context.js";
import { applyDecision, type MetFault } from "../engine/meet-faults.js";
import { digestOf, type ImageReference } from "../engine/references.js";
import type { PlannedEnd } from "../faults/faults.js";
import { plannedNetworkError } from "../faults/network-errors.js";
import type { Asked, AskedResult } from "./exchange.js";
import { RegistryExchange } from "./exchange.js";
import { attemptsFor, isTokenFault, manifestUrl, repositoryUrl, tokenUrl } from "./registry.js";

/** Where a fault applies: to all connections, at the token server, at the manifest, or at a blob. */
type Stage = "connection" | "token" | "manifest" | "blob";

/** A decision without a fault. */
const HARMLESS: PlannedEnd = { latencyMs: 0, fault: undefined, host: undefined };
/** How often the engine requests the rest of a body that was cut. */
const CUT_ATTEMPTS = 4;
const ALL_ATTEMPTS = 6;

/** Returns the digests of an image's configuration and of its one layer. */
export function blobsOf(digest: string): { readonly config: string; readonly layer: string } {
  return { config: digestOf(`config of ${digest}`), layer: digestOf(`layer of ${digest}`) };
}

/** The requests about one image to its registry. Their spans are below the span of the work. */
export class RegistryTalk {
  readonly #work: Work;
  readonly #reference: ImageReference;
  #decision: PlannedEnd;
  #isAuthorized = false;

  constructor(work: Work, reference: ImageReference, decision: PlannedEnd = HARMLESS) {
    this.#work = work;
    this.#reference = reference;
    this.#decision = decision;
  }

  /** Requests the manifest, by tag or by digest. Returns the fault that applied, if any. */
  async askManifest(): Promise<MetFault | undefined> {
    const stage = this.#stage();
    const url = manifestUrl(this.#reference);
    const hasToken = this.#reference.tokenHost !== undefined || stage === "token";
    if (hasToken && stage !== "connection") {
      this.#record({ method: "HEAD", url }, { status: 401 });
      const met = await this.#ask(this.#tokenRequest(), stage === "token");
      if (met !== undefined) return met;
      this.#isAuthorized = true;
    }
    const met = await this.#ask({ method: "HEAD", url }, stage !== "blob");
    if (met === undefined) return undefined;
    const attempts = this.#attemptsFor(met);
    // The first request led to the token, and counts as one of the six.
    const spent = hasToken && attempts === ALL_ATTEMPTS ? 2 : 1;
    this.#repeat({ method: "HEAD", url }, met, attempts - spent);
    // A digest may also be that of a blob, so the engine asks for both.
    const { digest } = this.#reference;
    if (digest !== undefined) {
      const blob = repositoryUrl(this.#reference, `blobs/${digest}`);
      this.#repeat({ method: "HEAD", url: blob }, met, attempts);
    }
    return met;
  }

  /**
   * Requests what the engine lacks of the manifest and the configuration. Returns the fault that applied,
   * if any.
   */
  async askConfig(digest: string): Promise<MetFault | undefined> {
    const { images } = this.#work.engine;
    if (!images.manifests.has(digest)) {
      const manifest = repositoryUrl(this.#reference, `manifests/${digest}`);
      this.#record({ method: "GET", url: manifest }, { status: 200 });
      images.manifests.add(digest);
    }
    return this.askBlob(blobsOf(digest).config);
  }

  /** Requests a blob. Returns the fault that applied, if any. */
  async askBlob(blob: string): Promise<MetFault | undefined> {
    const asked: Request = {
      method: "GET",
      url: repositoryUrl(this.#reference, `blobs/${blob}`),
    };
    const met = await this.#ask(asked, true);
    if (met === undefined) return undefined;
    const isCut = met.fault.kind === "cutBody";
    const again = isCut ? { ...asked, headers: { range: "bytes=1-" } } : asked;
    this.#repeat(again, met, (isCut ? CUT_ATTEMPTS : this.#attemptsFor(met)) - 1);
    return met;
  }

  #stage(): Stage {
    const { fault } = this.#decision;
    if (isTokenFault(this.#reference, this.#decision)) return "token";
    if (fault?.kind === "cutBody") return "blob";
    if (fault?.kind === "status") return fault.at === "layer" ? "blob" : "manifest";
    const isUnreachable =
      fault?.kind === "dnsFailure" || fault?.kind === "refused" || fault?.kind === "timeout";
    return isUnreachable ? "connection" : "manifest";
  }

  #tokenRequest(): Request {
    return { method: "GET", url: tokenUrl(this.#reference), isToken: true };
  }

  /** Makes one request. If `decides` is true, the planned fault applies to it. */
  async #ask(asked: Request, decides: boolean): Promise<MetFault | undefined> {
    const exchange = this.#begin(asked);
    if (!decides) {
      exchange.end({ status: 200 });
      return undefined;
    }
    const decision = this.#decision;
    this.#decision = HARMLESS;
    return exchange.meet(
      this.#work.signal,
      () => applyDecision(this.#work, decision),
      (met) => outcomeOf(met, asked.url),
    );
  }

  #repeat(asked: Request, met: MetFault, times: number): void {
    for (let time = 0; time < times; time += 1) this.#record(asked, outcomeOf(met, asked.url));
  }

  #record(asked: Request, outcome: AskedResult): void {
    this.#begin(asked).end(outcome);
  }

  #begin(asked: Request): RegistryExchange {
    const { registryHost, tokenHost = registryHost } = this.#reference;
    return new RegistryExchange(this.#work.engine, this.#work.span, {
      ...asked,
      host: asked.isToken ? tokenHost : registryHost,
      headers: { ...(this.#isAuthorized && { authorization: "****" }), ...asked.headers },
    });
  }

  #attemptsFor({ fault }: MetFault): number {
    return fault.kind === "status" ? attemptsFor(fault.status) : 1;
  }
}

/** A request without its host, which follows from the image. */
type Request = Omit<Asked, "host">;

function outcomeOf({ fault }: MetFault, url: URL): AskedResult {
  if (fault.kind === "status") return { status: fault.status };
  const error = plannedNetworkError(fault, url);
  return error === undefined ? { status: 200, error: "unexpected EOF" } : { error };
}
