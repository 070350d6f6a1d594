/** Who this process is to a store: an id of its own, its machine, and the run of a CI system. */

import { createHash, randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { checkText, type Field, readOptions, readRecord, wordField } from "../../options/check.js";
import type { Reporter } from "../rules/state.js";

/** What a process says of itself to others. */
export interface ReporterOptions {
  /**
   * The machine: 1 to 200 characters. Default: the name of the runner that GitHub Actions, GitLab,
   * Buildkite or Azure Pipelines tell in their variables, else the host name.
   */
  readonly host?: string | undefined;
  /**
   * The run, as a person would look for it: 1 to 500 characters, null for none. Default: what GitHub
   * Actions, GitLab, Jenkins, CircleCI, Buildkite, Azure Pipelines and Bitbucket tell in their
   * variables.
   */
  readonly run?: string | null | undefined;
  /**
   * Whom others count as one when they ask how many have met failures: each `process`, or all
   * processes of a `machine`. A machine with a broken network that fails job after job is many
   * processes; where each job has a machine of its own, both are the same. Default: `"process"`.
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

/** Checks what a process says of itself and fills in what its system and CI system say. */
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

/** The same for all processes of a machine, in the characters that an id may have. */
function idOfMachine(host: string): string {
  return createHash("sha256").update(host).digest("hex");
}

/** Where CI systems say on which machine a job runs; a container has a name of its own for each job. */
const RUNNER_VARIABLES = [
  "RUNNER_NAME",
  "CI_RUNNER_DESCRIPTION",
  "BUILDKITE_AGENT_NAME",
  "AGENT_NAME",
] as const;

/** The machine, by the name that its CI system or its system has for it. */
export function hostOf(environment: Readonly<Record<string, string | undefined>>): string {
  const name = RUNNER_VARIABLES.find((variable) => environment[variable]);
  const runner = name === undefined ? "" : (environment[name] ?? "");
  return (runner || hostname()).slice(0, 200) || "unknown";
}

/** Where CI systems say which run this is; each entry are the variables that make up one address. */
const RUN_VARIABLES = [
  "CI_JOB_URL",
  "BUILD_URL",
  "CIRCLE_BUILD_URL",
  "BUILDKITE_BUILD_URL",
] as const;

/** The run of a CI system that the environment tells of; null outside of one. */
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

/** Takes out of an address what may be a token: user and password, the query, the fragment. */
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
