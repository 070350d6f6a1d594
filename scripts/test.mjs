/** Runs the checks of the project, one section each, and prints the totals in one line. */

import { readArguments } from "./checks/arguments.mjs";
import { ROOT } from "./checks/command.mjs";
import { Sections } from "./checks/sections.mjs";
import { tellTimes } from "./checks/times.mjs";
import { installPackages } from "./installing/packages.mjs";

const options = readArguments(process.argv.slice(2));
const sections = new Sections();
const times = [];
const context = { ...options, sections, times };

try {
  const isReady = await sections.run("Packages", async () => {
    const installed = await installPackages(ROOT);
    return { note: installed ? "installed" : "up to date" };
  });
  // This module is imported only now, because its packages may just have been installed.
  if (isReady) await (await import("./checks/plan.mjs")).extents[options.extent](context);
} finally {
  if (options.tellsTimes) tellTimes(sections.times, times);
  sections.close();
}
