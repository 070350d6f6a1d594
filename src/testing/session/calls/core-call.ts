/** Decides which calls of the API get spans, and what the spans contain. */

import type { Work } from "../engine/context.js";
import { parseReference } from "../engine/references.js";
import { EngineError } from "../faults/wire-errors.js";
import { contentKey } from "../files/scratch.js";
import type { PlannedField } from "../query/query-plan.js";
import { type Attributes, SCOPES } from "../traces/active-span.js";
import { CallSpan, TWIN } from "./call-span.js";
import { callDigest, callTypeOf, digestOfValue, EnumValue, encodeCall } from "./dag-call.js";
import { isOwnBusiness } from "./own-business.js";

/** A call: one field of an object, with its arguments. Ids are already replaced by their objects. */
export interface CoreCall {
  readonly typeName: string;
  readonly field: PlannedField;
  readonly parent: unknown;
  readonly args: Readonly<Record<string, unknown>>;
}

/** Calls that an engine never treats as equal to an earlier one. */
const NEVER_THE_SAME: ReadonlySet<string> = new Set([
  "Container.publish",
  "Query.secret",
  "Secret.plaintext",
]);
/** Calls whose results an engine never keeps. */
const NEVER_KEPT = /\.(?:publish|export|plaintext)$/;
/** Calls that engine 0.21 only records. It runs them when a result is read. */
const PUT_OFF: ReadonlySet<string> = new Set([
  "Container.withExec",
  "Container.file",
  "Container.directory",
  "Directory.withNewFile",
]);
/** Fields whose meaning depends on the version of the API. */
const VIEWED: ReadonlySet<string> = new Set([
  "Container.withExec",
  "Container.stdout",
  "Directory.entries",
  "Directory.export",
  "GitRef.tree",
  "GitRepository.branch",
  "GitRepository.tag",
  "Query.git",
]);
/** Types whose results engine 0.21 keeps for later sessions. */
const REMEMBERED: ReadonlySet<string> = new Set(["Container", "Directory", "File"]);
/** Fields whose values never leave the engine, not even in a span. */
const SENSITIVE: ReadonlySet<string> = new Set(["plaintext"]);

/**
 * Makes a call in a span. If this session has made an equal call before, there is no span, even if that one
 * failed. If an equal call worked in another session, the span is marked as cached.
 */
export async function traceCall(
  work: Work,
  call: CoreCall,
  make: (work: Work) => Promise<unknown>,
): Promise<unknown> {
  const name = `${call.typeName}.${call.field.name}`;
  // Engines create no span for a module runtime's own calls, such as `loadContainerFromID`.
  if (isOwnBusiness(call.typeName, call.field.name)) return make(work);
  const key = keyOf(call);
  if (work.session.calls.has(key)) return makeAgain(work, twinName(work, call), key, make);
  if (!NEVER_THE_SAME.has(name)) work.session.calls.add(key);
  const isCached = work.engine.calls.has(key) && isRemembered(work, call);
  const span = new CallSpan(work, name, attributesOf(work, call, name, isCached), {
    isSingle: isCached || NEVER_KEPT.test(name),
    twinName: twinName(work, call),
  });
  let result: unknown;
  try {
    result = await make({ ...work, span: span.inner });
  } catch (error) {
    // If the call could not even be identified, it never began, so it has no span.
    if (!(error instanceof EngineError && error.uncalled)) span.fail(error);
    throw error;
  }
  work.engine.calls.add(key);
  span.end({ attributes: resultAttributes(work, name, result, isCached) });
  return result;
}

/** Makes a call again. On 1.0, a call that has not worked yet gets only a twin span. */
async function makeAgain(
  work: Work,
  name: string,
  key: string,
  make: (work: Work) => Promise<unknown>,
): Promise<unknown> {
  if (!work.engine.isOne || work.engine.calls.has(key)) return make(work);
  const twin = work.span.child(SCOPES.dagql, name, TWIN);
  return twin.run(() =>
    make({ ...work, span: twin }).catch((error: unknown) => {
      // An error of repeated work names no span, either.
      if (error instanceof EngineError) work.session.located.delete(error);
      throw error;
    }),
  );
}

/** Returns the name of the twin span. For a function, the name of the module comes first. */
function twinName({ engine }: Work, { typeName, field }: CoreCall): string {
  const name = `${typeName}.${field.name}`;
  const { byType, typeNames } = engine.settings.modules;
  const type = typeName === "Query" ? (typeNames.get(field.name) ?? "") : typeName;
  const module = byType.get(type)?.name;
  return module === undefined ? name : `${module}:${name}`;
}

/** Makes the inner call of `from` with the digest. An engine makes it after it has resolved a tag. */
export async function traceInnerFrom(
  work: Work,
  reference: string,
  parent: { readonly typeName: "Container"; readonly key: string },
  make: (work: Work) => Promise<void>,
): Promise<void> {
  const outer = work.span.child(SCOPES.core, `from ${reference}`, INTERNAL);
  await outer.run(async () => {
    const key = fromKey(parent.key, reference);
    if (work.session.calls.has(key)) return;
    work.session.calls.add(key);
    const isCached = !work.engine.isOld && work.engine.calls.has(key);
    const call = encodeCall({
      receiver: digestOfValue(parent),
      field: "from",
      type: { named: "Container", isNonNull: true },
      args: [["address", reference]],
      digest: callDigest(key),
      view: undefined,
    });
    const state = isCached ? CACHED : work.engine.isOld ? {} : PENDING;
    const span = new CallSpan(
      { ...work, span: outer },
      "Container.from",
      { "dagger.io/dag.call": call, ...INTERNAL, ...state },
      { isSingle: isCached },
    );
    await span.run((traced) => (isCached ? Promise.resolve() : make(traced)));
    work.engine.calls.add(key);
  });
}

/** Returns the attributes of the span for a call that an engine makes inside another call. */
export function innerCallAttributes(
  field: string,
  type: string,
  args: readonly (readonly [string, unknown])[],
  receiver?: string,
): Attributes {
  const digest = callDigest(receiver, field, args);
  const returns = { named: type, isNonNull: true };
  return {
    ...INTERNAL,
    "dagger.io/dag.call": encodeCall({
      ...{ receiver, field, type: returns, args, digest },
      view: undefined,
    }),
  };
}

const INTERNAL: Attributes = { "dagger.io/ui.internal": true };
const CACHED: Attributes = { "dagger.io/dag.cached": true };
const PENDING: Attributes = { "dagger.io/dag.pending": true };

function keyOf({ typeName, field, parent, args }: CoreCall): string {
  const { key } = parent as { readonly key: string };
  const address = typeName === "Container" && field.name === "from" ? args.address : undefined;
  if (typeof address === "string") return fromKey(key, fullReference(address));
  const given = field.given.map(({ name }) => [name, keyOfValue(args[name])]);
  return contentKey(typeName, key, field.name, given);
}

function fromKey(parentKey: string, reference: string): string {
  return contentKey("Container", parentKey, "from", reference);
}

function fullReference(address: string): string {
  try {
    return parseReference(address).full;
  } catch {
    return address;
  }
}

function keyOfValue(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(keyOfValue);
  return typeof value === "object" && value !== null ? (value as { key: string }).key : value;
}

function isRemembered(work: Work, { typeName, field, args }: CoreCall): boolean {
  if (work.engine.isOld) return false;
  if (work.engine.settings.modules.byType.has(typeName)) return true;
  const type = callTypeOf(field.type);
  if (!("named" in type) || !REMEMBERED.has(type.named)) return false;
  if (typeName === "Query") return field.name === "container" || field.name === "directory";
  if (!REMEMBERED.has(typeName)) return false;
  return field.name !== "from" || String(args.address).includes("@");
}

function attributesOf(work: Work, call: CoreCall, name: string, isCached: boolean): Attributes {
  if (!work.span.isTraced) return {};
  const { field, parent, args, typeName } = call;
  const encoded = encodeCall({
    receiver: typeName === "Query" ? undefined : digestOfValue(parent),
    field: field.name,
    type: callTypeOf(field.type),
    args: field.given
      .filter(({ name }) => !SENSITIVE.has(name))
      .map(({ name, isEnum }) => [
        name,
        isEnum && typeof args[name] === "string" ? new EnumValue(args[name]) : args[name],
      ]),
    digest: callDigest(keyOf(call)),
    view: VIEWED.has(name) ? work.engine.settings.engineVersion : undefined,
  });
  return { "dagger.io/dag.call": encoded, ...(isCached && CACHED) };
}

function resultAttributes(
  work: Work,
  name: string,
  result: unknown,
  isCached: boolean,
): Attributes {
  if (work.engine.isOld || isCached) return {};
  if (PUT_OFF.has(name)) return PENDING;
  const { image } = (result ?? {}) as { readonly image?: { readonly digest: string } };
  // The engine does not have the content of this image yet.
  const isPending =
    name === "Container.from" &&
    image !== undefined &&
    !work.engine.images.contents.has(image.digest);
  return isPending ? PENDING : {};
}
