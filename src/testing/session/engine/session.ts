/** One session with an engine: its objects and what it has resolved. */

import type { OwnSpan } from "../../../traces/otlp/encode.js";
import { EngineError } from "../faults/wire-errors.js";
import type { NestedClient, NestedPort } from "../modules/running-function.js";
import { decodeId } from "../query/ids.js";
import type { ActiveSpan } from "../traces/active-span.js";
import { LateSpans } from "../traces/late-spans.js";
import type { SpanSink } from "../traces/request-span.js";
import { TelemetryPort } from "../traces/telemetry-port.js";
import { DaggerLock } from "./dagger-lock.js";
import type { Engine } from "./engine.js";
import { type Identified, Objects } from "./objects.js";
import { Abandoned, Steps } from "./steps.js";

export class Session {
  readonly #engine: Engine;
  readonly #objects: Objects;
  /** Tags, URLs and git remotes: resolved once per session. */
  readonly resolutions = new Steps();
  /** Its lock file; undefined on engines without lock files. */
  readonly lock: DaggerLock | undefined;
  /** The calls of the API that it has begun, by their content. */
  readonly calls = new Set<string>();
  /**
   * Failures whose span 1.0 names at the end of the message. Repeating an equal call does not
   * change it.
   */
  readonly located = new WeakMap<EngineError, string | undefined>();
  /** The modules that it has called. */
  readonly modules = new Set<string>();
  /** The endpoint for spans of code in its containers. */
  readonly telemetry = new TelemetryPort((span) => this.takeSpan?.(span));
  #lost = false;
  readonly #over = new AbortController();
  #closePort: () => Promise<void> = async () => undefined;
  #openNested: ((client: NestedClient) => Promise<NestedPort>) | undefined;
  readonly #late = new Set<LateSpans>();

  readonly #spans: SpanSink | undefined;

  /** @param spans The receiver of its spans, if any. */
  constructor(engine: Engine, spans?: SpanSink) {
    this.#engine = engine;
    this.#spans = spans;
    this.lock = engine.isOne ? new DaggerLock(engine.settings.workdir) : undefined;
    this.#objects = engine.isOld ? engine.lastingObjects : new Objects();
    engine.sessions.add(this);
  }

  /** Whether the engine that knew this session is gone. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Records that the engine was restarted and does not know this session. */
  lose(): void {
    this.#lost = true;
    this.resolutions.clear();
    this.calls.clear();
  }

  /**
   * Returns the receiver for the spans of a request that begins now. The spans of a killed engine
   * are lost.
   */
  get takeSpan(): ((span: OwnSpan) => void) | undefined {
    const spans = this.#spans;
    // A restarted engine does not know where to send the spans of this session.
    if (spans === undefined || this.#lost) return undefined;
    const { life } = this.#engine;
    return (span) => {
      if (!life.aborted || life.reason instanceof EngineError) spans.add(span);
    };
  }

  /** Returns the same for one call of a function; undefined if there is no receiver. */
  newLateSpans(): LateSpans | undefined {
    const take = this.takeSpan;
    if (take === undefined) return undefined;
    const spans: LateSpans = new LateSpans(take, () => this.#late.delete(spans));
    this.#late.add(spans);
    return spans;
  }

  /** Records the span that a failure comes from, unless a span below it is already recorded. */
  locate(error: EngineError, { origin }: ActiveSpan): void {
    if (!this.located.has(error)) this.located.set(error, origin);
  }

  /** Sets the function that opens a port for the function of a module. */
  onNested(open: (client: NestedClient) => Promise<NestedPort>): void {
    this.#openNested = open;
  }

  /** Opens a port through which the function of a module shares this session. */
  openNested(client: NestedClient): Promise<NestedPort> {
    if (this.#openNested === undefined) throw new Error("the session has no nested ports");
    return this.#openNested(client);
  }

  /** Aborted when the session is over, so that no answer is needed. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Sets the function that closes its port. */
  onDrop(closePort: () => Promise<void>): void {
    this.#closePort = closePort;
  }

  /** Ends the session and closes its port at once, as when the CLI process is killed. */
  async drop(): Promise<void> {
    this.#spans?.abandon();
    await this.#close();
  }

  async #close(): Promise<void> {
    this.#over.abort(new Abandoned("the session is over"));
    for (const spans of this.#late) spans.close();
    this.telemetry.close();
    await this.#closePort();
  }

  /** Ends the session for good: its work stops, and the engine forgets it. */
  async end(): Promise<void> {
    this.#engine.sessions.delete(this);
    await this.#close();
    await this.resolutions.idle();
    this.lock?.write();
  }

  /** Returns the id of an object, always the same for equal objects. */
  idOf(value: Identified): string {
    return this.#objects.idOf(value, () => this.#engine.nextResult());
  }

  /** Returns the object of an id given as the argument `name`. */
  load(id: string, name: string): Identified {
    const handle = decodeId(id);
    const value = handle && this.#objects.get(handle.number);
    if (handle === undefined || value === undefined) {
      const { number = 0, typeName = "" } = handle ?? {};
      throw new EngineError(
        `arg "${name}": resolve ID input "engineResult(${number}): ${typeName}!": resolve result ${number}: missing shared result`,
      );
    }
    return value;
  }
}
