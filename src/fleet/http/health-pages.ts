/** Declares the health pages of a server. The code that starts the server provides them. */

/** A reply: the HTTP status, and the body that the server sends as JSON. */
export interface PageReply {
  readonly status: number;
  readonly body: object;
}

/** The part of `URLSearchParams` that a health page uses to read the query of a request. */
export interface PageQuery {
  keys(): Iterable<string>;
  getAll(name: string): readonly string[];
}

/** Health pages for a server. The server itself answers `/health/live`. */
export interface HealthPages {
  /**
   * Returns the reply that shows whether the store answers. The page needs no token, so the body
   * must contain no names.
   */
  ready(): Promise<PageReply>;
  /**
   * Returns the reply that shows the health of the circuits. The page needs the token of `metrics`.
   */
  circuits(query: PageQuery): Promise<PageReply>;
}
