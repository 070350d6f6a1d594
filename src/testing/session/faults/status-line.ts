/** Statuses of HTTP as Go prints them. */

import { STATUS_CODES } from "node:http";

/** The statuses that Go and Node name differently. Go has no text for 509. */
const STATUS_TEXTS: Readonly<Record<number, string | undefined>> = {
  ...STATUS_CODES,
  413: "Request Entity Too Large",
  414: "Request URI Too Long",
  416: "Requested Range Not Satisfiable",
  418: "I'm a teapot",
  509: "",
};

/** Returns a status with its reason, as Go prints it. */
export function statusLine(status: number): string {
  return `${status} ${STATUS_TEXTS[status] ?? ""}`.trimEnd();
}
