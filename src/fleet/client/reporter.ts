/** Determines the identity of this process at a store: its id, its machine and its CI run. */

import { createHash, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { checkText, type Field, readOptions, readRecord, wordField } from "../../options/check.js";
import type { Reporter } from "../rules/state.js";

/** The identity of this process in reports. */
export interface ReporterOptions {
  /**
   * The name of the machine: 1 to 200 characters. Default: the runner's name in GitHub Actions,
   * GitLab, Buildkite or Azure Pipelines; otherwise the host name.
   */
  readonly host?: string | undefined;
  /**
   * The CI run, in a form that a person can look up: 1 to 500 characters, or null. Default: the
   * address of the run in GitHub Actions, GitLab, Jenkins, CircleCI, Buildkite, Azure Pipelines or
   * Bitbucket; otherwise null.
   */
  readonly run?: string | null | undefined;
  /**
   * The unit that counts as one reporter of failures: each `process`, or all processes of a
   * `machine`. A machine with a broken network fails job after job, and each job is a new process.
   * Use `"machine"` to count all these failures as one reporter. Default: `"process"`.
   */
  readonly countedBy?: "process" | "machine" | undefined;
}

const FIELDS = {
  host: {
    absent: undefined,
    read: (value, label) => checkText(value, label, 200),
  } as Field<string | undefined>,
  run: {
    absent: undefined,
    read: (value, label) => (value === null ? null : checkText(value, label, 500)),
  } as Field<string | null | undefined>,
  countedBy: wordField<"process" | "machine">("process", ["process", "machine"]),
};

/** Returns the checked identity. Takes missing parts from the system and the CI system. */
export function readReporter(given: unknown, label: string): Reporter {
  const { run, countedBy, ...own } = readOptions(
    label,
    given === undefined ? {} : readRecord(given, label),
    FIELDS,
  );
  const host = own.host ?? hostOf(process.env);
  return Object.freeze({
    id: countedBy === "machine" ? idOfMachine(host) : randomUUID(),
    host,
    run: run === undefined ? runOf(process.env) : run,
  });
}

/**
 * Returns the same id for all processes of a machine. The id is a hash, because a host name may
 * contain characters that are not allowed in an id.
 */
function idOfMachine(host: string): string {
  return createHash("sha256").update(host).digest("hex");
}

/**
 * Variables in which CI systems store the name of the machine. A container has a new host name for
 * each job, so these variables come first.
 */
const RUNNER_VARIABLES = [
  "RUNNER_NAME",
  "CI_RUNNER_DESCRIPTION",
  "BUILDKITE_AGENT_NAME",
  "AGENT_NAME",
] as const;

/** Returns the machine's name from the CI system, or the host name outside CI. */
export function hostOf(environment: Readonly<Record<string, string | undefined>>): string {
  const name = RUNNER_VARIABLES.find((variable) => environment[variable]);
  const runner = name === undefined ? "" : (environment[name] ?? "");
  return (runner || hostname()).slice(0, 200) || "unknown";
}

/** Variables that contain the address of a CI run. Each belongs to one or more CI systems. */
const RUN_VARIABLES = [
  "CI_JOB_URL",
  "BUILD_URL",
  "CIRCLE_BUILD_URL",
  "BUILDKITE_BUILD_URL",
] as const;

/** Returns the address of the CI run from the environment; null outside CI. */
export function runOf(environment: Readonly<Record<string, string | undefined>>): string | null {
  const { GITHUB_SERVER_URL, GITHUB_REPOSITORY, GITHUB_RUN_ID } = environment;
  if (GITHUB_SERVER_URL && GITHUB_REPOSITORY && GITHUB_RUN_ID) {
    return addressOf(`${GITHUB_SERVER_URL}/${GITHUB_REPOSITORY}/actions/runs/${GITHUB_RUN_ID}`);
  }
  const { SYSTEM_COLLECTIONURI, SYSTEM_TEAMPROJECT, BUILD_BUILDID } = environment;
  if (SYSTEM_COLLECTIONURI && SYSTEM_TEAMPROJECT && BUILD_BUILDID) {
    const project = encodeURIComponent(SYSTEM_TEAMPROJECT);
    const results = addressOf(`${SYSTEM_COLLECTIONURI}${project}/_build/results`);
    return results && `${results}?buildId=${encodeURIComponent(BUILD_BUILDID)}`.slice(0, 500);
  }
  const { BITBUCKET_GIT_HTTP_ORIGIN, BITBUCKET_BUILD_NUMBER } = environment;
  if (BITBUCKET_GIT_HTTP_ORIGIN && BITBUCKET_BUILD_NUMBER) {
    return addressOf(`${BITBUCKET_GIT_HTTP_ORIGIN}/pipelines/results/${BITBUCKET_BUILD_NUMBER}`);
  }
  const name = RUN_VARIABLES.find((variable) => environment[variable]);
  return name === undefined ? null : addressOf(environment[name] ?? "");
}

/**
 * Removes the parts of an address that may be secret: user, password, query and fragment. Returns
 * null for an invalid address.
 */
function addressOf(address: string): string | null {
  try {
    const url = new URL(address);
    url.username = "";
    url.password = "";
    url.search = "";
    url.hash = "";
    return url.href.slice(0, 500);
  } catch {
    return null;
  }
}
