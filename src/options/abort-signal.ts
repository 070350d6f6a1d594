/** A type in our declarations that not every compiler knows. */

/** The part of an abort signal that matters where neither `@types/node` nor the lib "dom" declares one. */
interface MinimalSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/** The global `AbortSignal`. A reference to it by name would be an error for users who declare none. */
export type AbortSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : MinimalSignal;
