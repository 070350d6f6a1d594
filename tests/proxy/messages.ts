// Parses HTTP/1.1 messages from bytes, to compare exchanges. Uses no code of the proxy or of Node.

/** A message as its receiver understands it. */
export interface Message {
  readonly firstLine: string;
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
  /** Whether the message is complete, by its own framing or by the end of its connection. */
  readonly isComplete: boolean;
  /** The bytes after the message. */
  readonly rest: string;
}

/** Facts about a message that its bytes do not contain. */
export interface Reading {
  /**
   * Whether the message is an answer. Without a length, an answer has a body up to the end of the
   * connection, and a request has no body.
   */
  readonly isAnswer: boolean;
  /** Whether the message answers a HEAD request. */
  readonly toHead?: boolean;
  /** Whether the connection has ended normally, without a reset. */
  readonly hasEnded?: boolean;
}

const NOTHING: Message = {
  firstLine: "",
  headers: [],
  body: "",
  trailers: [],
  isComplete: false,
  rest: "",
};

export function readMessage(bytes: string, reading: Reading): Message {
  const end = bytes.indexOf("\r\n\r\n");
  if (end < 0) return NOTHING;
  const [firstLine = "", ...headers] = bytes.slice(0, end).split("\r\n");
  const head = { ...NOTHING, firstLine, headers };
  const behind = bytes.slice(end + 4);
  const value = (name: string) =>
    headers
      .find((line) => line.toLowerCase().startsWith(`${name}:`))
      ?.slice(name.length + 1)
      .trim();
  const status = Number(reading.isAnswer ? firstLine.split(" ")[1] : 200);
  if (reading.toHead === true || status === 204 || status === 304) {
    return { ...head, isComplete: true, rest: behind };
  }
  if (value("transfer-encoding") === "chunked") return { ...head, ...readChunks(behind) };
  const length = value("content-length");
  if (length === undefined && reading.isAnswer) {
    return { ...head, body: behind, isComplete: reading.hasEnded === true };
  }
  const body = behind.slice(0, Number(length ?? 0));
  const isComplete = body.length === Number(length ?? 0);
  return { ...head, body, isComplete, rest: behind.slice(body.length) };
}

function readChunks(bytes: string) {
  let at = 0;
  let body = "";
  for (;;) {
    const end = bytes.indexOf("\r\n", at);
    if (end < 0) return { body, isComplete: false };
    const size = Number.parseInt(bytes.slice(at, end), 16);
    if (size === 0) {
      const over = bytes.indexOf("\r\n\r\n", end);
      if (over < 0) return { body, isComplete: false };
      const trailers = bytes
        .slice(end + 2, over)
        .split("\r\n")
        .filter((line) => line !== "");
      return { body, trailers, isComplete: true, rest: bytes.slice(over + 4) };
    }
    const chunk = bytes.slice(end + 2, end + 2 + size);
    body += chunk;
    if (chunk.length < size) return { body, isComplete: false };
    at = end + 2 + size + 2;
  }
}
