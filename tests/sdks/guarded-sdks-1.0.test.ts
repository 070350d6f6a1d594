/** Runs the tests of guarded-sdks.test.ts with the SDKs of 1.0, in parallel with that file. */

process.env.SDK_LINE = "1.0";
await import("./guarded-sdks.test.js");
