/** The address of a session, which the CLI prints and SDKs read. */

/** A loopback port, and the token that clients send as the user name of basic auth. */
export interface SessionAddress {
  readonly port: number;
  readonly token: string;
}
