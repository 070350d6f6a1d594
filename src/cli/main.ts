#!/usr/bin/env node
/**
 * Starts the program of the package, which is the bundle `program.cjs` in the same folder.
 *
 * The bundle is a script and not a module. A script loads modules of Node.js only when it needs
 * them.
 */

import { createRequire } from "node:module";
import { keepCompiledCode } from "./compile-cache.js";

keepCompiledCode(import.meta.dirname);
createRequire(import.meta.url)("./program.cjs");
