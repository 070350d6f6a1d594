/** Renders a quota in words. */

import type { Quota } from "../../quota/quota.js";
import { type Paint, tableLines } from "../terminal.js";
import { durationText } from "../time-words.js";

/** Returns the lines that `quota` prints. `asked` is the name of the account. */
export function quotaLines(quota: Quota, asked: string, paint: Paint): string[] {
  const { limit, remaining, windowMs, source, retryAfterMs } = quota;
  const rows = [
    ["asked as", asked],
    ["limit", limit === null ? "not stated" : `${limit} pulls`],
    ["remaining", remaining === null ? "not stated" : `${remaining} pulls`],
    ["window", windowMs === null ? "not stated" : durationText(windowMs)],
    ["source", source ?? "not stated"],
  ];
  if (retryAfterMs !== null) rows.push(["retry after", durationText(retryAfterMs)]);
  return [
    headline(quota, paint),
    ...tableLines(rows.map(([name = "", value = ""]) => [`  ${name}`, value])),
  ];
}

function headline({ registry, state, limit, remaining }: Quota, paint: Paint): string {
  if (state === "exhausted") return paint.red(`${registry}: no pull is left.`);
  if (state === "unstated") return paint.green(`${registry}: states no limit for this account.`);
  const low = remaining !== null && limit !== null && remaining * 10 < limit;
  const text = `${registry}: ${remaining ?? "some"}${limit === null ? "" : ` of ${limit}`} pulls are left.`;
  return low ? paint.yellow(text) : paint.green(text);
}
