/**
 * Reads error answers as each SDK does, according to its source (0.21.8, and stricter requirements of older
 * versions). Each reader returns what a user of the SDK sees. It throws where the SDK would fail or would
 * hide the error.
 */

/** An answer, as a server sends it. */
export interface WireAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** The parts of an error that a user of an SDK can read. */
export interface ShownError {
  readonly message: string;
  /** Undefined when the SDK hides the extensions. */
  readonly extensions?: Readonly<Record<string, unknown>>;
}

type Reader = (answer: WireAnswer) => ShownError;

interface GraphQLError {
  readonly message: string;
  readonly path?: unknown;
  readonly locations?: unknown;
  readonly extensions?: Readonly<Record<string, unknown>>;
}

/** The reader for each SDK. */
export const READERS: Readonly<Record<string, Reader>> = {
  /** graphql-request parses by content type, accepts statuses from 200 to 299, and shows the first error. */
  TypeScript(answer) {
    demand(isJson(answer), "a JSON content type");
    demand(answer.status >= 200 && answer.status < 300, "a status from 200 to 299");
    const [{ message, extensions }] = errorsOf(answer);
    return shown(message, extensions);
  },

  /** gql on httpx retries after an error status, even a publish. It requires paths to be lists of texts. */
  Python(answer) {
    demand(answer.status < 400, "a status below 400");
    const [{ message, path, extensions }] = errorsOf(answer);
    demand(path === undefined || isTexts(path), "a path that is a list of texts");
    return shown(message, extensions);
  },

  /** genqlient turns any status except 200 into an HTTPError, which has no extensions. */
  Go(answer) {
    demand(answer.status === 200, "the status 200");
    const [{ message, path, extensions }] = errorsOf(answer);
    demand(path === undefined || isPath(path), "a path of texts and numbers");
    return shown(message, extensions);
  },

  /** php-graphql-client on Guzzle throws its own exception for any status except 200 and 400. */
  PHP(answer) {
    demand(answer.status === 200 || answer.status === 400, "the status 200 or 400");
    return shown(errorsOf(answer)[0].message);
  },

  /**
   * SmallRye fails for an unknown top-level key, and for a path that contains other values than texts and
   * numbers.
   */
  Java(answer) {
    demand(answer.status === 200, "the status 200");
    const unknown = Object.keys(parsed(answer)).filter(
      (key) => !["data", "errors", "extensions"].includes(key),
    );
    demand(unknown.length === 0, "no top-level keys but data, errors and extensions");
    const [{ message, path, extensions }] = errorsOf(answer);
    // SmallRye joins the path into the message of its exception.
    demand(isPath(path), "a path of texts and numbers");
    return shown(message, extensions);
  },

  /** Elixir's client requires null data and exactly one error. It joins the path when it prints the error. */
  Elixir(answer) {
    demand(answer.status === 200, "the status 200");
    demand(parsed(answer).data === null, "data that is null");
    const errors = errorsOf(answer);
    demand(errors.length === 1, "exactly one error");
    demand(Array.isArray(errors[0].path), "a path that is a list");
    return shown(errors[0].message, errors[0].extensions);
  },

  /**
   * serde, from 0.20.4 on, reads extensions as an enum by the tag `_type`. Any tag except EXEC_ERROR
   * becomes Other.
   */
  Rust(answer) {
    demand(answer.headers.location === undefined, "no Location header");
    demand(answer.status >= 200 && answer.status < 300, "a status from 200 to 299");
    const errors = errorsOf(answer);
    for (const error of errors) demandSerde(error);
    for (const { extensions } of errors) {
      if (extensions === undefined) continue;
      demand(typeof extensions._type === "string", "the extension _type");
      demand(extensions._type !== "EXEC_ERROR" || isExecError(extensions), "all of an ExecError");
    }
    return shown(errors.map(({ message }) => message).join("\n"));
  },

  /** serde, up to 0.20.3, reads extensions as a map from texts to texts. */
  "Rust up to 0.20.3"(answer) {
    demand(answer.status >= 200 && answer.status < 300, "a status from 200 to 299");
    const errors = errorsOf(answer);
    for (const error of errors) demandSerde(error);
    for (const { extensions = {} } of errors) {
      demand(isTexts(Object.values(extensions)), "extensions whose values are texts");
    }
    return shown(errors.map(({ message }) => message).join("\n"));
  },
};

function shown(message: string, extensions?: ShownError["extensions"]): ShownError {
  return extensions === undefined ? { message } : { message, extensions };
}

function demandSerde({ path, locations }: GraphQLError): void {
  demand(path === undefined || path === null || isPath(path), "a path of texts and numbers");
  demand(locations === undefined || Array.isArray(locations), "locations that are a list");
}

function isExecError({ cmd, exitCode, stdout, stderr }: Readonly<Record<string, unknown>>) {
  return isTexts(cmd) && Number.isInteger(exitCode) && isTexts([stdout, stderr]);
}

function errorsOf(answer: WireAnswer): readonly [GraphQLError, ...GraphQLError[]] {
  const { errors } = parsed(answer);
  demand(Array.isArray(errors) && errors.length > 0, "a list of errors");
  for (const { message, extensions } of errors as GraphQLError[]) {
    demand(typeof message === "string", "a message that is a text");
    demand(extensions === undefined || isObject(extensions), "extensions that are an object");
  }
  return errors as unknown as readonly [GraphQLError, ...GraphQLError[]];
}

function parsed({ body }: WireAnswer): Readonly<Record<string, unknown>> {
  const value: unknown = JSON.parse(body);
  demand(isObject(value), "an object");
  return value as Readonly<Record<string, unknown>>;
}

function isJson({ headers }: WireAnswer): boolean {
  return /^application\/(?:graphql-response\+)?json\b/.test(headers["content-type"] ?? "");
}

function isObject(value: unknown): boolean {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isTexts(value: unknown): boolean {
  return Array.isArray(value) && value.every((one) => typeof one === "string");
}

function isPath(value: unknown): boolean {
  return (
    Array.isArray(value) && value.every((one) => typeof one === "string" || Number.isInteger(one))
  );
}

function demand(isMet: boolean, what: string): void {
  if (!isMet) throw new TypeError(`expected ${what}`);
}
