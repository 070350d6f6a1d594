#!/usr/bin/env node
/**
 * Starts the program of the package: the bundle `program.cjs` in the same folder.
 *
 * The bundle is a script, not a module, because a script loads modules of Node.js only when it
 * needs them.
 */

import { createRequire } from "node:module";
import { keepCompiledCode } from "./compile-cache.js";

keepCompiledCode(import.meta.dirname);
createRequire(import.meta.url)("./program.cjs");
