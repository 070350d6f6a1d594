/** Exports the output of steps as OTLP log records while the steps run, as the dagger CLI does. */

import { setTimeout as sleep } from "node:timers/promises";
import { PbfWriter } from "pbf";
import type { Environment } from "../../../traces/environment.js";
import { readHeaders } from "../traces/exporter-environment.js";

/** The instrumentation scope of records with output of steps. */
const STEP_SCOPE = "dagger.io/engine.buildkit";
/** The time between two exports. It is fixed in the real CLI, too. */
const INTERVAL_MS = 100;
/** How long a busy collector is tried again. The real CLI ends later because of it. */
const MAX_BUSY_MS = 30_000;
const RETRY_MS = 500;
const RETRYABLE: ReadonlySet<number> = new Set([429, 502, 503, 504]);
const POST_TIMEOUT_MS = 10_000;
const RESOURCE_SCOPE = "dagger-engine";

/** Collects lines and posts them. If a post fails, its lines are lost, and the command continues. */
export class LogExporter {
  readonly #endpoint: string | undefined;
  readonly #headers: Readonly<Record<string, string>>;
  #lines: string[] = [];
  #timer: NodeJS.Timeout | undefined;
  #posting: Promise<void> = Promise.resolve();

  /** @param env The environment. Its `OTEL_EXPORTER_OTLP_LOGS_ENDPOINT` is used without a query string. */
  constructor(env: Environment) {
    this.#endpoint = env.OTEL_EXPORTER_OTLP_LOGS_ENDPOINT?.replace(/\?.*$/, "") || undefined;
    this.#headers = readHeaders(env.OTEL_EXPORTER_OTLP_HEADERS);
  }

  /** Queues a line of a step's output. */
  add(line: string): void {
    if (this.#endpoint === undefined) return;
    this.#lines.push(line);
    this.#timer ??= setTimeout(() => this.#begin(), INTERVAL_MS);
  }

  /** Posts all queued lines. Never rejects. */
  async flush(): Promise<void> {
    if (this.#lines.length > 0) this.#begin();
    await this.#posting;
  }

  #begin(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const body = encodeLogs(this.#lines);
    this.#lines = [];
    this.#posting = this.#posting.then(() => this.#post(body));
  }

  async #post(body: Uint8Array): Promise<void> {
    const endMs = performance.now() + MAX_BUSY_MS;
    while (performance.now() < endMs) {
      const status = await fetch(this.#endpoint ?? "", {
        method: "POST",
        body: Buffer.from(body),
        headers: { ...this.#headers, "content-type": "application/x-protobuf" },
        signal: AbortSignal.timeout(POST_TIMEOUT_MS),
      }).then(
        (response) => response.status,
        () => 0,
      );
      if (!RETRYABLE.has(status)) return;
      await sleep(RETRY_MS);
    }
  }
}

/** Encodes an OTLP `ExportLogsServiceRequest` with one record for each line. */
export function encodeLogs(lines: readonly string[]): Uint8Array {
  const writer = new PbfWriter();
  writer.writeMessage(1, writeResourceLogs, lines);
  return writer.finish();
}

function writeResourceLogs(lines: readonly string[], writer: PbfWriter): void {
  writer.writeMessage(
    1,
    (_nothing: null, resource) => {
      resource.writeMessage(1, writeAttribute, ["service.name", RESOURCE_SCOPE]);
    },
    null,
  );
  writer.writeMessage(2, writeScopeLogs, lines);
}

function writeScopeLogs(lines: readonly string[], writer: PbfWriter): void {
  writer.writeMessage(1, (name: string, scope) => scope.writeStringField(1, name), STEP_SCOPE);
  for (const line of lines) {
    writer.writeMessage(
      2,
      (text: string, record) => {
        record.writeMessage(5, (body: string, value) => value.writeStringField(1, body), text);
      },
      `${line}\n`,
    );
  }
}

function writeAttribute([key, value]: readonly [string, string], writer: PbfWriter): void {
  writer.writeStringField(1, key);
  writer.writeMessage(2, (text: string, field) => field.writeStringField(1, text), value);
}
