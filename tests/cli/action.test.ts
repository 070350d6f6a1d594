/** Tests action.yml with a stand-in for dagger. Steps run as on the runner of GitHub Actions. */

import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readFileSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";
import { type Action, type ActionRun, readAction, runAction } from "./action-runner.js";
import { builtCli } from "./built-cli.js";
import { type Replay, replay } from "./replay.js";

const ROOT = fileURLToPath(new URL("../../", import.meta.url));
const action: Action = readAction(join(ROOT, "action.yml"));
const cli = builtCli();

/** Makes a checkout that contains the built program. The build is current, so the action builds nothing. */
beforeAll(() => {
  const checkout = cli.folder;
  cpSync(join(ROOT, "scripts"), join(checkout, "scripts"), { recursive: true });
  for (const name of ["package-lock.json", "tsconfig.json", "tsconfig.build.json"]) {
    cpSync(join(ROOT, name), join(checkout, name));
  }
  for (const name of ["src", "examples"]) symlinkSync(join(ROOT, name), join(checkout, name));
  const products = ["node_modules", "dist", "build/examples/dagger"];
  for (const folder of products) mkdirSync(join(checkout, folder), { recursive: true });
  symlinkSync(cli.dist, join(checkout, "dist/cli"));
  symlinkSync(join(cli.dist, "../attribution"), join(checkout, "dist/attribution"));
  writeFileSync(join(checkout, "node_modules/.package-lock.json"), "");
  writeFileSync(join(checkout, "dist/index.js"), "");
  writeFileSync(join(checkout, "build/examples/dagger/circuit-breaker-example.js"), "");
});

/** Runs the action with a stand-in for dagger that performs the given tasks. */
async function runWith(
  inputs: Readonly<Record<string, string>>,
  tasks: readonly string[] = ["ok"],
  env: Readonly<Record<string, string>> = {},
): Promise<ActionRun & { readonly dagger: Replay }> {
  const dagger = replay(cli.folder, ...tasks);
  const place = {
    actionPath: cli.folder,
    workspace: dagger.folder,
    temporary: dagger.folder,
    env: cli.environment({ ...dagger.env, ...env }),
  };
  return { ...(await runAction(action, inputs, place)), dagger };
}

/** Returns what the stand-in's task "show" printed: its arguments, folder and environment. */
function shown({ stdout }: ActionRun): {
  args: string[];
  cwd: string;
  env: Record<string, string>;
} {
  return JSON.parse(stdout);
}

test("every input reaches the script by its environment, and every output is one of the step", () => {
  const inputs = Object.keys(action.inputs).filter((name) => name !== "working-directory");
  const given = action.runs.steps.flatMap(({ env = {} }) => Object.entries(env));
  for (const name of inputs) {
    const variable = `INPUT_${name.toUpperCase().replaceAll("-", "_")}`;
    expect(given).toContainEqual([variable, `\${{ inputs.${name} }}`]);
  }
  for (const [name, { value }] of Object.entries(action.outputs)) {
    expect(value).toBe(`\${{ steps.run.outputs.${name} }}`);
  }
  expect(action.runs.using).toBe("composite");
});

describe("a command that goes well", () => {
  test("passes its output through and reports how it ended", async () => {
    const run = await runWith({ command: "dagger call test" });
    expect(run).toMatchObject({ exitCode: 0, stdout: "hi\n" });
    expect(run.stderr).toContain("\ndagger-breaker: succeeded, exit code 0\n");
    expect(run.stderr).not.toContain("::error");
    expect(run.outputs).toMatchObject({ outcome: "succeeded", "exit-code": "0", attempts: "1" });
    expect(run.summary).toContain("### dagger-breaker: succeeded");
  });

  test("runs with the words that the input has, in the folder it names, and without the inputs", async () => {
    const dagger = await runWith(
      {
        command: `dagger call test --name "a b" --tag 'c"d' \\\n  --empty "" e\\ f {x}*`,
        "working-directory": "bin",
      },
      ["show"],
    );
    const { args, cwd, env } = shown(dagger);
    expect(args).toEqual([
      "call",
      "test",
      "--name",
      "a b",
      "--tag",
      'c"d',
      "--empty",
      "",
      "e f",
      "{x}*",
    ]);
    expect(cwd).toBe(join(dagger.dagger.folder, "bin"));
    expect(Object.keys(env).filter((name) => /^(?:INPUT|ACTION)_/.test(name))).toEqual([]);
  });
});

describe("a command of the action", () => {
  test("has comments and a tilde as in a shell", async () => {
    const command = '# the tests\ndagger call ~/a "~" a~ b#c # and ; $no $(more)\n\n# done\n';
    const dagger = await runWith({ command }, ["show"]);
    const [, home, ...others] = shown(dagger).args;
    expect(home).toMatch(/^\/.+\/a$/);
    expect(others).toEqual(["~", "a~", "b#c"]);
  });

  test.each([
    "dagger call a\ndagger call b",
    "dagger call a\n  --name b",
    "dagger\n# c\nls",
    "dagger ~root/x",
  ])("%j is refused, since only a shell could run it", async (command) => {
    const run = await runWith({ command }, ["ok"]);
    expect(run.exitCode).toBe(64);
    expect(run.stderr).toMatch(/input "command" holds .*for which there is no shell here/);
    expect(run.dagger.starts()).toEqual([]);
  });
});

describe("a command that fails", () => {
  test("by a registry is an error with its cause, its outputs and a table", async () => {
    const run = await runWith({ command: "dagger call test" }, ["pull-429"]);
    expect(run.exitCode).toBe(1);
    expect(run.stderr).toMatch(
      /\n::error title=dagger-breaker%3A failed \(registry-1\.docker\.io\)::registry registry-1\.docker\.io: [^\n]+\n/,
    );
    expect(run.outputs).toMatchObject({
      outcome: "failed",
      "exit-code": "1",
      fault: "registry",
      upstream: "registry-1.docker.io",
      breaker: "registry:docker.io",
      attempts: "1",
    });
    expect(run.summary).toContain("| fault | registry |");
  });

  test("by itself keeps its exit code", async () => {
    const run = await runWith({ command: "dagger call test" }, ["exec-fail"]);
    expect(run.exitCode).toBe(3);
    expect(run.outputs).toMatchObject({ outcome: "failed", "exit-code": "3", fault: "user" });
  });

  test("is retried as the input configures, and writes the JUnit report to the given path", async () => {
    const run = await runWith({ command: "dagger call test", retry: "1", junit: "report.xml" }, [
      "pull-503",
      "ok",
    ]);
    expect(run.exitCode).toBe(0);
    expect(run.dagger.starts()).toEqual(["pull-503", "ok"]);
    expect(run.outputs.attempts).toBe("2");
    const report = readFileSync(join(run.dagger.folder, "report.xml"), "utf8");
    expect(report).toContain('tests="2" failures="0" errors="0" skipped="1"');
  });
});

describe("an input", () => {
  test.each([
    ["dagger call test; touch pwned"],
    ["dagger call test $(touch pwned)"],
    ['dagger call test "$(touch pwned)"'],
    ["dagger call test `touch pwned`"],
    ["dagger call test & touch pwned"],
    ["dagger call test | touch pwned"],
    ["dagger call test > pwned"],
    ["dagger call test $HOME"],
    ["dagger call 'test"],
    [""],
  ])("of the command %j is refused, and nothing is run", async (command) => {
    const run = await runWith({ command });
    expect(run.exitCode).toBe(64);
    expect(run.stderr).toMatch(/^error: input "command" .*, expected one command/);
    expect(run.stderr).not.toContain("touch");
    expect(run.dagger.starts()).toEqual([]);
    expect(existsSync(join(run.dagger.folder, "pwned"))).toBe(false);
  });

  test("that holds a command stays a word, whatever quotes are in it", async () => {
    const hostile = `'"; touch pwned; \${{ github.token }} $(touch pwned)\n--retry 9`;
    for (const name of ["needs", "timeout", "retry", "max-wait", "learnt", "traces", "wait"]) {
      const run = await runWith({ command: "dagger call test", [name]: hostile });
      expect(run.exitCode).toBe(64);
      expect(run.stderr).toContain(name);
      expect(run.dagger.starts()).toEqual([]);
      expect(existsSync(join(run.dagger.folder, "pwned"))).toBe(false);
    }
  });

  test("of a store reaches the command by the environment, where no other user reads it", async () => {
    const inputs = {
      store: "http://127.0.0.1:1",
      "store-token": "t".repeat(32),
      scope: "egress-1",
    };
    const run = await runWith({ command: "dagger call test", ...inputs }, ["show"]);
    const { args, env } = shown(run);
    expect(args).toEqual(["call", "test"]);
    expect(env).toMatchObject({
      DAGGER_BREAKER_STORE: inputs.store,
      DAGGER_BREAKER_STORE_TOKEN: inputs["store-token"],
      DAGGER_BREAKER_SCOPE: inputs.scope,
    });
    expect(run.stderr).toContain("The store of shared circuits did not answer");
  });

  test("of what is needed may be separated by spaces, commas and lines", async () => {
    const needs = "registry:docker.io, git:github.com\nhttp:files.example.com ";
    const run = await runWith({ command: "dagger call test", needs });
    expect(run.exitCode).toBe(0);
  });

  test("of a file for the report, or of JSON as the report, has its effect", async () => {
    const output = "report.json";
    const run = await runWith({ command: "dagger call test", output, json: "true", pin: "1h" });
    expect(run.exitCode).toBe(0);
    const report = JSON.parse(readFileSync(join(run.dagger.folder, output), "utf8"));
    expect(report).toMatchObject({ outcome: "succeeded" });
    expect(run.stderr).toContain('"outcome": "succeeded"');
  });

  test("that is wrong is named", async () => {
    const run = await runWith({ command: "dagger call test", "idle-timeout": "soon" });
    expect(run.exitCode).toBe(64);
    expect(run.stderr).toContain("--idle-timeout");
  });
});

describe("the version", () => {
  /**
   * Replaces the download by a stand-in that records its request and installs a dagger. That dagger shows
   * that it was downloaded.
   */
  async function withDownload(version: string, tasks: readonly string[] = ["ok"]) {
    const folder = replay(cli.folder).folder;
    const log = join(folder, "asked");
    const words = join(folder, "words");
    const curl = join(folder, "curl");
    const installed = "#!/bin/sh\\necho installed\\n";
    writeFileSync(
      curl,
      `#!/bin/sh
printf '%s ' "$@" > '${words}'
for word; do [ "$last" = -o ] && file=$word; last=$word; done
echo "$last" >> '${log}'
cat > "$file" <<'END'
echo "$DAGGER_VERSION" >> '${log}'
printf '${installed}' > "$BIN_DIR/dagger"
chmod +x "$BIN_DIR/dagger"
END
`,
    );
    chmodSync(curl, 0o755);
    const dagger = replay(cli.folder, ...tasks);
    const run = await runAction(
      action,
      { command: "dagger call test", version },
      {
        actionPath: cli.folder,
        workspace: dagger.folder,
        temporary: dagger.folder,
        env: cli.environment({ ...dagger.env, PATH: `${folder}:${dagger.env.PATH}` }),
      },
    );
    const told = (file: string) => (existsSync(file) ? readFileSync(file, "utf8").trim() : "");
    return { ...run, asked: told(log).split("\n").filter(Boolean), words: told(words) };
  }

  test.each(["v0.19.11", "0.19.11", "latest"])(
    "%s is installed before the command runs",
    async (version) => {
      const { exitCode, stdout, asked, words } = await withDownload(version);
      expect(exitCode).toBe(0);
      // A server may ask for a very long pause before a retry, or never answer, so both times need limits.
      expect(words).toMatch(/--max-time 60 .*--retry-max-time 60 /);
      expect(stdout).toBe("installed\n");
      expect(asked).toEqual(["https://dl.dagger.io/dagger/install.sh", version.replace("v", "")]);
    },
  );

  test("that is there already is not installed again", async () => {
    const { stdout, asked } = await withDownload("v9.8.7", ["version", "ok"]);
    expect(asked).toEqual([]);
    expect(stdout).toBe("hi\n");
  });

  test.each(["$(id)", "1; id", "-x", "../1"])("%j is refused", async (version) => {
    const { exitCode, stderr, asked } = await withDownload(version);
    expect(exitCode).toBe(64);
    expect(stderr).toContain('input "version" is wrong');
    expect(asked).toEqual([]);
  });
});
