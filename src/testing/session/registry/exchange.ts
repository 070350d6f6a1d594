/** The spans of an exchange with a registry. The exchange itself never happens. */

import type { Engine } from "../engine/engine.js";
import type { MetFault } from "../engine/meet-faults.js";
import { type ActiveSpan, type Attributes, CANCELED, SCOPES } from "../traces/active-span.js";

/** A request to a registry. */
export interface Asked {
  readonly method: "HEAD" | "GET" | "POST" | "PUT";
  readonly url: URL;
  /** The host as in the image reference. The request is counted under this name. */
  readonly host: string;
  /** Whether the request goes to the token server. */
  readonly isToken?: boolean;
  /** Headers to show in the span. `authorization` is shown as `****`. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** How the exchange ended: with a status, with a network error, or with both if the body was cut. */
export interface AskedResult {
  readonly status?: number;
  readonly error?: string;
}

export class RegistryExchange {
  readonly #outer: ActiveSpan;
  readonly #inner: ActiveSpan;

  /** Begins the span of an exchange, and counts its request. */
  constructor(engine: Engine, parent: ActiveSpan, { method, url, host, isToken, headers }: Asked) {
    engine.countRequests(host, 1);
    const attributes: Attributes = {
      ...(engine.isOld && { buildkit: true, "dagger.io/ui.encapsulated": true }),
      "http.request.method": method,
      "url.full": url.href,
      "server.address": url.hostname.replace(/^\[|\]$/g, ""),
      ...(url.port !== "" && { "server.port": Number(url.port) }),
      "network.protocol.version": "1.1",
    };
    const name = `remotes.docker.resolver.${isToken ? "FetchToken" : "HTTPRequest"}`;
    this.#outer = parent.child(SCOPES.http, name, attributes);
    const shown = Object.entries(headers ?? {}).map(
      ([header, value]) => [`http.request.header.${header}`, value] as const,
    );
    this.#inner = this.#outer.child(SCOPES.http, `HTTP ${method}`, {
      ...attributes,
      ...Object.fromEntries(shown),
    });
  }

  end({ status, error }: AskedResult): void {
    const failed = error !== undefined || (status ?? 0) >= 400;
    const type = error === undefined ? String(status) : goType(error);
    const isCut = status !== undefined && error !== undefined;
    const end = {
      status: failed ? ("error" as const) : ("unset" as const),
      message: error ?? "",
      attributes: {
        ...(status !== undefined && { "http.response.status_code": status }),
        ...(failed && !isCut && { "error.type": type }),
      },
    };
    this.#inner.end(end);
    this.#outer.end(end);
  }

  /**
   * Applies a planned fault, then ends the exchange. Returns the fault of the host, if any.
   *
   * @param resultOf Returns how the exchange ends for that fault.
   */
  async meet(
    signal: AbortSignal,
    apply: () => Promise<MetFault | undefined>,
    resultOf: (met: MetFault) => AskedResult,
  ): Promise<MetFault | undefined> {
    let met: MetFault | undefined;
    try {
      met = await apply();
    } catch (error) {
      // A fault with the user's own message is not a failure of the host, so the exchange ends with 200.
      if (signal.aborted) this.cancel();
      else this.end({ status: 200 });
      throw error;
    }
    this.end(met === undefined ? { status: 200 } : resultOf(met));
    return met;
  }

  /** Ends the exchange because no client waits for it. */
  cancel(): void {
    this.end({ error: CANCELED });
  }
}

/** Returns the type that an error has in Go's network library. */
function goType(error: string): string {
  return /^(?:dial|read) /.test(error) ? "*net.OpError" : "*errors.errorString";
}
