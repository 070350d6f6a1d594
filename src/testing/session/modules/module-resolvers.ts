/** Resolves the fields that modules add to the API: a constructor for each, and their functions. */

import { CallSpan } from "../calls/call-span.js";
import { innerCallAttributes } from "../calls/core-call.js";
import type { Work } from "../engine/context.js";
import { contentKey } from "../files/scratch.js";
import type { PlannedField } from "../query/query-plan.js";
import { SCOPES } from "../traces/active-span.js";
import { callFunction } from "./function-run.js";

type Resolve = (work: Work, args: Readonly<Record<string, unknown>>) => unknown;

/** Returns the resolver for a field of a module; undefined for other fields. */
export function moduleField(
  work: Work,
  typeName: string,
  field: PlannedField,
): Resolve | undefined {
  const { byType, typeNames } = work.engine.settings.modules;
  const ofModule = typeName === "Query" ? typeNames.get(field.name) : undefined;
  if (ofModule !== undefined) return (traced) => construct(traced, field.name, ofModule);
  const settings = byType.get(typeName)?.functions.get(field.name);
  return settings && ((traced, args) => callFunction(traced, settings, field, args));
}

function construct({ session, span }: Work, name: string, typeName: string): unknown {
  if (!session.modules.has(name)) {
    span.child(SCOPES.core, "load sdk runtime", { "dagger.io/ui.internal": true }).end();
  }
  session.modules.add(name);
  return { typeName, key: contentKey("module", typeName) };
}

/** Emits the span with which an engine opens a module, once per session. */
export function openModule(work: Work, name: string): void {
  const { engine, session } = work;
  if (!engine.settings.modules.typeNames.has(name) || session.modules.has(name)) return;
  const attributes = innerCallAttributes("_implementationScoped", "Module", []);
  new CallSpan(work, "Module._implementationScoped", attributes).end();
}
