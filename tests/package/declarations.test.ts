/** Tests that our declarations compile in a project that has few other types. */

import ts from "typescript";
import { afterAll, beforeAll, expect, test } from "vitest";
import { compile } from "./compiler.js";
import { createProject, entriesOf, installed, type Project, readManifest } from "./project.js";

const manifest = await readManifest();
/** The types of the Dagger SDK need the types of Node.js. Our types for the SDK also need the lib DOM. */
const NEEDS_MORE = `${manifest.name}/dagger`;
const entries = entriesOf(manifest);

let project: Project;
beforeAll(async () => {
  project = await createProject({ "@dagger.io/dagger": installed("@dagger.io/dagger") });
  await project.write("all.ts", exportingAll(entries));
  await project.write("most.ts", exportingAll(entries.filter((entry) => entry !== NEEDS_MORE)));
  await project.write(
    "no-global-signal.ts",
    `import { CircuitBreaker } from "${manifest.name}";
     const breaker = new CircuitBreaker();
     await breaker.execute(({ signal }) => signal?.throwIfAborted());
     // @ts-expect-error a text is no signal
     await breaker.execute(() => 1, { signal: "stop" });
     breaker.acquire()[Symbol.dispose]();`,
  );
  await project.write(
    "global-signal.ts",
    `import { CircuitBreaker } from "${manifest.name}";
     const { signal } = new AbortController();
     const breaker = new CircuitBreaker();
     const init = (signal?: AbortSignal) => (signal ? { signal } : {});
     await breaker.execute(({ signal }) => fetch("http://127.0.0.1", init(signal)), { signal });`,
  );
});
afterAll(() => project.remove());

function exportingAll(entries: readonly string[]): string {
  return entries.map((entry, index) => `export * as entry${index} from "${entry}";\n`).join("");
}

const nodeNext = { module: ts.ModuleKind.NodeNext };
const bundler = {
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
};

test.each<[string, string[], string[], ts.CompilerOptions]>([
  ["ES2022", ["es2022"], ["most.ts", "no-global-signal.ts"], nodeNext],
  ["ES2022 for a bundler", ["es2022"], ["most.ts"], bundler],
  ["ES2022 and DOM, with /dagger", ["es2022", "dom"], ["all.ts", "global-signal.ts"], nodeNext],
  ["ESNext", ["esnext"], ["most.ts"], nodeNext],
])(
  "without @types/node and with skipLibCheck off, the lib %s is enough",
  (_name, libs, files, options) => {
    const lib = libs.map((name) => `lib.${name}.d.ts`);
    const errors = compile(project, files, { ...options, lib, types: [], noEmit: true });
    expect(errors).toEqual([]);
  },
);
