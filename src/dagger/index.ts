/**
 * The Dagger SDK with circuit breakers. It exports everything in `@dagger.io/dagger`, with guarded versions
 * of `connect` and `connection`. `guard` guards an existing client.
 */

// Export everything of the SDK. An export below replaces the SDK's export of the same name.
export * from "@dagger.io/dagger";
// Errors, stored data and counters.
export type { GuardRejection } from "../guard/admission/admission.js";
export { sparedRequestCount } from "../guard/admission/avoided-requests.js";
// Known digests.
export { DigestFile, type DigestFileOptions } from "../guard/digests/digest-file.js";
export {
  type DigestStore,
  type KnownDigest,
  MemoryDigests,
  type MemoryDigestsOptions,
} from "../guard/digests/known-digests.js";
export { isSessionLostError, SessionLostError } from "../guard/errors.js";
// The options of a guard, and the registry of its breakers.
export { type GuardBreakers, type GuardOptions, guardRegistry } from "../guard/guard-options.js";
export type { FailureRecord } from "../guard/judgement/failure-record.js";
export type { LockedEvent } from "../guard/locks/lock-file.js";
export type { Mirrors } from "../guard/rewrite/mirrors.js";
export type { PinOptions } from "../guard/rewrite/pin-options.js";
export { type PinnedEvent, pinnedImageCount } from "../guard/rewrite/pinning.js";
export type { Quota } from "../quota/quota.js";
// The remaining pull limit of a registry.
export {
  probeQuota,
  type QuotaCredentials,
  type QuotaFetch,
  type QuotaHttpAnswer,
  QuotaProbeError,
  type QuotaProbeFailure,
  type QuotaProbeOptions,
} from "../quota/quota-probe.js";
// Connecting and guarding.
export { type ConnectOptions, connect, connection } from "./connect.js";
export type { ConnectGuardOptions } from "./connect-options.js";
export { guard } from "./guard-client.js";
export { UnsupportedSdkError } from "./sdk-shape.js";
