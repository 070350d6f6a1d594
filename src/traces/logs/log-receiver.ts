/**
 * Receives the logs of a CLI, which show that its steps are active. Logs contain the output of steps, so
 * they are counted and forwarded to the user's collector, but never kept.
 */

import type { IncomingMessage, ServerResponse } from "node:http";
import { HeldBytes } from "../../sockets/bounded-body.js";
import { SecretPathServer } from "../../sockets/secret-path-server.js";
import { Forwarder } from "../forwarding/forwarder.js";
import { PATIENCE } from "../forwarding/retry-policy.js";
import { answer } from "../receiver/exporter-answer.js";
import { readBody, unpack } from "../receiver/incoming-body.js";
import { withinOrOver } from "../receiver/quiet.js";
import { countRecords } from "./count-records.js";

/** A function that receives, for each body, the number of records per instrumentation scope. */
export type RecordsListener = (records: ReadonlyMap<string, number>) => void;

/** A receiver of logs on loopback. The receiver does not keep the process alive. */
export interface LogReceiver {
  /** The URL to export to. Its path contains a random token, and requests without the token are rejected. */
  readonly endpoint: string;
  /** Calls the listener for each body. Returns a function that removes it. */
  onRecords(listener: RecordsListener): () => void;
  /**
   * Stops receiving, and waits until the queue is forwarded. Never rejects.
   *
   * @param withinMs The longest wait in milliseconds. Default: 2,000.
   */
  close(withinMs?: number): Promise<void>;
}

const MIB = 1_048_576;
const MAX_BODY_BYTES = 16 * MIB;
const MAX_HELD_BYTES = 64 * MIB;
const MAX_QUEUE_BYTES = 32 * MIB;
const MAX_QUEUED_BODIES = 1_000;
const MAX_CONNECTIONS = 64;
const CLOSE_TIMEOUT_MS = 2_000;

/**
 * Starts a receiver on a free port of 127.0.0.1.
 *
 * @param forwardTo The endpoint of the user's log collector; undefined without a collector.
 * @throws The system's error when no port is available.
 */
export async function startLogReceiver(forwardTo: string | undefined): Promise<LogReceiver> {
  const receiver = new Receiver(forwardTo);
  await receiver.listen();
  return receiver;
}

class Receiver implements LogReceiver {
  readonly #server = new SecretPathServer(
    { path: "/v1/logs", maxConnections: MAX_CONNECTIONS },
    (request, response) => this.#take(request, response),
  );
  readonly #forwarder: Forwarder | undefined;
  readonly #held = new HeldBytes(MAX_HELD_BYTES);
  readonly #listeners = new Set<RecordsListener>();
  /**
   * The read of the latest body. Bodies are read one after the other, so that only one decompressed body is
   * in memory.
   */
  #reading: Promise<void> = Promise.resolve();

  constructor(endpoint: string | undefined) {
    if (endpoint !== undefined) {
      this.#forwarder = new Forwarder({
        ...PATIENCE,
        endpoint,
        contents: "logs",
        maxQueueBytes: MAX_QUEUE_BYTES,
        maxQueuedBodies: MAX_QUEUED_BODIES,
        resourceAttributes: {},
      });
    }
  }

  get endpoint(): string {
    return this.#server.endpoint;
  }

  listen(): Promise<void> {
    return this.#server.listen();
  }

  onRecords(listener: RecordsListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  async close(withinMs = CLOSE_TIMEOUT_MS): Promise<void> {
    this.#server.close();
    const passedOn = this.#reading.then(() => this.#forwarder?.idle());
    await withinOrOver(passedOn, withinMs);
    this.#forwarder?.close();
    this.#server.cut();
    this.#listeners.clear();
  }

  /**
   * Receives one body. Always answers 200, because any other status would make the exporter retry and delay
   * the end of the CLI. Never rejects.
   */
  async #take(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (!this.#server.isMeant(request)) {
      request.resume();
      answer(response, 404);
      return;
    }
    if (!this.#server.admit(request)) {
      request.resume();
      answer(response, 200);
      return;
    }
    const body = await readBody(request, MAX_BODY_BYTES, this.#held);
    answer(response, 200);
    if (typeof body === "string") return;
    this.#forwarder?.add(body, request.rawHeaders);
    const isPacked = request.headers["content-encoding"]?.trim().toLowerCase() === "gzip";
    this.#reading = this.#reading
      .then(() => this.#read(body, isPacked))
      .catch(() => undefined)
      .then(() => this.#held.giveBack(body.length));
  }

  async #read(body: Buffer, isPacked: boolean): Promise<void> {
    const plain = isPacked ? await unpack(body, MAX_BODY_BYTES) : body;
    if (typeof plain === "string") return;
    const records = countRecords(plain);
    if (records.size === 0) return;
    for (const listener of this.#listeners) listener(records);
  }
}
