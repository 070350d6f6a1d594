/** Which host the output of a failed command blames: advice for people, never evidence. */

import { parseUrl, readHost } from "./hosts.js";
import type { Reading } from "./reading.js";

// A line blames a host when it says that an exchange failed.
const TROUBLE =
  /econnre|etimedout|enotfound|eai_again|epipe|timed out|timeout|time-out|could not resolve|couldn't resolve|could not connect|connection (?:refused|reset|closed)|failed to (?:fetch|connect|download)|temporary failure|no such host|unable to (?:access|connect)|network|unreachable|hang up|too many requests|rate limit|(?:status|error|code|http)[^\n]{0,12} (?:429|5[0-9]{2})|[ (](?:429|5[0-9]{2}) [a-z]|unexpected eof|: eof|early eof|rpc failed|tls handshake/;

const NAMED =
  /(?:host='|resolve host:? |resolving '|hostname |lookup |getaddrinfo \w{4,12} |connect to )([a-z0-9][a-z0-9.-]{0,252}\.[a-z0-9-]{1,63})/;

const MAX_LINES = 2_000;

/** The host of the last line of a command's output that says an exchange failed; null if none does. */
export function suspectedUpstream(reading: Reading): string | null {
  const output = reading.output.trim() === "" ? reading.lower : reading.output;
  let end = output.length;
  for (let count = 0; count < MAX_LINES && end > 0; count += 1) {
    const start = output.lastIndexOf("\n", end - 1) + 1;
    const host = hostOfLine(output.slice(start, Math.min(end, start + 2_048)));
    if (host !== undefined) return host;
    end = start - 1;
  }
  return null;
}

function hostOfLine(line: string): string | undefined {
  if (line.includes('process "') || !TROUBLE.test(line)) return undefined;
  const url = /\b(?:https?|ssh|git):\/\/[^\s"'<>`|,;(){}]{1,512}/.exec(line);
  const host = url === null ? readHost(NAMED.exec(line)?.[1] ?? "") : parseUrl(url[0])?.host;
  if (host === undefined || /^(?:127\.|localhost|0\.0\.0\.0|\[::1\])/.test(host)) return undefined;
  return host;
}
