/** Declares `AbortSignal` for compilers that do not know it. */

/**
 * The part of an abort signal that this package uses, for projects in which neither `@types/node`
 * nor the lib "dom" declares `AbortSignal`.
 */
interface MinimalSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * The type of the global `AbortSignal`. Naming it directly would not compile in projects that do
 * not declare it.
 */
export type AbortSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : MinimalSignal;
