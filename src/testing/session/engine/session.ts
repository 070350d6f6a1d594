/** One session with an engine: its objects, and what it has resolved. */

import type { OwnSpan } from "../../../traces/otlp/encode.js";
import { EngineError } from "../faults/wire-errors.js";
import { decodeId } from "../query/ids.js";
import type { ActiveSpan } from "../traces/active-span.js";
import { LateSpans } from "../traces/late-spans.js";
import type { SpanSink } from "../traces/request-span.js";
import { TelemetryPort } from "../traces/telemetry-port.js";
import { DaggerLock } from "./dagger-lock.js";
import type { Engine } from "./engine.js";
import { type Identified, Objects } from "./objects.js";
import type { NestedClient, NestedPort } from "./running-function.js";
import { Abandoned, Steps } from "./steps.js";

/** The ports through which clients use a session. */
export interface SessionPorts {
  /** Opens a port for a function of a module. */
  openNested(client: NestedClient): Promise<NestedPort>;
  /** Closes the port of the session itself. It may be called again. */
  close(): Promise<void>;
}

export class Session {
  readonly #engine: Engine;
  readonly #objects: Objects;
  /** Tags, URLs and git remotes that were resolved. Each is resolved once per session. */
  readonly resolutions = new Steps();
  /** The lock file of the session; undefined on engines without lock files. */
  readonly lock: DaggerLock | undefined;
  /** The calls of the API that the session has begun, by their content. */
  readonly calls = new Set<string>();
  /** The span that 1.0 names at the end of a failure's message. It stays the same if the call is repeated. */
  readonly located = new WeakMap<EngineError, string | undefined>();
  /** The modules whose functions the session has called. */
  readonly modules = new Set<string>();
  /** Receives spans from code in the containers of this session. */
  readonly telemetry = new TelemetryPort((span) => this.takeSpan?.(span));
  #lost = false;
  readonly #over = new AbortController();
  readonly #late = new Set<LateSpans>();
  readonly #ports: SessionPorts;
  readonly #spans: SpanSink | undefined;

  /** @param spans Receives the spans of the session, if it has a receiver. */
  constructor(engine: Engine, ports: SessionPorts, spans: SpanSink | undefined) {
    this.#engine = engine;
    this.#ports = ports;
    this.#spans = spans;
    this.lock = engine.isOne ? new DaggerLock(engine.settings.workdir) : undefined;
    this.#objects = engine.isOld ? engine.lastingObjects : new Objects();
    engine.sessions.add(this);
  }

  /** Whether the engine that opened this session is gone. */
  get lost(): boolean {
    return this.#lost;
  }

  /** Records that a restarted engine does not know this session. */
  lose(): void {
    this.#lost = true;
    this.resolutions.clear();
    this.calls.clear();
  }

  /** Returns a receiver for the spans of a request that begins now. It loses them if the engine is killed. */
  get takeSpan(): ((span: OwnSpan) => void) | undefined {
    const spans = this.#spans;
    // A restarted engine does not know where to send the spans of this session.
    if (spans === undefined || this.#lost) return undefined;
    const { life } = this.#engine;
    return (span) => {
      if (!life.aborted || life.reason instanceof EngineError) spans.add(span);
    };
  }

  /**
   * Returns an object that delays the spans of one function call and then passes them on. Returns
   * undefined if the session's spans have no receiver.
   */
  newLateSpans(): LateSpans | undefined {
    const take = this.takeSpan;
    if (take === undefined) return undefined;
    const spans: LateSpans = new LateSpans(take, () => this.#late.delete(spans));
    this.#late.add(spans);
    return spans;
  }

  /** Records which span a failure comes from. The innermost span wins. */
  locate(error: EngineError, { origin }: ActiveSpan): void {
    if (!this.located.has(error)) this.located.set(error, origin);
  }

  /** Opens a port through which a function of a module uses this session. */
  openNested(client: NestedClient): Promise<NestedPort> {
    return this.#ports.openNested(client);
  }

  /** Aborted when the session has ended, so that no answer is needed. */
  get over(): AbortSignal {
    return this.#over.signal;
  }

  /** Ends the session and closes its port at once, as if its CLI process was killed. */
  async drop(): Promise<void> {
    this.#spans?.abandon();
    await this.#close();
  }

  async #close(): Promise<void> {
    this.#over.abort(new Abandoned("the session is over"));
    for (const spans of this.#late) spans.close();
    this.telemetry.close();
    await this.#ports.close();
  }

  /** Ends the session for good: stops its work, and removes it from the engine. */
  async end(): Promise<void> {
    this.#engine.sessions.delete(this);
    await this.#close();
    await this.resolutions.idle();
    this.lock?.write();
  }

  /** Returns the id of an object. Equal objects have the same id. */
  idOf(value: Identified): string {
    return this.#objects.idOf(value, () => this.#engine.nextResult());
  }

  /** Returns the object with an id. `name` is the argument that contained the id, for the error message. */
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
