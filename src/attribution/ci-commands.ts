/**
 * Breaks up CI commands such as `::error::` in the lines that we print, where a text from outside (a host
 * name, an error message) may contain one. The output of a wrapped command is not changed: it passes
 * through byte for byte.
 */

interface CommandForm {
  /** The CI systems whose runners execute this form. */
  readonly systems: readonly string[];
  /** A command of this form that does no harm; the tests use it. */
  readonly example: string;
  /** Matches the character behind which a blank must go, such as the first `#` of `##vso[`. */
  readonly start: RegExp;
}

/**
 * The known forms of CI commands. CircleCI, Drone, Woodpecker, Bitbucket and AppVeyor execute none.
 *
 * A command that needs control characters, as GitLab's, is recognized by its printable part alone.
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
 * Breaks up each possible CI command with one blank, such as `: :error::`. No character is removed.
 *
 * @param lines One or more lines of ours that contain texts from outside.
 */
export function withoutCommands(lines: string): string {
  return replaceStarts(lines, (start) => `${start} `);
}

/**
 * Breaks up each possible CI command in a JSON text by escaping one character of it. The JSON keeps its
 * meaning.
 */
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
