/** The address of a session: printed by a CLI that has opened one, and read by SDKs. */

/** The port on loopback, and the token, which is the user name of basic auth. */
export interface SessionAddress {
  readonly port: number;
  readonly token: string;
}
