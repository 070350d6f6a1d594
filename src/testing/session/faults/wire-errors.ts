/** The engine's errors, and JSON as Go encodes it. */

/** An error with the engine's message. The answer adds the path of the field. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  /** Whether the message ends in `[traceparent:...]` on engines from 0.21 on. On 0.19 all messages do. */
  readonly traced: boolean;
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
  /** Whether the call could not be made at all, so that it has no span. */
  readonly uncalled: boolean;
  /** For an error that a function passes on: the span where it began, as `<trace id>-<span id>`. */
  readonly origin: string | undefined;

  constructor(
    message: string,
    options: {
      traced?: boolean;
      extensions?: Readonly<Record<string, unknown>>;
      uncalled?: boolean;
      origin?: string;
    } = {},
  ) {
    super(message);
    this.traced = options.traced ?? false;
    this.extensions = options.extensions;
    this.uncalled = options.uncalled ?? false;
    this.origin = options.origin;
  }
}

/** Separates a message from the span at its end. */
export function splitOrigin(message: string): { text: string; origin: string | undefined } {
  const found = / ?\[traceparent:([0-9a-f]{32}-[0-9a-f]{16})\]$/.exec(message);
  return { text: message.slice(0, found?.index), origin: found?.[1] };
}

/** How a command ended. */
export interface CommandEnd {
  readonly command: readonly string[];
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Returns the error of a command whose exit code was not expected.
 *
 * @param frame The text before the message.
 */
export function execError(end: CommandEnd, frame = ""): EngineError {
  return new EngineError(`${frame}exit code: ${end.exitCode}`, {
    traced: true,
    extensions: {
      _type: "EXEC_ERROR",
      cmd: end.command,
      exitCode: end.exitCode,
      stderr: cutInFront(withoutFinalNewline(end.stderr)),
      stdout: cutInFront(withoutFinalNewline(end.stdout)),
    },
  });
}

const LONGEST_OUTPUT_BYTES = 100 * 1024;

/**
 * Keeps the last 100 KiB of a command's output, with a remark in front. The number in the remark is what
 * exceeds 100 KiB, as in engines. Slightly more is removed.
 */
export function cutInFront(output: string): string {
  const bytes = Buffer.from(output);
  const omitted = bytes.length - LONGEST_OUTPUT_BYTES;
  if (omitted <= 0) return output;
  const remark = `[omitting ${omitted} bytes]...`;
  return remark + bytes.subarray(omitted + remark.length).toString();
}

function withoutFinalNewline(output: string): string {
  return output.replace(/\n$/, "");
}

/** Go's texts for error numbers of the system. */
const SYSTEM_ERRORS: Readonly<Record<string, string>> = {
  ENOENT: "no such file or directory",
  EACCES: "permission denied",
  EPERM: "operation not permitted",
  EEXIST: "file exists",
  ENOTDIR: "not a directory",
  EISDIR: "is a directory",
  EROFS: "read-only file system",
  ENOSPC: "no space left on device",
  ENOTEMPTY: "directory not empty",
  ELOOP: "too many levels of symbolic links",
};

/** Returns Go's message for a failed system call. */
export function systemErrorText(error: unknown): string {
  const code = errorCode(error);
  return (code !== undefined && SYSTEM_ERRORS[code]) || (code ?? String(error));
}

/** Returns the code of a Node error, such as `ENOENT`. */
export function errorCode(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === "string" ? code : undefined;
}

/** Encodes JSON as Go does: with escapes for `<`, `>`, `&` and two line separators. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}
