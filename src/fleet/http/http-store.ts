/** Connects to the shared circuits of another machine, as a client of `dagger-breaker serve`. */

import { type Field, type NumberRange, numberField, readOptions } from "../../options/check.js";
import { isChange, isEntry } from "../reply-shape.js";
import type { FleetCommand } from "../rules/command.js";
import type { FleetChange, FleetReply } from "../rules/reply.js";
import { ScopeListeners } from "../scope-listeners.js";
import type { FleetEntry, FleetKey, FleetListener, FleetStore, OnUnreadable } from "../store.js";
import { FleetStoreError } from "../store-error.js";
import { readHttpUrl } from "../store-url.js";
import { CommandQueue } from "./command-queue.js";
import { EventSubscription } from "./event-subscription.js";
import { HttpClient } from "./http-client.js";
import { COMMANDS_VERSION, PATHS } from "./protocol.js";
import { checkToken, tokenField } from "./token.js";

/** Options of {@link httpStore}. */
export interface HttpStoreOptions {
  /** The URL of the server: `http://HOST:PORT` or `https://HOST:PORT`, optionally with a path. */
  readonly url: string;
  /** The token of the server: 16 to 512 visible ASCII characters without spaces. */
  readonly token: string;
  /**
   * Milliseconds to wait for a response, 1 to 60,000. A command that has waited longer is dropped
   * without being sent. Default: 1,000.
   */
  readonly timeoutMs?: number | undefined;
}

const TIMEOUT: NumberRange = { min: 1, max: 60_000, of: "milliseconds" };

const FIELDS = {
  url: { absent: undefined, read: readHttpUrl } as Field<URL | undefined>,
  token: tokenField,
  timeoutMs: numberField(1000, TIMEOUT),
};

/**
 * Creates a store that uses a server of shared circuits. Commands of one turn of the event loop
 * share one request. Only one request with commands is in flight at a time, so that commands keep
 * their order.
 *
 * @throws TypeError or RangeError for an invalid option. The message contains the option and the
 * expected value, but never the URL or the token.
 */
export function httpStore(options: HttpStoreOptions): FleetStore {
  const { url, token, timeoutMs } = readOptions("httpStore", options, FIELDS);
  if (url === undefined) throw new TypeError('httpStore option "url" is missing');
  const checked = checkToken(token, 'httpStore option "token"');
  return new HttpStore(new HttpClient(url, checked, timeoutMs), timeoutMs);
}

class HttpStore implements FleetStore {
  readonly kind = "http";
  readonly minimumReporters = 2;
  readonly pushes = true;
  readonly #client: HttpClient;
  readonly #queue: CommandQueue;
  readonly #listeners = new ScopeListeners();
  readonly #subscriptions = new Map<string, EventSubscription>();
  #closed = false;

  constructor(client: HttpClient, timeoutMs: number) {
    this.#client = client;
    this.#queue = new CommandQueue(client, timeoutMs);
  }

  /** Checks that the server is up and accepts the token, by sending an empty list of commands. */
  async open(): Promise<void> {
    this.#checkOpen();
    const answer = await this.#client.ask(PATHS.commands, "[]");
    if (!Array.isArray(answer)) throw this.#noAnswer();
  }

  async run(key: FleetKey, command: FleetCommand): Promise<FleetReply> {
    this.#checkOpen();
    const isKnown = this.#client.commandsVersion >= COMMANDS_VERSION;
    return this.#queue.run(key, isKnown ? command : commandOfBefore(command));
  }

  async list(
    scope: string,
    _onUnreadable?: OnUnreadable,
    withReports = false,
  ): Promise<readonly FleetEntry[]> {
    this.#checkOpen();
    const query = new URLSearchParams(withReports ? { scope, reports: "1" } : { scope });
    const answer = await this.#client.ask(`${PATHS.circuits}?${query}`);
    if (Array.isArray(answer) && answer.every(isEntry)) return answer;
    throw this.#noAnswer();
  }

  async scopes(): Promise<readonly string[]> {
    this.#checkOpen();
    const answer = await this.#client.ask(PATHS.scopes);
    if (Array.isArray(answer) && answer.every((scope) => typeof scope === "string")) return answer;
    throw this.#noAnswer();
  }

  async history({ scope, name }: FleetKey): Promise<readonly FleetChange[]> {
    this.#checkOpen();
    const query = new URLSearchParams({ scope, name });
    const answer = await this.#client.ask(`${PATHS.history}?${query}`);
    if (Array.isArray(answer) && answer.every(isChange)) return answer;
    throw this.#noAnswer();
  }

  /** Adds a listener. All listeners of a scope share one event stream. */
  subscribe(scope: string, listener: FleetListener): () => void {
    if (this.#closed) return () => undefined;
    const stop = this.#listeners.add(scope, listener);
    if (!this.#subscriptions.has(scope)) {
      const tell = (entry: FleetEntry) => this.#listeners.tell(scope, entry);
      this.#subscriptions.set(scope, new EventSubscription(this.#client, scope, tell));
    }
    return () => {
      stop();
      if (this.#listeners.has(scope)) return;
      this.#subscriptions.get(scope)?.close();
      this.#subscriptions.delete(scope);
    };
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const subscription of this.#subscriptions.values()) subscription.close();
    this.#subscriptions.clear();
    this.#listeners.clear();
    await this.#queue.idle();
    this.#client.close();
  }

  #checkOpen(): void {
    if (this.#closed) throw new FleetStoreError(`${this.#client.name} is closed`);
  }

  #noAnswer(): FleetStoreError {
    return new FleetStoreError(`${this.#client.name} gave an invalid reply`);
  }
}

/**
 * Removes the parts of a command that a server of an older version does not know, because such a
 * server would reject the command.
 */
function commandOfBefore(command: FleetCommand): FleetCommand {
  switch (command.kind) {
    case "admit": {
      const { reporter: _, ...known } = command;
      return known;
    }
    case "settle": {
      const { faults: _, ...known } = command;
      return known;
    }
    case "tell":
    case "read":
      return { kind: "read" };
    default:
      return command;
  }
}
