/** Keeps shared circuits in one SQLite file, for many processes on one machine. */

import { resolve } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { checkText, type Field, numberField, readOptions, show } from "../../options/check.js";
import { nowMicrosField } from "../now-micros.js";
import { isReply } from "../reply-shape.js";
import type { FleetCommand } from "../rules/command.js";
import { type Reduction, reduce } from "../rules/reduce.js";
import type { FleetChange, FleetReply } from "../rules/reply.js";
import type { FleetState } from "../rules/state.js";
import { ScopeListeners } from "../scope-listeners.js";
import {
  entryOf,
  type FleetEntry,
  type FleetKey,
  type FleetListener,
  type FleetStore,
  type OnUnreadable,
} from "../store.js";
import { FleetStoreError, StoreBusyError, UnreadableCircuitError } from "../store-error.js";
import { CircuitFile, LIST_PAGE } from "./circuit-file.js";
import { loadSqlite } from "./node-sqlite.js";
import { isBusy, patiently } from "./patience.js";
import { failureOf } from "./reason.js";

/** Options of {@link sqliteStore}. */
export interface SqliteStoreOptions {
  /** The path of the file. The store creates the file and its folders if they are missing. */
  readonly path: string;
  /**
   * Milliseconds that a command waits while another process writes; a whole number from 0 to 1,000.
   * The wait blocks the process. Default: 20.
   */
  readonly busyTimeoutMs?: number | undefined;
  /** Returns the time in whole microseconds since 1970. Default: the time of this machine. */
  readonly nowMicros?: (() => number) | undefined;
}

const MAX_PATH_LENGTH = 4096;
const OPEN_FOR_MS = 500;
const OPEN_AGAIN_MS = 10;

const pathField: Field<string> = {
  absent: "",
  read(value, label) {
    const path = checkText(value, label, MAX_PATH_LENGTH);
    if (path !== ":memory:" && !path.includes("\0")) return resolve(path);
    throw new RangeError(`${label} is ${show(path)}, expected the path of a file`);
  },
};
const FIELDS = {
  path: pathField,
  busyTimeoutMs: numberField(20, { min: 0, max: 1000, whole: true, of: "milliseconds" }),
  // The system time, because monotonic clocks differ between processes.
  nowMicros: nowMicrosField(() => Date.now() * 1000),
};

interface Waiting {
  readonly key: FleetKey;
  readonly command: FleetCommand;
  answer(reply: FleetReply): void;
  fail(error: unknown): void;
}

/**
 * Creates a store in a SQLite file. `open()` or the first command opens the file. All processes
 * must be on one machine, because SQLite's locks do not work on network file systems.
 *
 * @throws TypeError or RangeError for an invalid option, with the expected value. {@link
 * FleetStoreError} before Node.js 22.13, which has no SQLite.
 */
export function sqliteStore(options: SqliteStoreOptions): FleetStore {
  const { path, busyTimeoutMs, nowMicros } = readOptions("sqliteStore", options, FIELDS);
  if (path === "") {
    throw new TypeError('sqliteStore option "path" is missing, expected the path of a file');
  }
  loadSqlite();
  return new SqliteStore(path, busyTimeoutMs, nowMicros);
}

class SqliteStore implements FleetStore {
  readonly kind = "sqlite";
  readonly minimumReporters = 1;
  /** False, because SQLite does not notify a process of changes by other processes. */
  readonly pushes = false;
  readonly #path: string;
  readonly #busyTimeoutMs: number;
  readonly #nowMicros: () => number;
  readonly #listeners = new ScopeListeners();
  #waiting: Waiting[] = [];
  #file: CircuitFile | undefined;
  #closed = false;

  constructor(path: string, busyTimeoutMs: number, nowMicros: () => number) {
    this.#path = path;
    this.#busyTimeoutMs = busyTimeoutMs;
    this.#nowMicros = nowMicros;
  }

  /** Opens the file. Retries while another process creates it at the same time. */
  async open(): Promise<void> {
    const endMs = performance.now() + OPEN_FOR_MS;
    for (;;) {
      try {
        this.#ready();
        return;
      } catch (error) {
        const told = this.#failed(error);
        if (!isBusy(error) || performance.now() >= endMs) throw told;
      }
      await new Promise((again) => setTimeout(again, OPEN_AGAIN_MS));
    }
  }

  /** Runs a command. All commands of one tick share one transaction, because that is faster. */
  run(key: FleetKey, command: FleetCommand): Promise<FleetReply> {
    return new Promise((answer, fail) => {
      this.#waiting.push({ key, command, answer, fail });
      if (this.#waiting.length === 1) queueMicrotask(() => this.#work());
    });
  }

  async list(...given: Parameters<FleetStore["list"]>): Promise<readonly FleetEntry[]> {
    const entries: FleetEntry[] = [];
    for await (const page of this.pages(...given)) entries.push(...page);
    return entries;
  }

  async *pages(
    scope: string,
    onUnreadable?: OnUnreadable,
    withReports = false,
  ): AsyncGenerator<readonly FleetEntry[], void> {
    const command = { kind: "read", report: withReports } as const;
    for (let after = ""; ; await nextTurn()) {
      const entries: FleetEntry[] = [];
      const nowMicros = this.#nowMicros();
      const page = this.#ask((file) => file.list(scope, after, nowMicros / 1000));
      for (const { name, read } of page) {
        after = name;
        try {
          entries.push(entryOf(name, this.#reduce(name, read, command, nowMicros).reply));
        } catch (error) {
          if (!(error instanceof UnreadableCircuitError)) throw error;
          onUnreadable?.(name, error);
        }
      }
      yield entries;
      if (page.length < LIST_PAGE) return;
    }
  }

  async scopes(): Promise<readonly string[]> {
    return this.#ask((file) => file.scopes(this.#nowMicros() / 1000));
  }

  async history(key: FleetKey): Promise<readonly FleetChange[]> {
    return this.#ask((file) => {
      const found = file.find(key, this.#nowMicros() / 1000);
      return found === undefined ? [] : file.changesOf(found.id);
    });
  }

  /** Adds a listener. It receives only changes that are made through this store object. */
  subscribe(scope: string, listener: FleetListener): () => void {
    return this.#listeners.add(scope, listener);
  }

  async close(): Promise<void> {
    this.#work();
    this.#closed = true;
    this.#listeners.clear();
    this.#drop();
  }

  #work(): void {
    const batch = this.#waiting;
    this.#waiting = [];
    if (batch.length === 0) return;
    let left: readonly Waiting[] = batch;
    let isWriting = false;
    try {
      const replies = patiently(this.#busyTimeoutMs, () => {
        isWriting = false;
        const file = this.#ready();
        left = left.slice(this.#answerUnchanged(file, left));
        if (left.length === 0) return [];
        isWriting = true;
        return file.write(() => left.map((waiting) => this.#apply(file, waiting)));
      });
      for (const [index, reply] of replies.entries()) this.#answer(left[index], reply);
    } catch (error) {
      const told = this.#failed(error, isWriting);
      // `fail` has no effect on a command that has already been answered.
      for (const { fail } of batch) fail(told);
    }
  }

  #answer(waiting: Waiting | undefined, reply: FleetReply | UnreadableCircuitError): void {
    if (waiting === undefined) return;
    if (reply instanceof UnreadableCircuitError) {
      waiting.fail(reply);
      return;
    }
    waiting.answer(reply);
    const { scope, name } = waiting.key;
    const { changes, snapshot } = reply;
    if (changes.length > 0) this.#listeners.tell(scope, { name, snapshot });
  }

  /**
   * Answers commands without a lock, until one changes a circuit. Returns the number of answers.
   */
  #answerUnchanged(file: CircuitFile, batch: readonly Waiting[]): number {
    for (const [index, { key, command, answer, fail }] of batch.entries()) {
      if (command.kind !== "admit" && command.kind !== "read") return index;
      const nowMicros = this.#nowMicros();
      const found = file.find(key, nowMicros / 1000);
      try {
        const { state, reply, before } = this.#reduce(key.name, found?.read, command, nowMicros);
        if (state !== before || reply.changes.length > 0) return index;
        answer(reply);
      } catch (error) {
        if (!(error instanceof UnreadableCircuitError)) throw error;
        fail(error);
      }
    }
    return batch.length;
  }

  /** Applies one command. Returns an error for invalid data: throwing it would undo the batch. */
  #apply(file: CircuitFile, { key, command }: Waiting): FleetReply | UnreadableCircuitError {
    const nowMicros = this.#nowMicros();
    const found = file.find(key, nowMicros / 1000);
    try {
      const { state, reply, before } = this.#reduce(key.name, found?.read, command, nowMicros);
      if (state !== undefined && state !== before) {
        file.keep(key, found?.id, state, reply.changes);
      }
      return reply;
    } catch (error) {
      if (error instanceof UnreadableCircuitError) return error;
      throw error;
    }
  }

  /** Applies a command to a stored circuit. Throws an `UnreadableCircuitError` for invalid data. */
  #reduce(
    name: string,
    read: (() => FleetState) | undefined,
    command: FleetCommand,
    nowMicros: number,
  ): Reduction & { readonly before: FleetState | undefined } {
    try {
      const before = read?.();
      const reduction = reduce(before, command, nowMicros);
      if (isReply(reduction.reply, command.kind === "admit" ? command.count : 0)) {
        return { ...reduction, before };
      }
    } catch (error) {
      if (read === undefined) throw error;
    }
    throw new UnreadableCircuitError(
      `the circuit ${JSON.stringify(name)} in ${this.#path} is invalid; ` +
        "delete its row, or use another file",
    );
  }

  #ask<T>(question: (file: CircuitFile) => T): T {
    try {
      return patiently(this.#busyTimeoutMs, () => question(this.#ready()));
    } catch (error) {
      throw this.#failed(error);
    }
  }

  /** Returns the open file. Opens it again if it was deleted or replaced: writes would be lost. */
  #ready(): CircuitFile {
    if (this.#closed) throw new FleetStoreError(`the store in ${this.#path} is closed`);
    if (this.#file?.isGone()) this.#drop();
    this.#file ??= new CircuitFile(this.#path);
    return this.#file;
  }

  /**
   * Converts an error. After any error but a lock timeout, closes the file to open it again later.
   */
  #failed(error: unknown, isWriting = false): FleetStoreError {
    if (isBusy(error)) {
      return new StoreBusyError(
        `${this.#path} is busy: another process held it for more than ${this.#busyTimeoutMs} ms`,
        error,
      );
    }
    this.#drop();
    return failureOf(this.#path, error, isWriting);
  }

  #drop(): void {
    const file = this.#file;
    this.#file = undefined;
    try {
      file?.close();
    } catch {
      // Ignored: committed data is in the file, and this connection is not used again.
    }
  }
}
