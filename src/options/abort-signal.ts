/** Declares `AbortSignal` for projects that have no such global type. */

/**
 * The members of an abort signal that this package uses. Projects that have neither `@types/node`
 * nor the lib "dom" get this type.
 */
interface MinimalSignal {
  readonly aborted: boolean;
  readonly reason: unknown;
  throwIfAborted(): void;
  addEventListener(type: "abort", listener: () => void): void;
  removeEventListener(type: "abort", listener: () => void): void;
}

/**
 * The type of the global `AbortSignal`, or `MinimalSignal` in projects without that global. A plain
 * reference to the global would be a compile error in such projects.
 */
export type AbortSignal = typeof globalThis extends { AbortSignal: { prototype: infer Signal } }
  ? Signal
  : MinimalSignal;
