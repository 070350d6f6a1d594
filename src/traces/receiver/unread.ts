/** Counts, by kind, the telemetry that this package cannot decode. */

/** The headers of a request that describe its body. */
interface BodyHeaders {
  readonly "content-type"?: string | undefined;
  readonly "content-encoding"?: string | undefined;
}

/** The totals for one kind of body. */
export interface UnreadBodies {
  readonly bodies: number;
  readonly bytes: number;
}

/**
 * The kinds of bodies that cannot be decoded. The counters do not use the header itself, because the sender
 * chooses its text. The text could contain secrets, and each new text would add a counter.
 */
const KINDS: ReadonlyMap<string, string> = new Map([
  ["application/json", "JSON"],
  ["application/grpc", "gRPC"],
  ["application/x-ndjson", "JSON"],
  ["deflate", "deflate"],
  ["zstd", "zstd"],
  ["x-gzip", "x-gzip"],
  ["br", "br"],
  ["snappy", "snappy"],
  ["lz4", "lz4"],
]);

/** The compressions that this package can decode. */
type Packing = "identity" | "gzip";

/** The compression of a body that can be decoded, or the kind of a body that cannot. */
type BodyForm =
  | { readonly packing: Packing; readonly unread?: undefined }
  | { readonly packing?: undefined; readonly unread: string };

/** Reads from the headers of a body whether and how it can be decoded. */
export function formOf(headers: BodyHeaders): BodyForm {
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/x-protobuf") return { unread: KINDS.get(type) ?? "another type" };
  const packing = (headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (packing === "identity" || packing === "gzip") return { packing };
  return { unread: KINDS.get(packing) ?? "another encoding" };
}

/** Counts undecodable bodies by kind. */
export class UnreadCounts {
  readonly #kinds = new Map<string, UnreadBodies>();

  add(kind: string, bytes: number): void {
    const counted = this.#kinds.get(kind) ?? { bodies: 0, bytes: 0 };
    this.#kinds.set(kind, { bodies: counted.bodies + 1, bytes: counted.bytes + bytes });
  }

  get byKind(): Readonly<Record<string, UnreadBodies>> {
    return Object.fromEntries(this.#kinds);
  }
}

/**
 * Describes the bodies that were not decoded: how many, of which kinds, and whether they were forwarded.
 * Undefined when there were no such bodies.
 */
export function unreadText(
  byKind: Readonly<Record<string, UnreadBodies>>,
  hasCollector: boolean,
): string | undefined {
  const kinds = Object.entries(byKind);
  if (kinds.length === 0) return undefined;
  const bodies = kinds.reduce((sum, [, kind]) => sum + kind.bodies, 0);
  const bytes = kinds.reduce((sum, [, kind]) => sum + kind.bytes, 0);
  const shown = kinds.map(([kind, counted]) => `${counted.bodies} of ${kind}`).join(", ");
  const became = hasCollector
    ? "passed on to the collector unread"
    : "dropped, because no collector is set";
  const were = bodies === 1 ? "1 body" : `${bodies} bodies`;
  return `${were} of telemetry (${shown}; ${bytes} bytes) could not be read here: ${became}.`;
}
