/** Receives the spans of a command while it runs, and tells at its end what it contacted. */

import { setTimeout as sleep } from "node:timers/promises";
import type { Evidence } from "../../attribution/spans/evidence.js";
import { startEngineTraces } from "../../traces/engine-traces.js";
import type { Environment } from "../../traces/environment.js";
import { withinOrOver } from "../../traces/receiver/quiet.js";
import type { TraceReceiver, TraceReceiverMetrics } from "../../traces/receiver/receiver.js";
import { CommandEvidence } from "./command-evidence.js";
import { type Contacts, ContactTotals } from "./contacts.js";
import { RequestSpans } from "./request-spans.js";

/** What a command contacted, and what became of the bodies that told. */
export interface CommandTrace {
  readonly contacts: Contacts;
  readonly bodies: TraceReceiverMetrics;
  /** Whether the user has a collector that bodies were passed on to. */
  readonly hasCollector: boolean;
}

/** A witness of one command. */
export interface CommandWitness {
  /** What to add to the environment of the command; empty when there is nothing to hear. */
  readonly variables: Readonly<Record<string, string>>;
  /** Why the command is not heard; undefined when it is. Names variables, never their values. */
  readonly offReason: string | undefined;
  /** Where the spans come in; undefined when it is off. `end` closes it. */
  readonly receiver: TraceReceiver | undefined;
  /** Whether the user has a collector that bodies are passed on to. */
  readonly hasCollector: boolean;
  /** A limit of ours is about to end the command; see {@link CommandEvidence.dropped}. */
  dropped(timeoutMs: number): void;
  /**
   * What the spans of an attempt prove, once it has ended and all who send have gone; undefined when
   * it is off.
   */
  evidence(): Promise<readonly Evidence[] | undefined>;
  /** Ends it, once the command has ended; undefined when it was off. Never rejects. */
  end(how?: WitnessEnd): Promise<CommandTrace | undefined>;
}

/** How a witness is ended. */
export interface WitnessEnd {
  /**
   * Whether spans may come of programs that outlive the command and have not connected yet. Default:
   * false.
   */
  readonly mayBeLate?: boolean;
  /** Whether we may be killed soon, so that what has not come yet is given up. Default: false. */
  readonly isHurried?: boolean;
}

/**
 * How long nothing must come before no more is waited for, where spans may be late. A dagger command
 * has sent everything when it ends, but one that was started by another program may end after that.
 */
const QUIET_MS = 250;
const MAX_WAIT_MS = 2_000;
/** The same for a run that was told to end: who told it so kills it soon. */
const HURRIED_WAIT_MS = 250;

/**
 * Starts a witness. What prevents it is told by `offReason` and never keeps the command from running.
 *
 * @param env The environment that the command would have without us.
 */
export async function startCommandWitness(env: Environment): Promise<CommandWitness> {
  const traces = await startEngineTraces(env);
  if (traces.receiver === undefined) {
    return {
      variables: {},
      offReason: traces.offReason,
      receiver: undefined,
      hasCollector: false,
      dropped: () => undefined,
      evidence: async () => undefined,
      end: async () => undefined,
    };
  }
  const { receiver, variables, hasCollector } = traces;
  const totals = new ContactTotals();
  const evidence = new CommandEvidence();
  const requests = new RequestSpans((spans, isWhole) => {
    totals.add(spans);
    evidence.add(spans, isWhole);
  });
  receiver.onSpans((spans) => requests.take(spans));
  return {
    variables,
    offReason: undefined,
    receiver,
    hasCollector,
    dropped(timeoutMs) {
      requests.end();
      evidence.dropped(timeoutMs);
    },
    async evidence() {
      await receiver.quiet(MAX_WAIT_MS);
      requests.end();
      return evidence.take();
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
