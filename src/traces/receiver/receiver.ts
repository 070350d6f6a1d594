/** Receives the engine's spans on loopback and forwards them to the user's collector. */

import type { IncomingMessage, ServerResponse } from "node:http";
import { setImmediate as nextTurn } from "node:timers/promises";
import type { EngineSpan } from "../../attribution/spans/span.js";
import { askUser } from "../../breaker/announce.js";
import { checkFunction } from "../../options/check.js";
import { HeldBytes } from "../../sockets/bounded-body.js";
import { SecretPathServer } from "../../sockets/secret-path-server.js";
import { Forwarder } from "../forwarding/forwarder.js";
import { PATIENCE } from "../forwarding/retry-policy.js";
import { decodeSpans } from "../otlp/decode.js";
import type { OwnSpan } from "../otlp/encode.js";
import { answer } from "./exporter-answer.js";
import { type BodyProblem, readBody, unpack } from "./incoming-body.js";
import { Connections, withinOrOver } from "./quiet.js";
import {
  type ReceiverSettings,
  readReceiverOptions,
  type TraceReceiverOptions,
} from "./receiver-options.js";
import { formOf, type UnreadBodies, UnreadCounts } from "./unread.js";

/** A function that receives the spans of each body. Spans contain secrets, so do not keep them. */
export type SpansListener = (spans: readonly EngineSpan[]) => void;

/** The counters of a receiver. They never decrease, except the two about the queue. */
export interface TraceReceiverMetrics {
  /** Accepted bodies, and the sum of their sizes as received, in `bytes`. */
  readonly bodies: number;
  readonly bytes: number;
  /** Spans decoded from the bodies. */
  readonly spans: number;
  /** Bodies that were accepted and forwarded, but are malformed. */
  readonly undecodable: number;
  /** Bodies rejected with status 413, because they were too large before or after decompression. */
  readonly tooLarge: number;
  /** Bodies that were accepted and forwarded, but not decoded because of their type or compression. */
  readonly unread: number;
  /** The bodies in `unread`, grouped by kind, such as `"JSON"` or `"deflate"`. */
  readonly unreadByKind: Readonly<Record<string, UnreadBodies>>;
  /** Requests rejected for another reason: a wrong path, too many bytes in memory, or a closed receiver. */
  readonly refused: number;
  /** Bodies that the collector accepted. */
  readonly forwarded: number;
  /** Retries of forwarding a body. */
  readonly retried: number;
  /**
   * Bodies that the collector did not receive. Without a collector, this counts the bodies in `unread`,
   * because nothing used them.
   */
  readonly dropped: number;
  /** Bodies that wait in the queue for the collector, and the sum of their sizes. */
  readonly queuedBodies: number;
  readonly queuedBytes: number;
  /** Spans given to `addOwn`. `ownSpans` reached the collector, `ownSpansDropped` were lost. */
  readonly ownSpans: number;
  readonly ownSpansDropped: number;
}

/** A receiver of traces. Neither the receiver nor its connections keep the process alive. */
export interface TraceReceiver {
  /**
   * The URL to export to, for `OTEL_EXPORTER_OTLP_TRACES_ENDPOINT`. It contains a random token, and
   * requests without the token are rejected.
   */
  readonly endpoint: string;
  /**
   * Calls `listener` with the spans of each body, unless the body has none. A listener that throws causes
   * one warning for the process and affects nothing else.
   *
   * @returns A function that removes the listener.
   */
  onSpans(listener: SpansListener): () => void;
  /**
   * Queues one of our own spans. It is sent after the next forwarded body and with the headers of that
   * body, because credentials are not kept longer. Up to 2,048 spans wait. Without a collector, or without
   * a further body, they are never sent.
   */
  addOwn(span: OwnSpan): void;
  metrics(): TraceReceiverMetrics;
  /**
   * Resolves when no exporter is connected and all bodies are decoded, or after `withinMs`. Useful after a
   * CLI has exited, because an exited CLI has sent all its spans. Never rejects.
   */
  quiet(withinMs: number): Promise<void>;
  /**
   * Stops receiving, and waits until all bodies are decoded and forwarded, up to `closeTimeoutMs`. Bodies
   * that remain are dropped and counted. A second call returns the same promise. Never rejects.
   */
  close(): Promise<void>;
}

/** The limit on bytes in memory, as a number of bodies of the largest size. */
const HELD_BODIES = 4;
/**
 * The status for a body that was not received. A full receiver answers 200 and not 503: after 503, an
 * exporter would retry for 30 s and delay the end of the CLI.
 */
const REJECTION_STATUS: Readonly<Record<BodyProblem, number>> = {
  cut: 400,
  "too-large": 413,
  busy: 200,
};
const NO_FORWARDER = {
  forwarded: 0,
  retried: 0,
  dropped: 0,
  queuedBodies: 0,
  queuedBytes: 0,
  ownSpans: 0,
  ownSpansDropped: 0,
};

/**
 * Starts a receiver of OTLP traces on a free port of 127.0.0.1. It accepts HTTP with protobuf bodies, plain
 * or compressed with gzip. Bodies are forwarded unchanged, one at a time, with their headers.
 *
 * Exporters never wait for the collector: the receiver answers as soon as it has a body. A body is dropped
 * and counted when five attempts fail or the queue is full. The first dropped body causes a warning of the
 * process with the code `traces-dropped`.
 *
 * @throws TypeError or RangeError that names the invalid option. The system's error when no port is
 * available.
 * @example
 * ```ts
 * import { startTraceReceiver } from "dagger-circuit-breaker/traces";
 *
 * const receiver = await startTraceReceiver();
 * receiver.onSpans((spans) => console.log(spans.length));
 * await receiver.close();
 * ```
 */
export async function startTraceReceiver(options?: TraceReceiverOptions): Promise<TraceReceiver> {
  const receiver = new Receiver(readReceiverOptions(options));
  await receiver.listen();
  return receiver;
}

class Receiver implements TraceReceiver {
  readonly #settings: ReceiverSettings;
  readonly #server: SecretPathServer;
  readonly #forwarder: Forwarder | undefined;
  readonly #held: HeldBytes;
  readonly #listeners = new Set<{ readonly listener: SpansListener }>();
  readonly #counts = {
    bodies: 0,
    bytes: 0,
    spans: 0,
    undecodable: 0,
    tooLarge: 0,
    unread: 0,
    refused: 0,
  };
  readonly #unread = new UnreadCounts();
  /**
   * The read of the latest body. Bodies are read one after the other, so that only one decompressed body is
   * in memory.
   */
  #reading: Promise<void> = Promise.resolve();
  readonly #connections = new Connections();
  #closing: Promise<void> | undefined;

  constructor(settings: ReceiverSettings) {
    this.#settings = settings;
    this.#held = new HeldBytes(HELD_BODIES * settings.maxBodyBytes);
    const { forwardTo: endpoint } = settings;
    if (endpoint !== undefined) {
      this.#forwarder = new Forwarder({ ...settings, ...PATIENCE, endpoint });
    }
    this.#server = new SecretPathServer(
      { path: "/v1/traces", maxConnections: settings.maxConnections },
      (request, response) => this.#take(request, response),
      (socket) => this.#connections.add(socket),
    );
  }

  get endpoint(): string {
    return this.#server.endpoint;
  }

  listen(): Promise<void> {
    return this.#server.listen();
  }

  onSpans(listener: SpansListener): () => void {
    // Each call adds a new object, so that the same function can be added twice.
    const entry = { listener: checkFunction<SpansListener>(listener, "the listener of onSpans") };
    if (this.#closing === undefined) this.#listeners.add(entry);
    return () => void this.#listeners.delete(entry);
  }

  addOwn(span: OwnSpan): void {
    this.#forwarder?.addOwn(span);
  }

  metrics(): TraceReceiverMetrics {
    const { unread } = this.#counts;
    const passedOn = this.#forwarder?.metrics() ?? { ...NO_FORWARDER, dropped: unread };
    return { ...this.#counts, unreadByKind: this.#unread.byKind, ...passedOn };
  }

  quiet(withinMs: number): Promise<void> {
    const read = this.#connections.none().then(() => this.#reading);
    return withinOrOver(read, withinMs);
  }

  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#server.close();
    const passedOn = this.#reading.then(() => this.#forwarder?.idle());
    await withinOrOver(passedOn, this.#settings.closeTimeoutMs);
    this.#forwarder?.close();
    await this.#forwarder?.idle();
    this.#server.cut();
    this.#listeners.clear();
  }

  /** Receives one request. Never rejects. */
  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const rejection = this.#rejectionOf(request);
    if (rejection !== undefined) return this.#reject(response, rejection);
    const { maxBodyBytes } = this.#settings;
    const body = await readBody(request, maxBodyBytes, this.#held);
    if (typeof body === "string") return this.#reject(response, REJECTION_STATUS[body]);
    const form = formOf(request.headers);
    if (form.packing === "gzip") {
      this.#queueReading(body, async () => {
        const plain = await unpack(body, maxBodyBytes);
        if (plain === "too-large") return this.#reject(response, REJECTION_STATUS[plain]);
        this.#accept(request, response, body);
        await this.#read(plain);
      });
      return;
    }
    this.#accept(request, response, body);
    if (form.unread === undefined) {
      this.#queueReading(body, async () => this.#read(body));
      return;
    }
    this.#counts.unread++;
    this.#unread.add(form.unread, body.length);
    this.#held.giveBack(body.length);
  }

  /**
   * Returns the status with which to reject a request before its body is read; undefined for a request to
   * accept.
   */
  #rejectionOf(request: IncomingMessage): number | undefined {
    if (!this.#server.isMeant(request)) return 404;
    if (this.#closing !== undefined || !this.#server.admit(request)) return REJECTION_STATUS.busy;
    return undefined;
  }

  #reject(response: ServerResponse, status: number): void {
    if (status === 413) this.#counts.tooLarge++;
    else this.#counts.refused++;
    if (!this.#server.isMember(response.req)) response.shouldKeepAlive = false;
    answer(response, status);
  }

  #accept(request: IncomingMessage, response: ServerResponse, body: Buffer): void {
    this.#counts.bodies++;
    this.#counts.bytes += body.length;
    answer(response, 200);
    this.#forwarder?.add(body, request.rawHeaders);
  }

  #queueReading(body: Buffer, read: () => Promise<void>): void {
    this.#reading = this.#reading
      .then(read)
      .catch(() => undefined)
      .then(() => this.#held.giveBack(body.length));
  }

  async #read(body: Buffer | "damaged"): Promise<void> {
    // The answer goes out first, so that the exporter does not wait for the decoding.
    await nextTurn();
    const spans = body === "damaged" ? undefined : decode(body);
    if (spans === undefined) this.#counts.undecodable++;
    else this.#counts.spans += spans.length;
    if (spans !== undefined && spans.length > 0) this.#tell(spans);
  }

  #tell(spans: readonly EngineSpan[]): void {
    for (const { listener } of this.#listeners) {
      const call = () => listener(spans);
      askUser(this, "the trace receiver", "a listener", call, () => undefined);
    }
  }
}

function decode(body: Buffer): EngineSpan[] | undefined {
  try {
    return decodeSpans(body);
  } catch {
    return undefined;
  }
}
