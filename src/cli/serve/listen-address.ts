/** Reads the address that a server listens on. */

import { isIPv6 } from "node:net";
import { InvalidArgumentError } from "commander";

/** An address to listen on. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** Reads `HOST:PORT`. An IPv6 address must be in brackets. */
export function listenAddress(text: string): ListenAddress {
  const [, inBrackets, name, digits] =
    /^(?:\[([0-9a-f:.]+)\]|([A-Za-z0-9.-]{1,255})):([0-9]{1,5})$/i.exec(text) ?? [];
  const port = Number(digits);
  const host = inBrackets ?? name ?? "";
  if (port <= 65_535 && (inBrackets === undefined || isIPv6(inBrackets))) return { host, port };
  throw new InvalidArgumentError(
    "expected HOST:PORT, such as 127.0.0.1:7420, 0.0.0.0:7420 or [::1]:7420",
  );
}
