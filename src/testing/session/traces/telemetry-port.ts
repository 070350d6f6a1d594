/** Receives spans from code in containers, and adds them to the engine's. */

import { createServer, type IncomingMessage, type Server } from "node:http";
import { readUpTo } from "../../../sockets/bounded-body.js";
import { listenOnLoopback } from "../../../sockets/loopback.js";
import { decodeSpans } from "../../../traces/otlp/decode.js";
import type { OwnSpan } from "../../../traces/otlp/encode.js";

/** The variables with which code in a container finds this port. */
export interface TelemetryEnvironment {
  readonly OTEL_EXPORTER_OTLP_ENDPOINT: string;
  readonly OTEL_EXPORTER_OTLP_PROTOCOL: string;
  readonly OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: string;
  readonly OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: string;
}

const PROTOCOL = "http/protobuf";
const LARGEST_BODY_BYTES = 16 * 1024 * 1024;

/** The port of one session. It is opened on first use. */
export class TelemetryPort {
  readonly #take: (span: OwnSpan) => void;
  readonly #server: Server;
  #port: Promise<number> | undefined;
  #closed = false;

  constructor(take: (span: OwnSpan) => void) {
    this.#take = take;
    this.#server = createServer(async (request, response) => {
      response.on("error", () => undefined);
      await this.#read(request).catch(() => undefined);
      // Logs and metrics get a success, too, but are not read.
      response.end();
    });
    this.#server.on("connection", (socket) => socket.unref());
  }

  async environment(): Promise<TelemetryEnvironment> {
    if (this.#closed) throw new Error("the session is over");
    this.#port ??= listenOnLoopback(this.#server);
    const endpoint = `http://127.0.0.1:${await this.#port}`;
    return {
      OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
      OTEL_EXPORTER_OTLP_PROTOCOL: PROTOCOL,
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${endpoint}/v1/traces`,
      OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: PROTOCOL,
    };
  }

  close(): void {
    this.#closed = true;
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #read(request: IncomingMessage): Promise<void> {
    const body = await readUpTo(request, LARGEST_BODY_BYTES);
    if (!request.url?.startsWith("/v1/traces")) return;
    // A body without spans throws, and is ignored.
    for (const span of decodeSpans(body ?? Buffer.alloc(0))) this.#take(span as OwnSpan);
  }
}
