#!/usr/bin/env node
/**
 * Starts the program of the package: the bundle that lies beside, `program.cjs`.
 *
 * The bundle is a script and not a module, because a script loads the modules of Node.js where it first needs them.
 */

import { createRequire } from "node:module";
import { keepCompiledCode } from "./compile-cache.js";

keepCompiledCode(import.meta.dirname);
createRequire(import.meta.url)("./program.cjs");
