/** Defines, for the double, the module that was called during the recordings. */

import type { ModuleDouble } from "../../src/testing/index.js";

export const HELLO: ModuleDouble = {
  functions: {
    build: async ({ query }) => {
      const { container } = await query(
        '{ container { from(address: "busybox:h5") { withExec(args: ["echo", "built"]) { stdout } } } }',
      );
      return (container as { from: { withExec: { stdout: string } } }).from.withExec.stdout;
    },
    test: async ({ query }) => {
      await query(
        '{ container { from(address: "busybox:h5") { withExec(args: ["sh", "-c", "echo FAIL >&2; exit 3"]) { stdout } } } }',
      );
    },
    pull: {
      args: { ref: "String!" },
      run: async ({ args, query }) => {
        await query("query ($ref: String!) { container { from(address: $ref) { id } } }", args);
        return "pulled";
      },
    },
    fetch: {
      args: { url: "String!" },
      run: async ({ args, query }) => {
        await query("query ($url: String!) { http(url: $url) { contents } }", args);
        return "fetched";
      },
    },
  },
};
