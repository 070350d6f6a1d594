/**
 * Wraps a user's store of digests, so that errors and invalid answers of the store do not affect a request.
 */

import { askUser } from "../../breaker/announce.js";
import type { DigestStore, KnownDigest } from "./known-digests.js";
import { isDigest, isPlatform, tagReference } from "./references.js";

const WHOSE = 'the store in option "pin"';

/**
 * Asks a user's store, and accepts only answers that can be written into a request. Errors, rejections and
 * invalid answers of the store are ignored. The first of them causes a warning.
 */
export class CheckedDigests implements DigestStore {
  readonly #store: DigestStore;

  constructor(store: DigestStore) {
    this.#store = store;
  }

  find(reference: string, platform: string): KnownDigest | undefined {
    const tag = tagReference(reference);
    if (tag === undefined || !isPlatform(platform)) return undefined;
    const question = () => this.#store.find(tag, platform);
    return askUser(this.#store, WHOSE, "the method find", question, (found) =>
      found === undefined || found === null ? undefined : readKnown(found, tag, platform),
    );
  }

  remember(reference: string, platform: string, digest: string): void {
    this.#tell("remember", () => this.#store.remember(reference, platform, digest));
  }

  prove(reference: string, platform: string, digest: string): void {
    this.#tell("prove", () => this.#store.prove(reference, platform, digest));
  }

  #tell(method: "remember" | "prove", tell: () => unknown): void {
    askUser(this.#store, WHOSE, `the method ${method}`, tell, () => undefined);
  }
}

/**
 * Returns the validated answer of a store for a tag. Only the answer's digest, time and `proven` are used.
 */
function readKnown(found: unknown, reference: string, platform: string): KnownDigest {
  const { digest, learntAtMs, proven } = found as Partial<Record<keyof KnownDigest, unknown>>;
  if (typeof digest !== "string" || !isDigest(digest) || !Number.isFinite(learntAtMs)) {
    throw new TypeError("the store returned an invalid digest");
  }
  return { reference, platform, digest, learntAtMs: Number(learntAtMs), proven: proven === true };
}
