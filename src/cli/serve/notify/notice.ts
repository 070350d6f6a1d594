/** Turns a change of a shared circuit into a notification. Does no I/O. */

import { createHash } from "node:crypto";
import type { FleetChange } from "../../../fleet/rules/reply.js";
import type { FleetKey } from "../../../fleet/store.js";
import { type ChangeObject, changeObject } from "../../change-object.js";
import { plainText } from "../../plain-text.js";
import { failureText, reporterText } from "../../shared-words.js";
import { waitText } from "../../time-words.js";

/**
 * The kinds of changes that cause a message. A failed probe causes none, because an outage would
 * then send a message every minute.
 */
export type NoticeEvent = "opened" | "closed" | "isolated" | "isolation-over" | "released";

/** A notification, in the form in which it is sent. Slack and similar services show `text`. */
export interface Notice extends Omit<ChangeObject, "generation"> {
  readonly text: string;
  /** The id of the change. Every server sends the same id for the same change. */
  readonly id: string;
  readonly event: NoticeEvent;
  readonly scope: string;
}

/** Returns the notification about a change; undefined if the change causes none. */
export function noticeOf({ scope, name }: FleetKey, change: FleetChange): Notice | undefined {
  const event = eventOf(change);
  if (event === undefined) return undefined;
  const { generation, ...told } = changeObject({ name, change });
  const id = createHash("sha256").update(`${scope}\n${name}\n${generation}`).digest("hex");
  return {
    text: slackText(sentence(event, { scope, name }, change)),
    id: `change_${id.slice(0, 32)}`,
    event,
    scope,
    ...told,
  };
}

function eventOf({ reason, from, to }: FleetChange): NoticeEvent | undefined {
  if (reason === "isolate") return "isolated";
  if (reason === "isolation-over") return "isolation-over";
  if (from === to) return undefined;
  if (reason === "release") return "released";
  if (to === "closed") return "closed";
  return from === "closed" && to === "open" ? "opened" : undefined;
}

const VERBS: Readonly<Record<NoticeEvent, string>> = {
  opened: "opened",
  closed: "closed",
  isolated: "was isolated",
  "isolation-over": "is no longer isolated",
  released: "was released",
};

function sentence(event: NoticeEvent, { scope, name }: FleetKey, change: FleetChange): string {
  const { failure, by, owner, note, forMs } = change;
  const why = event === "opened" && failure !== null ? failureText(failure) : (note ?? "");
  const who = owner ?? (by === null ? "" : reporterText(by));
  const wait = event === "opened" ? "next probe in" : "for";
  const parts = [
    `Circuit ${plainText(name)} ${VERBS[event]} (scope ${scope})`,
    why && `: ${plainText(why)}`,
    who && `, by ${plainText(who)}`,
    forMs === null ? "" : `, ${wait} ${waitText(forMs)}`,
  ];
  return `${parts.join("")}.`;
}

/**
 * Escapes links and mentions of Slack, and mentions such as `@all` in similar services. This is
 * needed because names and hosts come from other processes.
 */
export function slackText(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replace(/@(?=(?:all|channel|everyone|here)\b)/gi, "@\u200b");
}
