import { expect, onTestFinished, test, vi } from "vitest";

async function passedUnder(nodeOptions: string): Promise<readonly string[]> {
  vi.stubEnv("NODE_OPTIONS", nodeOptions);
  onTestFinished(() => void vi.unstubAllEnvs());
  vi.resetModules();
  return (await import("./passed-signals.js")).PASSED_ON;
}

test.each(["--inspect", "--inspect-brk=0", "--cpu-prof", "--prof"])(
  "SIGPROF is left to Node.js under %s, and other signals are passed on",
  async (nodeOptions) => {
    const passed = await passedUnder(nodeOptions);
    expect(passed).not.toContain("SIGPROF");
    expect(passed).toContain("SIGTERM");
  },
);
