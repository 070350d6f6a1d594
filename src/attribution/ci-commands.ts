/**
 * What CI systems take for a command when a line of a log holds it, and how our own lines keep texts
 * of others from being one. The output of a command that is run is passed on byte for byte; this is
 * for what we write ourselves.
 */

/** One form of a command. */
interface CommandForm {
  /** The systems whose runners read it. */
  readonly systems: readonly string[];
  /** A harmless one. */
  readonly example: string;
  /** Finds the character behind which the command is broken up. */
  readonly start: RegExp;
}

/**
 * The forms that are known. CircleCI, Drone, Woodpecker, Bitbucket and AppVeyor read none. Those that
 * need control characters are listed with the rest of their text, which is broken up as well.
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
    // At the start of a line any that might be one; elsewhere only what is whole.
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
 * Breaks up what a CI system could take for a command, by one blank; all characters stay.
 *
 * @param lines A line of ours with texts of others in it, or several.
 */
export function withoutCommands(lines: string): string {
  return replaceStarts(lines, (start) => `${start} `);
}

/** The same for JSON, which means what it meant before: a character of each command is escaped. */
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
