/** Serves a store of shared circuits to other machines over HTTP. */

import { once } from "node:events";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import {
  checkText,
  type Field,
  functionField,
  numberField,
  objectField,
  readOptions,
} from "../../options/check.js";
import { BACKLOG } from "../../sockets/backlog.js";
import { MAX_UNVERIFIED_HEAD_BYTES, TokenGate } from "../../sockets/token-gate.js";
import type { FleetStore } from "../store.js";
import { EventStreams } from "./event-streams.js";
import type { HealthPages } from "./health-pages.js";
import type { OnStoreError } from "./lost-outcomes.js";
import { type MetricsPage, readableBy } from "./metrics-page.js";
import { Offer } from "./offer.js";
import { HEARTBEAT_MS } from "./protocol.js";
import { checkToken, tokenCheck, tokenField } from "./token.js";

/** Options of {@link startFleetServer}. */
export interface FleetServerOptions {
  /** The store to serve. The server neither opens nor closes the store. */
  readonly store: FleetStore;
  /** The token that every client must send: 16 to 512 visible ASCII characters without spaces. */
  readonly token: string;
  /** The address to listen on. Default: `"127.0.0.1"`, which only this machine can reach. */
  readonly host?: string | undefined;
  /** The port to listen on, 0 to 65,535. With 0, the system picks a free port. Default: 0. */
  readonly port?: number | undefined;
  /**
   * Maximum number of open connections that have shown the token, 1 to 100,000. At most half of
   * them may be event streams. Other connections have a separate limit, and are closed after 5
   * seconds. Default: 1,000.
   */
  readonly maxConnections?: number | undefined;
  /** Milliseconds between two heartbeats of an event stream, 10 to 60,000. Default: 10,000. */
  readonly heartbeatMs?: number | undefined;
  /**
   * Called for each command that the store failed to run, and for each circuit that the store could
   * not read. Also receives the number of outcomes that were lost with a command. Default: none.
   */
  readonly onStoreError?: OnStoreError | undefined;
  /** The page to serve at `/metrics`, and its token. Default: none. */
  readonly metrics?: MetricsPage | undefined;
  /**
   * The pages to serve at `/health/live`, `/health/ready` and `/health/circuits`. Only
   * `/health/circuits` needs a token: the token of `metrics`. Default: none.
   */
  readonly health?: HealthPages | undefined;
}

/** A running server. */
export interface FleetServer {
  /** The URL of the server, such as `http://127.0.0.1:7420`. */
  readonly url: string;
  /**
   * Stops the server. Accepts no new requests, ends all event streams, and gives running requests
   * one second to finish.
   */
  close(): Promise<void>;
}

/**
 * The milliseconds for which the server keeps an idle connection. Clients and common proxies close
 * idle connections earlier. If the server closed first, a request that was just sent could get
 * lost.
 */
const KEEP_ALIVE_TIMEOUT_MS = 75_000;
const REQUEST_TIMEOUT_MS = 10_000;
const CLOSE_WITHIN_MS = 1000;

const storeField: Field<FleetStore | undefined> = objectField<FleetStore, undefined>(undefined, [
  "run",
  "list",
  "history",
  "subscribe",
]);
const FIELDS = {
  store: storeField,
  token: tokenField,
  host: {
    absent: "127.0.0.1",
    read: (value, label) => checkText(value, label, 255),
  } as Field<string>,
  port: numberField(0, { min: 0, max: 65_535, whole: true }),
  maxConnections: numberField(1000, { min: 1, max: 100_000, whole: true }),
  heartbeatMs: numberField(HEARTBEAT_MS, { min: 10, max: 60_000, of: "milliseconds" }),
  onStoreError: functionField<OnStoreError>(),
  metrics: objectField<MetricsPage, undefined>(undefined, ["text"]) as Field<
    MetricsPage | undefined
  >,
  health: objectField<HealthPages, undefined>(undefined, ["ready", "circuits"]) as Field<
    HealthPages | undefined
  >,
};

/**
 * Serves a store over HTTP. The token travels with every request, so put the server behind HTTPS on
 * a network that others can read.
 *
 * @returns The server, once it listens. Rejects with the system's error if it cannot listen.
 * @throws TypeError or RangeError for an invalid option. The message contains the option and the
 * expected value, but never a token.
 */
export async function startFleetServer(options: FleetServerOptions): Promise<FleetServer> {
  const { store, token, host, port, maxConnections, heartbeatMs, ...given } = readOptions(
    "startFleetServer",
    options,
    FIELDS,
  );
  if (store === undefined) throw new TypeError('startFleetServer option "store" is missing');
  const isAllowed = tokenCheck(checkToken(token, 'startFleetServer option "token"'));
  const metrics = given.metrics && readableBy(given.metrics, isAllowed);
  const streams = new EventStreams(store, Math.ceil(maxConnections / 2), heartbeatMs);
  const gate = new TokenGate(maxConnections);
  const { health, onStoreError = () => undefined } = given;
  const offer = new Offer({ store, gate, isAllowed, streams, metrics, health, onStoreError });
  const server = createServer(
    {
      keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
      requestTimeout: REQUEST_TIMEOUT_MS,
      maxHeaderSize: MAX_UNVERIFIED_HEAD_BYTES,
    },
    (request, response) => void offer.answer(request, response),
  );
  server.on("connection", (socket) => gate.enter(socket));
  server.listen({ host, port, exclusive: true, backlog: BACKLOG });
  try {
    await once(server, "listening");
  } catch (error) {
    streams.close();
    throw error;
  }
  server.on("error", () => undefined);
  return { url: urlOf(server), close: () => close(server, streams) };
}

function urlOf(server: Server): string {
  const { address, family, port } = server.address() as AddressInfo;
  return `http://${family === "IPv6" ? `[${address}]` : address}:${port}`;
}

async function close(server: Server, streams: EventStreams): Promise<void> {
  const closed = new Promise((resolve) => server.close(resolve));
  streams.close();
  const cut = setTimeout(() => server.closeAllConnections(), CLOSE_WITHIN_MS);
  await closed;
  clearTimeout(cut);
}
