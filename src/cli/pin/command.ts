/** `dagger-breaker pin`: which images of a source file to pin, and to what. It changes nothing. */

import { type Command, InvalidArgumentError } from "commander";
import { readDigests } from "../../guard/digests/digest-disk.js";
import { isPlatform } from "../../guard/digests/references.js";
import { digestPath } from "../digests/store.js";
import { EXIT, exitCodeHelp, PIN_EXIT_CODES } from "../exit-codes.js";
import { type CommandContext, paintFor, printJson, printLines, say } from "../terminal.js";
import { type AdvisedImage, adviser } from "./advice.js";
import { readSource } from "./read-source.js";
import { fileText, pinLines, pinNotes, type UnreadPlace } from "./render.js";
import { scan } from "./scan.js";

interface PinOptions {
  readonly digests?: string;
  readonly platform?: string;
  readonly check?: true;
  readonly json?: true;
}

/** Adds the command. */
export function addPinCommand(program: Command, context: CommandContext): void {
  program
    .command("pin")
    .summary("say which images of source files to pin, and to which digest")
    .description(
      "Finds the images that source files name, and prints for each whether it is pinned and what to write, from the known digests. It changes nothing.\n\nDockerfiles: FROM, COPY --from and RUN --mount. YAML and JSON: image. Everything else: what is given to from(...), in any language.",
    )
    .argument("<file...>", "source files, each of 1 MiB at most")
    .option("--check", "end with an exit code of its own when an image is not pinned")
    .option("--platform <name>", "the platform that counts where none is written", readPlatform)
    .option("--digests <path>", "the file of known digests; default: the one in your cache folder")
    .option("--json", "print one JSON object")
    .addHelpText("after", exitCodeHelp(PIN_EXIT_CODES))
    .action(async (files: string[], options: PinOptions) => {
      context.end(await pin(files, options, context));
    });
}

async function pin(
  files: readonly string[],
  options: PinOptions,
  { terminal }: CommandContext,
): Promise<number> {
  const path = digestPath(options.digests, "--digests", terminal.env);
  const known = readDigests(path, Date.now());
  if (known.problem !== undefined) say(terminal, `no digest is known: ${path} ${known.problem}`);
  const advise = adviser(known.digests, options.platform ?? "");
  const images: AdvisedImage[] = [];
  const unread: UnreadPlace[] = [];
  const refused: { readonly file: string; readonly reason: string }[] = [];
  for (const file of files) {
    const source = await readSource(file);
    if ("refused" in source) {
      refused.push({ file, reason: source.refused });
      continue;
    }
    const found = scan(file, source.text);
    images.push(...found.images.map((image) => advise(file, image)));
    unread.push(...found.unread.map((place) => ({ file, ...place })));
  }
  if (options.json) printJson(terminal, { images, unread, refused });
  else {
    printLines(terminal, pinLines(images, Date.now(), paintFor(terminal)));
    for (const note of pinNotes(images, unread)) say(terminal, note);
  }
  for (const { file, reason } of refused) say(terminal, `error: ${fileText(file)} ${reason}`);
  if (refused.length > 0) return EXIT.noInput;
  return options.check && images.some(({ pinned }) => !pinned) ? EXIT.imageUnpinned : EXIT.ok;
}

function readPlatform(text: string): string {
  if (text !== "" && isPlatform(text)) return text;
  throw new InvalidArgumentError("Expected a platform, such as linux/arm64.");
}
