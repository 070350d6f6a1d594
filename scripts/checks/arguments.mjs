/** Reads the arguments of scripts/test.sh. */

import { parseArgs } from "node:util";

const USAGE = `Usage: ./scripts/test.sh [--quick | --all] [--install] [--times]

Sets up what is missing, then runs the checks on the Node.js that runs this.

  --quick    the unit tests alone (about 40 s)
  --all      besides the default: every supported Node.js and Dagger SDK, the SDKs of other
             languages, other tools, the single file (20 to 25 minutes, more on a first run)
  --install  installs servers and toolchains that are missing (Debian: apt-get); CI=true does the
             same. Without it, tests that need what is missing are skipped, and the end says so
  --times    ends with a table of where the time went
  --help     this text
`;

const OPTIONS = {
  quick: { type: "boolean" },
  all: { type: "boolean" },
  install: { type: "boolean" },
  times: { type: "boolean" },
  help: { type: "boolean" },
};

/** Reads the arguments. Prints the usage and ends the process when they are invalid. */
export function readArguments(args) {
  let values;
  try {
    ({ values } = parseArgs({ args, options: OPTIONS, strict: true }));
  } catch (error) {
    fail(error.message);
  }
  if (values.help) {
    console.log(USAGE.trimEnd());
    process.exit(0);
  }
  if (values.quick && values.all) fail("--quick and --all exclude each other");
  const isCi = process.env.CI === "true";
  return {
    extent: values.quick ? "quick" : values.all ? "all" : "default",
    installs: values.install === true || isCi,
    maySkip: !isCi,
    tellsTimes: values.times === true,
  };
}

function fail(problem) {
  console.error(`error: ${problem}\n\n${USAGE.trimEnd()}`);
  process.exit(2);
}
