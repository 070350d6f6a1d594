/** Telemetry that this package cannot read: what kind it is, and how much of it has come. */

/** What of the head of a request says what its body is. */
interface BodyHeaders {
  readonly "content-type"?: string | undefined;
  readonly "content-encoding"?: string | undefined;
}

/** What the bodies of one kind come to. */
export interface UnreadBodies {
  readonly bodies: number;
  readonly bytes: number;
}

/**
 * What may be said of a body that cannot be read. The header itself is never shown or kept: it is
 * the sender's, and each of its values would be one more kind.
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

/** How a body is packed, of those that are read. */
type Packing = "identity" | "gzip";

/** How a body is to be read, or of which kind it is that cannot be. */
type BodyForm =
  | { readonly packing: Packing; readonly unread?: undefined }
  | { readonly packing?: undefined; readonly unread: string };

/** Tells by the headers of a body whether it can be read. */
export function formOf(headers: BodyHeaders): BodyForm {
  const type = headers["content-type"]?.split(";")[0]?.trim().toLowerCase() ?? "";
  if (type !== "application/x-protobuf") return { unread: KINDS.get(type) ?? "another type" };
  const packing = (headers["content-encoding"] ?? "identity").trim().toLowerCase();
  if (packing === "identity" || packing === "gzip") return { packing };
  return { unread: KINDS.get(packing) ?? "another encoding" };
}

/** Counts bodies that cannot be read, by their kind. */
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

/** Says how much could not be read, of what kind, and what became of it; undefined when nothing was. */
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
