/** The health pages of a server, which its starter provides. */

/** A reply: the HTTP status, and the body to send as JSON. */
export interface PageReply {
  readonly status: number;
  readonly body: object;
}

/** The query of a request: the part of `URLSearchParams` that is read. */
export interface PageQuery {
  keys(): Iterable<string>;
  getAll(name: string): readonly string[];
}

/** The health pages that a server adds beside `/health/live`, which it answers itself. */
export interface HealthPages {
  /** Returns whether the store answers. Anyone may ask, so the body contains no names. */
  ready(): Promise<PageReply>;
  /** Returns the circuits. Only who has the token of `metrics` may ask. */
  circuits(query: PageQuery): Promise<PageReply>;
}
