/** The engine's answers to failures: error values, and JSON as Go encodes it. */

/** An error in the engine's own words; the executor adds its path. */
export class EngineError extends Error {
  override readonly name = "EngineError";
  /**
   * Whether engines from 0.21 on end this message in `[traceparent:...]`; 0.19 ends all messages
   * so.
   */
  readonly traced: boolean;
  readonly extensions: Readonly<Record<string, unknown>> | undefined;
  /** Whether the call itself could not be made, so that it has no span. */
  readonly uncalled: boolean;
  /** The span that the message always names, as `TRACE-SPAN`: that of a forwarded error. */
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

/** Removes the span from the end of a message. */
export function splitOrigin(message: string): { text: string; origin: string | undefined } {
  const found = / ?\[traceparent:([0-9a-f]{32}-[0-9a-f]{16})\]$/.exec(message);
  return { text: message.slice(0, found?.index), origin: found?.[1] };
}

/** The result of a finished command. */
export interface CommandEnd {
  readonly command: readonly string[];
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Returns the error of a command that did not end as expected.
 *
 * @param frame The text before its words.
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
 * Cuts the front of a command's output down to 100 KiB, including the remark about it. The remark
 * counts what exceeds 100 KiB, which is a little less than was removed: engines do the same.
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

/** Go's names for the system's error numbers, for messages about files and hosts. */
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

/** Encodes JSON like Go: `<`, `>`, `&` and two line separators are escaped. */
export function goJson(value: unknown): string {
  return JSON.stringify(value).replace(/[<>&\u2028\u2029]/g, (character) => {
    return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

const STATUS_TEXTS: Readonly<Record<number, string>> = {
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  408: "Request Timeout",
  410: "Gone",
  418: "I'm a teapot",
  429: "Too Many Requests",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

/** Returns a status as Go prints it: number and reason. */
export function statusLine(status: number): string {
  return `${status} ${STATUS_TEXTS[status] ?? ""}`.trimEnd();
}
