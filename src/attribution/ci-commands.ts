/**
 * Keeps texts from outside from acting as commands of a CI system in lines that we write.
 * The output of a wrapped command is not changed: it passes through byte for byte.
 */

interface CommandForm {
  /** The systems whose runners obey it. */
  readonly systems: readonly string[];
  /** An example that does no harm. */
  readonly example: string;
  /** Matches the character after which a blank breaks up the command. */
  readonly start: RegExp;
}

/**
 * The known forms. CircleCI, Drone, Woodpecker, Bitbucket and AppVeyor obey none.
 * Forms that need control characters are listed by the rest of their text, which is broken up as
 * well.
 */
export const COMMAND_FORMS: readonly CommandForm[] = [
  {
    systems: ["Azure Pipelines", "GitHub Actions", "TeamCity", "Octopus Deploy"],
    example: "##vso[task.debug]x",
    start: /#(?=#\w*\[)/g,
  },
  {
    systems: ["GitHub Actions", "Gitea", "Forgejo"],
    example: "::debug::x",
    // At the start of a line, anything that may be a command; elsewhere only a complete one.
    start: /:(?=:)(?<=^[^\S\r\n]*:)|:(?=:[\w-]{1,64}(?:[^\S\r\n][^\r\n]{0,4096}?)?::)/gm,
  },
  {
    systems: ["GitLab CI"],
    example: "section_start:1560896352:x\r\u001b[0Kx",
    start: /section_(?=(?:start|end):)/g,
  },
  {
    systems: ["Travis CI"],
    example: "travis_fold:start:x",
    start: /travis_(?=(?:fold|time):)/g,
  },
  {
    systems: ["Buildkite"],
    example: "--- x",
    start: /([-+~^])(?=\1\1(?!\1))(?<=^[^\S\r\n]*\1)/gm,
  },
  {
    systems: ["Jenkins"],
    example: "\u001b[8mha:////x\u001b[0m",
    start: /\[8mha(?=:\/\/)/g,
  },
];

/**
 * Breaks up each possible command of a CI system with one blank. No character is removed.
 *
 * @param lines One or more lines of ours that contain texts from outside.
 */
export function withoutCommands(lines: string): string {
  return replaceStarts(lines, (start) => `${start} `);
}

/** Escapes one character of each possible command in JSON; the JSON keeps its meaning. */
export function jsonWithoutCommands(json: string): string {
  return replaceStarts(json, (start) => {
    const code = start
      .charCodeAt(start.length - 1)
      .toString(16)
      .padStart(4, "0");
    return `${start.slice(0, -1)}\\u${code}`;
  });
}

function replaceStarts(text: string, write: (start: string) => string): string {
  return COMMAND_FORMS.reduce((kept, { start }) => kept.replace(start, write), text);
}
