/**
 * Receives the spans of a command while it runs. At the end, returns the command's contacts: the
 * hosts, images and calls in the spans.
 */

import { setTimeout as sleep } from "node:timers/promises";
import type { Evidence } from "../../attribution/spans/evidence.js";
import { startEngineTraces } from "../../traces/engine-traces.js";
import type { Environment } from "../../traces/environment.js";
import { withinOrOver } from "../../traces/receiver/quiet.js";
import type { TraceReceiver, TraceReceiverMetrics } from "../../traces/receiver/receiver.js";
import { CommandExchanges } from "./command-exchanges.js";
import { type Contacts, ContactTotals } from "./contacts.js";
import { RequestSpans } from "./request-spans.js";

/** The contacts of a command, and counts of the request bodies with spans that were received. */
export interface CommandTrace {
  readonly contacts: Contacts;
  readonly bodies: TraceReceiverMetrics;
  /** Whether the user has an OpenTelemetry collector, to which all bodies were passed on. */
  readonly hasCollector: boolean;
}

/** The request trace of one command. */
export interface CommandTracing {
  /** Variables to add to the environment of the command; empty if no traces are received. */
  readonly variables: Readonly<Record<string, string>>;
  /**
   * The reason why no traces are received; undefined if they are. Names variables, never their
   * values.
   */
  readonly offReason: string | undefined;
  /** The receiver of spans; undefined when off. `end` closes the receiver. */
  readonly receiver: TraceReceiver | undefined;
  /** Whether the user has an OpenTelemetry collector, to which all bodies are passed on. */
  readonly hasCollector: boolean;
  /** Reports that a limit is about to end the command; see {@link CommandExchanges.dropped}. */
  dropped(timeoutMs: number): void;
  /**
   * Waits until all spans of an attempt have arrived, and returns the HTTP exchanges in them;
   * undefined when off.
   */
  exchanges(): Promise<readonly Evidence[] | undefined>;
  /** Ends the trace after the command; undefined when off. Never rejects. */
  end(how?: TracingEnd): Promise<CommandTrace | undefined>;
}

/** Options of `end`. */
export interface TracingEnd {
  /** Whether programs that outlive the command may still connect and send spans. Default: false. */
  readonly mayBeLate?: boolean;
  /** Whether we may be killed soon, so that missing spans are dropped. Default: false. */
  readonly isHurried?: boolean;
}

/**
 * The wait for late spans ends after this time without a new body. A `dagger` command has sent all
 * spans when it exits, but a `dagger` started by a script may still run.
 */
const QUIET_MS = 250;
const MAX_WAIT_MS = 2_000;
/** The shorter limit for a run that got a signal to end, because it will be killed soon. */
const HURRIED_WAIT_MS = 250;

/**
 * Starts receiving traces. A failure is reported in `offReason` and never keeps the command from
 * running.
 *
 * @param env The environment of the command, before variables of ours are added.
 */
export async function startCommandTracing(env: Environment): Promise<CommandTracing> {
  const traces = await startEngineTraces(env);
  if (traces.receiver === undefined) {
    return {
      variables: {},
      offReason: traces.offReason,
      receiver: undefined,
      hasCollector: false,
      dropped: () => undefined,
      exchanges: async () => undefined,
      end: async () => undefined,
    };
  }
  const { receiver, variables, hasCollector } = traces;
  const totals = new ContactTotals();
  const exchanges = new CommandExchanges();
  const requests = new RequestSpans((spans, isWhole) => {
    totals.add(spans);
    exchanges.add(spans, isWhole);
  });
  receiver.onSpans((spans) => requests.take(spans));
  return {
    variables,
    offReason: undefined,
    receiver,
    hasCollector,
    dropped(timeoutMs) {
      requests.end();
      exchanges.dropped(timeoutMs);
    },
    async exchanges() {
      await receiver.quiet(MAX_WAIT_MS);
      requests.end();
      return exchanges.take();
    },
    async end({ mayBeLate = false, isHurried = false } = {}) {
      if (mayBeLate) await untilQuiet(receiver);
      else await receiver.quiet(isHurried ? HURRIED_WAIT_MS : MAX_WAIT_MS);
      if (isHurried) await withinOrOver(receiver.close(), HURRIED_WAIT_MS);
      else await receiver.close();
      requests.end();
      return { contacts: totals.totals(), bodies: receiver.metrics(), hasCollector };
    },
  };
}

async function untilQuiet(receiver: TraceReceiver): Promise<void> {
  let before = -1;
  for (let waitedMs = 0; waitedMs < MAX_WAIT_MS; waitedMs += QUIET_MS) {
    const { bodies } = receiver.metrics();
    if (bodies === before) return;
    before = bodies;
    await sleep(QUIET_MS);
  }
}
