/** The program behind action.yml: runs `dagger-breaker run` with the inputs of the step from the environment. */

import { wordsOf } from "./words.mjs";

/** The exit code of the program for a wrong option. */
const EXIT_USAGE = 64;
/** The inputs that are options of the same name and take a value. */
const VALUES = [
  "needs",
  "timeout",
  "connect-timeout",
  "idle-timeout",
  "operation-timeout",
  "lost-session-grace",
  "stop-grace",
  "kill-after",
  "retry",
  "retry-delay",
  "retry-max-delay",
  "idempotent",
  "stdin",
  "max-wait",
  "learnt",
  "traces",
  "mirrors",
  "pin",
  "rate-limit-open",
  "count-by",
  "output",
  "junit",
  "store-timeout",
];

/** The inputs that may hold a secret, which other users could read in a command line. */
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

/** Returns the command line of the program; undefined, after an error message, when an input is wrong. */
function commandLine() {
  try {
    const options = VALUES.flatMap((name) => {
      const value = take(name).trim();
      return value === "" ? [] : [`--${name}=${value}`];
    });
    return [
      "run",
      ...options,
      ...flag("wait"),
      ...flag("quiet"),
      ...flag("json"),
      ...flag("otlp"),
      "--",
      ...commandWords(),
    ];
  } catch (error) {
    problem = error.message;
    return undefined;
  }
}

/** Returns an input, and removes it from the environment that the command will have. */
function take(name) {
  const variable = `INPUT_${name.replaceAll("-", "_").toUpperCase()}`;
  const value = process.env[variable] ?? "";
  delete process.env[variable];
  return value;
}

/** Returns an option without a value if its input is true. */
function flag(name) {
  const value = take(name).trim();
  if (value === "true") return [`--${name}`];
  if (value === "" || value === "false") return [];
  throw new Error(`input "${name}" is ${JSON.stringify(value)}, expected true or false`);
}

/** Returns the words of the command. An error leaves out the text, which may hold secrets. */
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
