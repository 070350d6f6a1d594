/** Where a session is: what a CLI prints when it has opened one, and what SDKs take from it. */

/** The port on loopback, and the token that is the user name of basic auth. */
export interface SessionAddress {
  readonly port: number;
  readonly token: string;
}
