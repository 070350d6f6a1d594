/** Rules for failed tests. A failure that a test's report quotes did not happen in the pipeline itself. */

import type { AttributionRule } from "../rule.js";

/** Lower-case patterns for the reports of test runners with failed tests. */
const REPORTS = [
  // go test.
  /^\s{0,64}--- fail: \S/m,
  /^fail(?:$|\t)/m,
  // pytest, unittest.
  /^=+ [^\n]{0,200}\b[1-9][0-9]{0,6} (?:failed|errors?)\b[^\n]{0,200} in [0-9.:]{1,16}/m,
  /^failed \([^\n)]{0,60}(?:failures|errors)=[1-9]/m,
  // Jest, Vitest.
  /^\s{0,8}(?:tests|test suites|test files):? {1,8}[1-9][0-9]{0,6} failed\b/m,
  // Surefire and JUnit, PHPUnit, Gradle.
  /tests run: [0-9]{1,7}, {1,2}(?:failures: [1-9]|failures: 0, errors: [1-9])/,
  /^(?:failures|errors)!\s{1,4}tests: [0-9]/m,
  /\bthere were failing tests\b/,
  // RSpec, ExUnit, Minitest.
  /^[0-9]{1,7} (?:examples?|tests?|runs?|doctests?), [^\n]{0,80}\b[1-9][0-9]{0,6} (?:failures?|errors?)\b/m,
  // Cargo, CTest, .NET.
  /\btest result: failed\. /,
  /% tests passed, [1-9][0-9]{0,6} tests? failed out of /,
  /\bfailed! {1,4}- failed: {1,8}[1-9]/,
  // Mocha and Cypress, Playwright, TAP.
  /^\s{0,8}[1-9][0-9]{0,6} failing\b/m,
  /^ {1,8}[1-9][0-9]{0,6} failed\n {1,8}\[/m,
  /^not ok [0-9]{1,7}\b/m,
  // Any other runner that counts in one line, as "5 tests, 4 passed, 1 failed" or "Executed 3 of 3 (1 FAILED)".
  // The head of a report of Dagger does not count.
  /^(?!checks|generators|trace)[^\n]{0,200}\b(?:[0-9]{1,7} (?:pass(?:ed|ing|es)?|tests?|specs?|scenarios?|suites?|targets?|succeeded)|executed [0-9]{1,7}|(?:passed|total|tests?|test cases): {0,8}[0-9]{1,7})\b[^\n✔✘]{0,80}\b(?:[1-9][0-9]{0,6} (?:fail(?:ed|ing|s|ures?)?|broken)|(?:failed|failures?): {0,8}[1-9])\b/m,
  /^(?!checks|generators|trace)[^\n]{0,200}\b(?:[1-9][0-9]{0,6} (?:fail(?:ed|ing|ures?)?)|(?:failed|failures?): {0,8}[1-9][0-9]{0,6})\b[^\n✔✘]{0,40}\b(?:[0-9]{1,7} (?:pass(?:ed|ing|es)?|skipped|succeeded)|(?:passed|skipped): {0,8}[0-9])\b/m,
  // Runners that count in a line for each result: node:test, Bun.
  /^[#ℹ] fail [1-9]/m,
  /^ {0,8}[1-9][0-9]{0,6} (?:fail|failed|failures?|tests? failed)$/m,
  // "Failing" tests by name: gotestsum, GoogleTest, Perl, sbt.
  /^=== fail: \S/m,
  /^\[ {2}failed {2}\] (?:[1-9]|\S{1,200}\.)/m,
  /\bfailed [1-9][0-9]{0,6}\/[0-9]{1,7} subtests\b/,
  /\*{3} [1-9][0-9]{0,6} tests? failed \*{3}/,
  /\b(?:some tests|(?:the following )?tests?|test run|test suites?|scenarios?|specs) failed[.:!]?$/m,
  // A run without a failed test that fails all the same, such as Vitest's with unhandled errors.
  /^\s{0,8}errors {1,8}[1-9][0-9]{0,6} errors?$/m,
  // An assertion that failed, in any language.
  /\bassertion ?(?:error|failederror)\b|^\s{0,8}expected: [^\n]{0,200}\n\s{0,8}(?:actual|received|got): /m,
  // clojure.test and others with failures and errors apart.
  /^[1-9][0-9]{0,6} failures?, [0-9]{1,7} errors?\b/m,
  /^0 failures, [1-9][0-9]{0,6} errors?\b/m,
];

/** Every report above contains at least one of these words. */
const WORDS = ["fail", "not ok", "error", "assertion", "expected: "];
/** Matches any of the reports above. */
const REPORT = new RegExp(REPORTS.map(({ source }) => source).join("|"), "m");

/**
 * Matches Dagger's last message about a failed exchange of the engine. If this message follows the report,
 * the tests do not matter.
 */
const CLOSING =
  /^(?:error: |! )[^\n]{0,400}(?:failed to resolve image|failed to do request|unexpected status from|invalid response status|file write failed|unable to access '|unexpected requesting "|failed to push |git error: |"http:\/\/dagger\/|engine is shutting down|rpc error: code = unavailable)/m;

/** The first line of a panic in Dagger's own code. */
const OWN_PANIC = "\ngithub.com/dagger/dagger/";

/** Returns whether Dagger itself failed after the last report. */
function failedLater(lower: string): boolean {
  const later = afterReports(lower);
  return CLOSING.test(later) || (/^panic: /m.test(later) && later.includes(OWN_PANIC));
}

/** Returns the text after the last report. */
function afterReports(text: string): string {
  let end = 0;
  for (const match of text.matchAll(new RegExp(REPORT, "gm"))) end = match.index + match[0].length;
  return text.slice(end);
}

export const TEST_RULES: readonly AttributionRule[] = [
  {
    name: "user.tests",
    fault: "user",
    counts: false,
    transient: false,
    upstream: "none",
    reason: "Tests failed, so errors that their output quotes do not count.",
    when: { any: WORDS, matches: REPORT, test: ({ lower }) => !failedLater(lower) },
    examples: [
      '--- FAIL: TestPull (0.01s)\n    pull_test.go:12: Get "https://ghcr.io/v2/": dial tcp: lookup ghcr.io: no such host\nFAIL',
      "Tests:       1 failed, 4 passed, 5 total",
      "test result: FAILED. 3 passed; 1 failed; 0 ignored",
    ],
    seen: "Go, pytest, Jest, JUnit, Cargo and the like",
  },
];
