/**
 * Returns the default owner of a change by hand: the user who started the CI job, or else the user
 * of this machine.
 */

import { ownerOfProcess } from "../../../fleet/client/fleet-control.js";
import { runOf } from "../../../fleet/client/reporter.js";
import type { Terminal } from "../../terminal.js";

/**
 * Variables that contain the user of a CI job, in GitHub, GitLab, Azure, CircleCI and Buildkite.
 */
const ACTORS = [
  "GITHUB_ACTOR",
  "GITLAB_USER_LOGIN",
  "BUILD_REQUESTEDFOR",
  "CIRCLE_USERNAME",
  "BUILDKITE_BUILD_CREATOR",
] as const;

/** The maximum length of an owner that a store accepts. */
export const MAX_OWNER_LENGTH = 200;

/**
 * Returns the owner, in at most 200 characters. In CI, the owner also contains the address of the
 * run.
 */
export function defaultOwner(env: Terminal["env"]): string {
  const run = runOf(env);
  if (run === null) return ownerOfProcess();
  const actor = ACTORS.map((name) => env[name]?.trim()).find(Boolean) ?? ownerOfProcess();
  const owner = `${actor} (${run})`;
  // Omits the run's address if it does not fit, because a truncated address is useless.
  return owner.length <= MAX_OWNER_LENGTH ? owner : actor.slice(0, MAX_OWNER_LENGTH);
}
