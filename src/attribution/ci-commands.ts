/**
 * Makes CI commands, such as `::error::`, harmless in the lines that we print. Such a line may quote a host
 * name or an error message that contains a command.
 *
 * The output of a wrapped command passes through unchanged, byte for byte.
 */

interface CommandForm {
  /** The CI systems whose runners execute this form. */
  readonly systems: readonly string[];
  /** A harmless command of this form, for the tests. */
  readonly example: string;
  /** Matches the part of a command after which a blank is inserted, such as the first `#` of `##vso[`. */
  readonly start: RegExp;
}

/**
 * The known forms of CI commands. CircleCI, Drone, Woodpecker, Bitbucket and AppVeyor have no such commands.
 *
 * For a command with control characters, such as GitLab's, the pattern matches only the printable part.
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
    // At the start of a line, `::` is enough. Elsewhere, only a complete command matches.
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
 * Inserts one blank into each possible CI command, as in `: :error::`, so that no CI system executes the
 * command. Removes no character.
 *
 * @param lines One or more lines that we print, which may quote texts from outside.
 */
export function withoutCommands(lines: string): string {
  return replaceStarts(lines, (start) => `${start} `);
}

/**
 * Escapes one character of each possible CI command in a JSON text, so that no CI system executes the
 * command. The meaning of the JSON does not change.
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
