/**
 * Finds facts about images in the spans of an engine. These are the images that it used, the digests of their
 * tags, and the images that it requested from a registry.
 */

import { parseImageReference } from "../hosts.js";
import { redact } from "../redact.js";
import { dagCallOf } from "./dag-call.js";
import type { EngineSpan } from "./span.js";
import { SpanTree } from "./span-tree.js";

/** An image reference that was checked completely. It contains no credentials, so it may be shown. */
export interface PlainImage {
  /**
   * The host, the repository and the tag. If the reference has only a digest, the digest replaces the tag.
   */
  readonly image: string;
  /** The digest in the reference, or the digest to which its tag resolved. Null if neither is known. */
  readonly digest: string | null;
}

/** Facts about images from the spans of an engine. */
export interface ImageFacts {
  /** The images in successful calls of `from`, one entry for each call. */
  readonly uses: readonly PlainImage[];
  /** The images that the engine requested from a registry, each once. */
  readonly asked: readonly string[];
}

const FROM_CALL = "Container.from";
const RESOLVED = /^from ([^\s"]{1,1024})$/;
const IMAGE_WORK = /^(?:resolving|pulling|pushing) ([^\s"]{1,1024})$/;
/**
 * The grammar of an image reference. The groups capture the repository with its host, the tag and the digest.
 */
const REFERENCE =
  /^((?:\[[0-9a-f:]{2,45}\]|[a-z0-9.-]{1,253})(?::[0-9]{1,5})?(?:\/[a-z0-9]+(?:(?:\.|__?|-+)[a-z0-9]+)*)+)(?::(\w[\w.-]{0,127}))?(?:@(sha256:[0-9a-f]{64}|sha512:[0-9a-f]{128}))?$/;

/**
 * Returns a complete image reference, with `:latest` if it has neither tag nor digest. Returns undefined for
 * any other text, so that the result contains no credentials.
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
 * Returns the outermost `from` around a span. For a tag, the engine itself calls `from` again with the
 * digest. Only the outermost call is the user's.
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

/** Returns the image to which a tag resolved, from the span of the engine's work on the tag. */
function resolvedBy({ scope, name }: EngineSpan): PlainImage | undefined {
  const reference = scope === "dagger.io/core" ? RESOLVED.exec(name)?.[1] : undefined;
  return reference === undefined ? undefined : plainImage(reference);
}

function namedBy(call: EngineSpan): PlainImage | undefined {
  const address = dagCallOf(call)?.texts.address;
  return address === undefined ? undefined : plainImage(address);
}

/** Returns the image that an HTTP request to a registry asks for. Returns undefined for other spans. */
function askedImage(span: EngineSpan, tree: SpanTree): string | undefined {
  if (typeof span.attributes["http.request.method"] !== "string") return undefined;
  const work = tree.nearest(span, ({ name }) => IMAGE_WORK.test(name));
  const reference = work === undefined ? undefined : IMAGE_WORK.exec(work.name)?.[1];
  return reference === undefined ? undefined : plainImage(reference)?.image;
}
