/** The report of `trace`, as `--json` prints it. */

import type { CommandEnd } from "../../runner/attempt/run-command.js";
import type { CommandTrace } from "../../runner/contacts/command-tracing.js";
import type { Contacts } from "../../runner/contacts/contacts.js";
import type { Note } from "../../runner/report/run-report.js";
import type { Environment } from "../../traces/environment.js";
import type { TraceReceiverMetrics } from "../../traces/receiver/receiver.js";
import { unreadText } from "../../traces/receiver/unread.js";
import { parseTraceparent } from "../../traces/trace-context.js";

/** Counts of the received HTTP bodies with spans. */
export interface BodiesReport {
  readonly received: number;
  readonly undecodable: number;
  /** Bodies of a type or an encoding that this program cannot read. */
  readonly unread: TraceReceiverMetrics["unreadByKind"];
  /** Bodies that were rejected, because they were too large or too many arrived at once. */
  readonly refused: number;
  /**
   * Bodies that the user's collector accepted. `dropped` counts those that it did not get. Both are
   * null without a collector.
   */
  readonly forwarded: number | null;
  readonly dropped: number | null;
}

export interface TraceReport {
  readonly exitCode: number;
  readonly signal: string | null;
  readonly durationMs: number;
  /** The hosts, images and calls in the spans; null if no traces were received. */
  readonly contacts: Contacts | null;
  readonly bodies: BodiesReport | null;
  readonly notes: readonly Note[];
}

/** The facts from which a report is made. */
export interface TraceFacts {
  readonly end: CommandEnd;
  readonly durationMs: number;
  readonly trace: CommandTrace | undefined;
  readonly offReason: string | undefined;
  /** The package's own warnings about traces, which were held back while the command ran. */
  readonly warnings: readonly Note[];
  readonly env: Environment;
}

/** Creates the report of `trace`. */
export function traceReport(facts: TraceFacts): TraceReport {
  const { end, durationMs, trace } = facts;
  return {
    exitCode: end.exitCode,
    signal: end.signal,
    durationMs: Math.round(durationMs),
    contacts: trace === undefined ? null : rounded(trace.contacts),
    bodies: trace === undefined ? null : bodiesReport(trace),
    notes: notesOf(facts),
  };
}

/** Rounds times to whole microseconds, because more digits are only noise. */
function rounded(contacts: Contacts): Contacts {
  const upstreams = contacts.upstreams.map((upstream) => ({
    ...upstream,
    durationMs: Math.round(upstream.durationMs * 1000) / 1000,
    slowestMs: Math.round(upstream.slowestMs * 1000) / 1000,
  }));
  return { ...contacts, upstreams };
}

function bodiesReport({ bodies, hasCollector }: CommandTrace): BodiesReport {
  return {
    received: bodies.bodies,
    undecodable: bodies.undecodable,
    unread: bodies.unreadByKind,
    refused: bodies.tooLarge + bodies.refused,
    forwarded: hasCollector ? bodies.forwarded : null,
    dropped: hasCollector ? bodies.dropped : null,
  };
}

function notesOf({ trace, offReason, warnings, env }: TraceFacts): Note[] {
  const notes: Note[] = [];
  if (offReason !== undefined) {
    notes.push({ code: "witness-off", text: `Nothing was traced: ${offReason}.` });
  }
  if (trace !== undefined) {
    const { undecodable, refused } = bodiesReport(trace);
    if (undecodable > 0) notes.push(incomplete("undecodable", undecodable, "could not be read"));
    if (refused > 0)
      notes.push(incomplete("refused", refused, "were too large, or too many arrived at once"));
    const unread = unreadText(trace.bodies.unreadByKind, trace.hasCollector);
    if (unread !== undefined) notes.push({ code: "traces-unread", text: unread });
    if (!hasEngineSpans(trace.contacts)) {
      notes.push({ code: "no-spans", text: whyNoSpans(env) });
    }
    const { exchanges, images } = trace.contacts.omitted;
    if (exchanges + images > 0) {
      const text = `Too many to list: ${exchanges} exchanges with further hosts, ${images} uses of further images.`;
      notes.push({ code: "omitted", text });
    }
  }
  return [...notes, ...warnings.map((warning) => inWordsOf(trace, warning))];
}

/** Rewords a note for users of `trace`, because notes are written for users of `run`. */
function inWordsOf(trace: CommandTrace | undefined, { code, text }: Note): Note {
  if (code === "traces-sampled") {
    return { code, text: "OTEL_TRACES_SAMPLER is set: spans that it drops are missing here." };
  }
  if (code !== "traces-dropped" || trace === undefined) return { code, text };
  const { dropped, bodies } = trace.bodies;
  return { code, text: `${text} It did not get ${dropped} of ${bodies} exports.` };
}

/**
 * Returns whether any span came from an engine. The traced program may also have sent spans of its
 * own.
 */
export function hasEngineSpans({ requests, upstreams }: Contacts): boolean {
  return requests > 0 || upstreams.length > 0;
}

function incomplete(code: string, bodies: number, why: string): Note {
  return { code, text: `Incomplete: ${bodies} exports with spans ${why}.` };
}

function whyNoSpans(env: Environment): string {
  if (parseTraceparent(env.TRACEPARENT)?.sampled === false) {
    return "No spans came: TRACEPARENT marks this trace as not recorded.";
  }
  if ((env.DAGGER_SESSION_PORT ?? "") !== "") {
    return "No spans came: another program opened the session (DAGGER_SESSION_PORT) and gets its spans. Trace that program.";
  }
  return "No spans came: the command was not a dagger command, it ended before it asked an engine, or OTEL_TRACES_SAMPLER drops its spans.";
}
