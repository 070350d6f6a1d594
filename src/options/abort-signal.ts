/** Declares `AbortSignal` for compilers that do not know it. */

/**
 * The part of an abort signal that is used when neither `@types/node` nor the lib "dom" declares
 * one.
 */
interface MinimalSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** The global `AbortSignal`. A reference by name would not compile for users who declare none. */
export type AbortSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : MinimalSignal;
