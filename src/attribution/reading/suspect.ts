/**
 * Finds the host that the output of a failed command points to. The result is advice for people and never
 * counts against a host.
 */

import { parseUrl, readHost } from "../hosts.js";
import { withoutTree } from "../log/tree-signs.js";
import type { Reading } from "./reading.js";

// Matches a line about a failed exchange. Only such a line shows that a host may be at fault.
const TROUBLE =
  /econnre|etimedout|esockettimedout|enotfound|eai_again|epipe|timed out|timeout|time-out|could(?: not|n't) (?:resolve|connect|get|head|transfer|fetch|download|retrieve)|could not be downloaded|connection (?:refused|reset|closed|failed|aborted)|failed to (?:fetch|connect|download|open tcp|retrieve|request)|temporar(?:y failure|y error|ily unavailable)|name or service not known|no such host|unknown host|bad address|unable to (?:access|connect|resolve|load the service index)|max retries exceeded|network|unreachable|hang up|too many requests|toomanyrequests|rate limit|(?:status|error|code|http)[^\n]{0,12} (?:429|5[0-9]{2})|[ (](?:429|5[0-9]{2})[ :][ a-z]|- 5[0-9]{2}$|unexpected eof|: eof|early eof|rpc failed|tls handshake|service unavailable|bad gateway|error sending request|request url: /;

// Matches a line of a test's assertion. A host in such a line is invented, or belongs to the tested code.
const ASSERTION =
  /\bassert|\bexpect(?:ed)?\b[ :(]|\breceived:|\bactual:|^\s{0,16}(?:left|right|want|got|have)\b|\b(?:want|got|have) ?[:="']|, (?:want|got) |\.to(?:be|equal|match|throw|contain)/;

// Matches the report of a test runner. In output with such a report, only lines of tools can point to a host.
const TEST_REPORT =
  /(?:^|\n)[^\n]{0,16}(?:--- fail: |fail {1,4}\S{1,256}\.(?:test|spec)\.|test files {1,4}\d|tests?: {1,4}\d{1,6} failed|test suites?: |failures?: [0-9]|failed tests?\b|test result: failed|\S{1,256}::\S{1,256} failed|={2,40} (?:failures|short test summary))/;

// Matches lines from tools that fetch packages, files and images.
const TOOL =
  /npm (?:err!|error|warn|http)|err_pnpm|\byn0\d{3}|^(?:e|w|err:\d{1,4}|ign:\d{1,4}): |^err:\d{1,4} |\bpip\b|connectionpool\(|urllib3|warning: fetching|nu1\d{3}|service index|transfer artifact|could not (?:get|head) '|curl: \(|curl error|^wget|awaiting response|composer|gem::|bundler|rubygems|spurious network|failed to download|^go: |error response from daemon|^docker: |fatal: unable to access|fatal: could not read from|ssh: connect to host|condahttperror|requesterror|error sending request|failed to query available provider/;

const NAME = "([a-z0-9][a-z0-9.-]{0,252}\\.[a-z0-9-]{1,63})";
const NAMED = [
  new RegExp(
    `(?:host=["']|resolve host(?: address)?:? ["'‘]?|resolving ["'‘]?|bad address ["'‘]|hostname |lookup |unknown host:? |getaddrinfo \\w{4,12} |connect(?:ing)? to (?:host |server )?|connection to )${NAME}`,
  ),
  new RegExp(
    `(?:^|[ (])${NAME}:? (?:temporary failure in name|name or service not known|nodename nor servname)`,
  ),
];

const MAX_LINES = 2_000;
/** The number of lines above a failure that may contain the failed host. */
const LINES_ABOVE = 6;

/**
 * Returns the host that the last line about a failed exchange points to. Returns null if no such line points
 * to a host.
 */
export function suspectedUpstream(reading: Reading): string | null {
  const output = reading.output.trim() === "" ? reading.lower : reading.output;
  const onlyTools = TEST_REPORT.test(output);
  let end = output.length;
  let trouble = 0;
  for (let count = 0; count < MAX_LINES && end > 0; count += 1) {
    const start = output.lastIndexOf("\n", end - 1) + 1;
    const line = withoutTree(output.slice(start, Math.min(end, start + 2_048)));
    end = start - 1;
    trouble -= 1;
    if (line.includes('process "') || ASSERTION.test(line)) continue;
    const troubled = TROUBLE.test(line) && (!onlyTools || TOOL.test(line));
    if (!troubled && (trouble <= 0 || !MENTIONS_ITS_URL.test(line))) continue;
    const host = hostOfLine(line);
    if (host !== undefined) return host;
    if (troubled) trouble = LINES_ABOVE;
  }
  return null;
}

// Matches a line that names a URL before a tool fetches it. The result is in a line below.
const MENTIONS_ITS_URL =
  /^--\d{4}-|^(?:get|head|post|fetch|fetching|downloading|download|pulling|retrying|cloning into|connecting to|resolving|get:\d{1,4})\b/;

// Matches hosts that are never suspected: loopback addresses, and names without a domain, which belong to
// services of the pipeline.
const NEVER_SUSPECTED = /^(?:127\.|localhost|0\.0\.0\.0|\[::1\])|^[^.[]{1,63}(?::|$)/;

function hostOfLine(line: string): string | undefined {
  const url = /\b(?:https?|ssh|git|oci):\/\/[^\s"'<>`|,;(){}]{1,512}/.exec(line);
  const host = url === null ? namedHost(line) : parseUrl(url[0])?.host;
  return host === undefined || NEVER_SUSPECTED.test(host) ? undefined : host;
}

function namedHost(line: string): string | undefined {
  for (const pattern of NAMED) {
    const name = pattern.exec(line)?.[1];
    if (name !== undefined) return readHost(name);
  }
  return undefined;
}
