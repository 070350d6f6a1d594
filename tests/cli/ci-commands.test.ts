/** Tests that texts from other users of a shared store cannot run commands: runners read commands from logs. */

import { expect, test, vi } from "vitest";
import { fleetCli } from "./fleet/fleet-cli.js";

const fleet = fleetCli();
const HUB = "registry:docker.io";
/** Harmless commands of Azure, GitHub, TeamCity, GitLab and Travis. */
const COMMANDS =
  "##vso[task.debug]x ##[debug]x ::debug::x ##teamcity[message] section_start:1:x travis_fold:start:x";
const READ_AS_COMMAND = /##\w*\[|::[a-z-]+::|section_(start|end):|travis_fold:/;

test("no text of a shared store is a command to a CI system in what any command prints", async () => {
  const owner = "::notice::##[group]";
  const by = ["--owner", owner, "--reason", COMMANDS];
  const isolated = await fleet.run(["isolate", HUB, ...by, "--for", "30m"]);
  await fleet.fail("::debug::##[a]", {
    reporter: { id: "p1", host: "##vso[task.debug]", run: COMMANDS },
  });
  const commands = [["status"], ["status", "--json"], ["history", HUB]];
  const outputs = [isolated];
  for (const command of [...commands, ["history", HUB, "--json"]]) {
    outputs.push(await fleet.run(command));
  }
  const watch = fleet.start(["watch"]);
  await vi.waitFor(() => expect(watch.stdout).toContain("task.debug"));
  await watch.end();
  outputs.push({ exitCode: 0, stdout: watch.stdout, stderr: watch.stderr });
  const missing = ["run", "--junit", "/no/##[x]/::debug::y", "--needs", HUB, "--", "true"];
  outputs.push(await fleet.run(missing), await fleet.run(["##vso[task.debug]"]));
  for (const { stdout, stderr } of outputs) {
    expect(stdout + stderr).toMatch(/task\.|#\[|# \[|: :|\\u00/);
    for (const line of `${stdout}\n${stderr}`.split("\n")) {
      expect(line).not.toMatch(READ_AS_COMMAND);
      expect(line).not.toMatch(/^\s*::/);
    }
  }
  const [circuit] = JSON.parse((await fleet.run(["status", HUB, "--json"])).stdout);
  expect(circuit.isolation).toMatchObject({ reason: COMMANDS, owner });
});
