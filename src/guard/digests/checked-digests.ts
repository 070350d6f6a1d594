/** Wraps a user's store of digests, so that its errors and wrong answers do not affect a request. */

import { askUser } from "../../breaker/announce.js";
import type { DigestStore, KnownDigest } from "./known-digests.js";
import { isDigest, isPlatform, tagReference } from "./references.js";

const WHOSE = "the option pin";

/**
 * Asks a user's store, and accepts only answers that can be written into a request. Its errors, rejections
 * and wrong answers are ignored. The first causes one warning of the process.
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
    return askUser(this.#store, WHOSE, "find of the store", question, (found) =>
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
    askUser(this.#store, WHOSE, `${method} of the store`, tell, () => undefined);
  }
}

/** Validates a store's answer for a tag. Only the digest, its time and `proven` are used. */
function readKnown(found: unknown, reference: string, platform: string): KnownDigest {
  const { digest, learntAtMs, proven } = found as Partial<Record<keyof KnownDigest, unknown>>;
  if (typeof digest !== "string" || !isDigest(digest) || !Number.isFinite(learntAtMs)) {
    throw new TypeError("the store returned an invalid digest");
  }
  return { reference, platform, digest, learntAtMs: Number(learntAtMs), proven: proven === true };
}
