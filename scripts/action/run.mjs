/** What action.yml runs: `dagger-breaker run` with the inputs of the step, which are in the environment. */

import { wordsOf } from "./words.mjs";

/** As the program ends when an option is wrong. */
const EXIT_USAGE = 64;
/** Those inputs that are options of the same name and take a value. */
const VALUES = [
  "needs",
  "timeout",
  "connect-timeout",
  "idle-timeout",
  "lost-session-grace",
  "stop-grace",
  "kill-after",
  "retry",
  "retry-delay",
  "retry-max-delay",
  "stdin",
  "max-wait",
  "learnt",
  "traces",
  "junit",
  "store-timeout",
];

/** Those that may hold a secret, which other users could read in a command line. */
const VARIABLES = {
  store: "DAGGER_BREAKER_STORE",
  scope: "DAGGER_BREAKER_SCOPE",
  "store-token": "DAGGER_BREAKER_STORE_TOKEN",
};

for (const [name, variable] of Object.entries(VARIABLES)) {
  const value = take(name).trim();
  if (value !== "") process.env[variable] = value;
}
let problem;
const argv = commandLine();
delete process.env.ACTION_PATH;
if (argv === undefined) {
  const { withoutCommands } = await import("../../dist/attribution/ci-commands.js");
  process.exitCode = EXIT_USAGE;
  console.error(withoutCommands(`error: ${problem}`));
} else {
  process.argv.splice(2, Number.POSITIVE_INFINITY, ...argv);
  await import("../../dist/cli/main.js");
}

/** The command line of the program; undefined, with a problem to tell, when an input is wrong. */
function commandLine() {
  try {
    const options = VALUES.flatMap((name) => {
      const value = take(name).trim();
      return value === "" ? [] : [`--${name}=${value}`];
    });
    return ["run", ...options, ...flag("wait"), ...flag("quiet"), "--", ...commandWords()];
  } catch (error) {
    problem = error.message;
    return undefined;
  }
}

/** An input, which is taken out of the environment that the command will have. */
function take(name) {
  const variable = `INPUT_${name.replaceAll("-", "_").toUpperCase()}`;
  const value = process.env[variable] ?? "";
  delete process.env[variable];
  return value;
}

/** An option without a value, whose input is true or false. */
function flag(name) {
  const value = take(name).trim();
  if (value === "true") return [`--${name}`];
  if (value === "" || value === "false") return [];
  throw new Error(`input "${name}" is ${JSON.stringify(value)}, expected true or false`);
}

/** The words of the command; what is wrong is told without its text, which may hold secrets. */
function commandWords() {
  const expected = "expected one command with its arguments; for more, sh -c '...'";
  const words = wordsOf(
    take("command"),
    (problem) => {
      throw new Error(`input "command" holds ${problem}, ${expected}`);
    },
    process.env.HOME,
  );
  if (words.length === 0) throw new Error(`input "command" is empty, ${expected}`);
  return words;
}
