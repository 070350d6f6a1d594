/** Who this process is to a store: an id of its own, its machine, and the run of a CI system. */

import { randomUUID } from "node:crypto";
import { hostname } from "node:os";
import { checkText, type Field, readOptions, readRecord } from "../options/check.js";
import type { Reporter } from "./rules/state.js";

/** What a process says of itself to others. */
export interface ReporterOptions {
  /** The machine: 1 to 200 characters. Default: the host name. */
  readonly host?: string | undefined;
  /**
   * The run, as a person would look for it: 1 to 500 characters, null for none. Default: what GitHub
   * Actions, GitLab, Jenkins, CircleCI, Buildkite, Azure Pipelines and Bitbucket tell in their
   * variables.
   */
  readonly run?: string | null | undefined;
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
};

/** Checks what a process says of itself and fills in what its system and CI system say. */
export function readReporter(given: unknown, label: string): Reporter {
  const { host, run } = readOptions(
    label,
    given === undefined ? {} : readRecord(given, label),
    FIELDS,
  );
  return {
    id: randomUUID(),
    host: host ?? (hostname().slice(0, 200) || "unknown"),
    run: run === undefined ? runOf(process.env) : run,
  };
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
    return addressOf(`${SYSTEM_COLLECTIONURI}${project}/_build/results?buildId=${BUILD_BUILDID}`);
  }
  const { BITBUCKET_GIT_HTTP_ORIGIN, BITBUCKET_BUILD_NUMBER } = environment;
  if (BITBUCKET_GIT_HTTP_ORIGIN && BITBUCKET_BUILD_NUMBER) {
    return addressOf(`${BITBUCKET_GIT_HTTP_ORIGIN}/pipelines/results/${BITBUCKET_BUILD_NUMBER}`);
  }
  const name = RUN_VARIABLES.find((variable) => environment[variable]);
  return name === undefined ? null : addressOf(environment[name] ?? "");
}

/** Takes user and password out of an address: a CI system may have put a token there. */
function addressOf(address: string): string | null {
  try {
    const url = new URL(address);
    url.username = "";
    url.password = "";
    return url.href.slice(0, 500);
  } catch {
    return null;
  }
}
