/**
 * Finds in the spans of an engine which images it used, what their tags resolved to, and which it asked a
 * registry for.
 */

import { parseImageReference } from "../hosts.js";
import { redact } from "../redact.js";
import { dagCallOf } from "./dag-call.js";
import type { EngineSpan } from "./span.js";
import { SpanTree } from "./span-tree.js";

/** An image reference whose form was checked in full, so that it contains no credentials and may be shown. */
export interface PlainImage {
  /** Host, repository and tag. It contains the digest only if there is no tag. */
  readonly image: string;
  /** The digest in the reference, or what its tag resolved to; else null. */
  readonly digest: string | null;
}

/** Facts about images from the spans of an engine. */
export interface ImageFacts {
  /** The images that successful calls of `from` named, one entry per call. */
  readonly uses: readonly PlainImage[];
  /** The images that the engine asked a registry for, each once. */
  readonly asked: readonly string[];
}

const FROM_CALL = "Container.from";
const RESOLVED = /^from ([^\s"]{1,1024})$/;
const IMAGE_WORK = /^(?:resolving|pulling|pushing) ([^\s"]{1,1024})$/;
/** The grammar of an image reference. The groups capture host, tag and digest. */
const REFERENCE =
  /^((?:\[[0-9a-f:]{2,45}\]|[a-z0-9.-]{1,253})(?::[0-9]{1,5})?(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)+)(?::(\w[\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$/;

/**
 * Returns an image reference in full, with `:latest` if it has neither tag nor digest. For any other text
 * it returns undefined, so that no credentials get through.
 */
export function plainImage(address: string): PlainImage | undefined {
  const reference = parseImageReference(address)?.reference;
  const match = REFERENCE.exec(reference ?? "");
  if (match === null || redact(match[0]) !== match[0]) return undefined;
  const [, repository, tag, digest = null] = match;
  if (tag === undefined && digest !== null) return { image: `${repository}@${digest}`, digest };
  return { image: `${repository}:${tag ?? "latest"}`, digest };
}

/** Returns the facts about images in finished spans. Never throws. */
export function imageFactsOf(spans: readonly EngineSpan[]): ImageFacts {
  const tree = new SpanTree(spans);
  const resolved = new Map<EngineSpan, PlainImage>();
  const asked = new Set<string>();
  for (const span of spans) {
    const became = resolvedBy(span);
    const call = became === undefined ? undefined : outermostFrom(span, tree);
    if (became !== undefined && call !== undefined) resolved.set(call, became);
    const image = askedImage(span, tree);
    if (image !== undefined) asked.add(image);
  }
  const uses: PlainImage[] = [];
  for (const span of spans) {
    if (!isFrom(span) || span.status === "error") continue;
    const named = outermostFrom(span, tree) === undefined ? namedBy(span) : undefined;
    if (named === undefined) continue;
    const became = resolved.get(span);
    uses.push(became?.image === named.image ? became : named);
  }
  return { uses, asked: [...asked] };
}

/**
 * Returns the outermost `from` around a span. For a tag, the engine calls `from` again with the digest;
 * only the outer call is the user's.
 */
function outermostFrom(span: EngineSpan, tree: SpanTree): EngineSpan | undefined {
  const seen = new Set<EngineSpan>();
  let outermost: EngineSpan | undefined;
  for (let at = tree.nearest(span, isFrom); at !== undefined; at = tree.nearest(at, isFrom)) {
    // Forged spans may form a loop.
    if (seen.has(at)) break;
    seen.add(at);
    outermost = at;
  }
  return outermost;
}

function isFrom({ name, scope }: EngineSpan): boolean {
  return name === FROM_CALL && scope === "dagger.io/core";
}

/** Returns the image that a tag resolved to, from the span of the engine's work on it. */
function resolvedBy({ scope, name }: EngineSpan): PlainImage | undefined {
  const reference = scope === "dagger.io/core" ? RESOLVED.exec(name)?.[1] : undefined;
  return reference === undefined ? undefined : plainImage(reference);
}

function namedBy(call: EngineSpan): PlainImage | undefined {
  const address = dagCallOf(call)?.texts.address;
  return address === undefined ? undefined : plainImage(address);
}

/** Returns the image that an HTTP request to a registry is for. */
function askedImage(span: EngineSpan, tree: SpanTree): string | undefined {
  if (typeof span.attributes["http.request.method"] !== "string") return undefined;
  const work = tree.nearest(span, ({ name }) => IMAGE_WORK.test(name));
  const reference = work === undefined ? undefined : IMAGE_WORK.exec(work.name)?.[1];
  return reference === undefined ? undefined : plainImage(reference)?.image;
}
