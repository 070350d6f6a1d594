/**
 * Receives the spans of a command while the command runs. At the end, returns the command's
 * contacts: the hosts, images and calls in the spans.
 */

import type { Evidence } from "../../attribution/spans/evidence.js";
import { startEngineTraces } from "../../traces/engine-traces.js";
import type { Environment } from "../../traces/environment.js";
import { withinOrOver } from "../../traces/receiver/quiet.js";
import type { TraceReceiver, TraceReceiverMetrics } from "../../traces/receiver/receiver.js";
import { CommandExchanges } from "./command-exchanges.js";
import { type Contacts, ContactTotals } from "./contacts.js";
import { RequestSpans } from "./request-spans.js";

/** The contacts of a command, and counts of the received HTTP bodies and their spans. */
export interface CommandTrace {
  readonly contacts: Contacts;
  readonly bodies: TraceReceiverMetrics;
  /** Whether all bodies were also passed on to an OpenTelemetry collector of the user. */
  readonly hasCollector: boolean;
}

/** The tracing of one command, from before its start until after its end. */
export interface CommandTracing {
  /** Variables to add to the environment of the command; empty if no traces are received. */
  readonly variables: Readonly<Record<string, string>>;
  /**
   * The reason why no traces are received; undefined if traces are received. Contains names of
   * variables, never their values.
   */
  readonly offReason: string | undefined;
  /** The receiver of spans; undefined if no traces are received. `end` closes the receiver. */
  readonly receiver: TraceReceiver | undefined;
  /** Whether all bodies are also passed on to an OpenTelemetry collector of the user. */
  readonly hasCollector: boolean;
  /** Reports that a limit is about to end the command; see {@link CommandExchanges.dropped}. */
  dropped(timeoutMs: number): void;
  /**
   * Waits until all spans of an attempt have arrived, and returns the HTTP exchanges in them.
   * Returns undefined if no traces are received.
   */
  exchanges(): Promise<readonly Evidence[] | undefined>;
  /**
   * Closes the receiver after the command, and returns the contacts. Returns undefined if no traces
   * are received. Never rejects.
   */
  end(how?: TracingEnd): Promise<CommandTrace | undefined>;
}

/** Options of `end`. */
export interface TracingEnd {
  /** Whether programs that outlive the command may still connect and send spans. Default: false. */
  readonly mayBeLate?: boolean;
  /** Whether this process may be killed soon. If true, late spans are dropped. Default: false. */
  readonly isHurried?: boolean;
}

/** The time without a new body after which a wait for late spans ends. */
const QUIET_MS = 250;
const MAX_WAIT_MS = 2_000;
/** The limit on waits after a signal that ends the run, because this process may be killed soon. */
const HURRIED_WAIT_MS = 250;

/**
 * Starts to receive traces. A failure is reported in `offReason` and never keeps the command from
 * running.
 *
 * @param env The environment of the command, before this package adds variables.
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

/**
 * Waits for a program that outlives the command: until {@link QUIET_MS} passed without a new body and no
 * exporter is connected. On a busy machine, a connected exporter may send its first body late.
 */
export async function untilQuiet(
  receiver: Pick<TraceReceiver, "metrics" | "quiet">,
): Promise<void> {
  let isOver = false;
  const isQuiet = async () => {
    for (let before = -1; !isOver && before !== receiver.metrics().bodies; ) {
      before = receiver.metrics().bodies;
      await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
      await receiver.quiet(MAX_WAIT_MS);
    }
  };
  await withinOrOver(isQuiet(), MAX_WAIT_MS);
  isOver = true;
}
