import { hostname } from "node:os";
import { expect, test } from "vitest";
import { defaultOwner } from "./owner.js";

const GITHUB = {
  GITHUB_ACTOR: "octocat",
  GITHUB_SERVER_URL: "https://github.com",
  GITHUB_REPOSITORY: "acme/app",
  GITHUB_RUN_ID: "7",
};

test("in CI it is the user who started the job, with its run", () => {
  expect(defaultOwner(GITHUB)).toBe("octocat (https://github.com/acme/app/actions/runs/7)");
  const gitlab = { GITLAB_USER_LOGIN: "ada", CI_JOB_URL: "https://gitlab.example/jobs/1" };
  expect(defaultOwner(gitlab)).toBe("ada (https://gitlab.example/jobs/1)");
});

test("a CI system that does not name the user leaves the local one, with the run", () => {
  const owner = defaultOwner({ BUILD_URL: "https://jenkins.example/job/1/" });
  expect(owner).toMatch(/@.+ \(https:\/\/jenkins\.example\/job\/1\/\)$/);
});

test("elsewhere it is the user of the machine, whatever the variables contain", () => {
  expect(defaultOwner({ GITHUB_ACTOR: "octocat" })).toMatch(new RegExp(`.@${hostname()}$`));
});

test("a run that does not fit is left out", () => {
  const long = { ...GITHUB, GITHUB_REPOSITORY: `acme/${"x".repeat(200)}` };
  expect(defaultOwner(long)).toBe("octocat");
});
