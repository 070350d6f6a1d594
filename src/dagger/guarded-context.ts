/** A context of the SDK with guarded requests; every object made from it is guarded too. */

import { isCircuitBreakerError } from "../breaker/errors.js";
import type { Guard } from "../guard/guard.js";
import type { SdkConnection, SdkContext, SdkContextClass } from "./sdk-shape.js";

/**
 * Creates a guarded copy of a context. Its class extends the context's own, because a process may
 * contain several copies of the SDK, for example inside Dagger modules.
 */
export function guardedContext(
  owner: Guard,
  context: SdkContext,
  connection: SdkConnection,
): SdkContext {
  const given = context.constructor as SdkContextClass;
  const Base = plainClasses.get(given) ?? given;

  class GuardedContext extends Base {
    /** Every method of the SDK that extends the chain ends here, in known and future versions. */
    override async execute(): Promise<unknown> {
      try {
        return await super.execute();
      } catch (error) {
        throw unwrapped(error, owner.settings.signal);
      }
    }
  }
  plainClasses.set(GuardedContext, Base);
  for (const name of ["select", "selectNode", "copy"]) keepGuarded(GuardedContext, Base, name);
  return new GuardedContext(context._queryTree, connection);
}

/** The SDK's own class of each guarded one, so that no class is guarded twice. */
const plainClasses = new WeakMap<SdkContextClass, SdkContextClass>();

/** Makes a method that returns a plain context return a guarded one. */
function keepGuarded(Guarded: SdkContextClass, Base: SdkContextClass, name: string): void {
  const method: unknown = Base.prototype[name];
  if (typeof method !== "function") return;
  Object.defineProperty(Guarded.prototype, name, {
    value(this: SdkContext, ...parameters: unknown[]): SdkContext {
      const plain: SdkContext = method.apply(this, parameters);
      return new Guarded(plain._queryTree, this._connection);
    },
  });
}

/**
 * Unwraps an error of the SDK. The SDK wraps errors of its transport, but our errors, and the
 * user's own abort reason, reach the user unwrapped.
 */
function unwrapped(error: unknown, signal: AbortSignal | undefined): unknown {
  const seen = new Set<unknown>();
  for (let current = error; !seen.has(current); current = causeOf(current)) {
    if (isCircuitBreakerError(current)) return current;
    if (signal?.aborted && current === signal.reason) return current;
    seen.add(current);
  }
  return error;
}

function causeOf(error: unknown): unknown {
  return typeof error === "object" && error !== null && "cause" in error ? error.cause : undefined;
}
