/**
 * The program behind action.yml. It reads the inputs of the step from the environment, and runs
 * `dagger-breaker run` with them.
 */

import { wordsOf } from "./words.mjs";

/** The exit code for an invalid input or option. */
const EXIT_USAGE = 64;
/** Inputs that become options of the same name with a value. */
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

/**
 * Inputs that can contain a secret. They become variables, because other users of the machine can read
 * command lines.
 */
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

/** Returns the command line of the program. Prints an error and returns undefined when an input is invalid. */
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

/** Returns an input, and removes it from the environment, which the command inherits. */
function take(name) {
  const variable = `INPUT_${name.replaceAll("-", "_").toUpperCase()}`;
  const value = process.env[variable] ?? "";
  delete process.env[variable];
  return value;
}

/** Returns an option without a value when its input is true. When it is false, returns nothing. */
function flag(name) {
  const value = take(name).trim();
  if (value === "true") return [`--${name}`];
  if (value === "" || value === "false") return [];
  throw new Error(`input "${name}" is ${JSON.stringify(value)}, expected true or false`);
}

/**
 * Returns the words of the command. An error does not contain the command's text, which can contain
 * secrets.
 */
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
