/** Runs the TypeScript compiler in a user's project. */

import { join } from "node:path";
import ts from "typescript";
import type { Project } from "./project.js";

/**
 * Type-checks files of a project, and all declarations of our package that the files use. `skipLibCheck` is
 * off. Writes JavaScript beside the files unless `noEmit` is set.
 *
 * @returns The errors in the project.
 */
export function compile(
  { folder }: Project,
  files: readonly string[],
  options: ts.CompilerOptions,
): string[] {
  const program = ts.createProgram({
    rootNames: files.map((file) => join(folder, file)),
    options: {
      target: ts.ScriptTarget.ES2022,
      typeRoots: [join(folder, "node_modules", "@types")],
      moduleDetection: ts.ModuleDetectionKind.Force,
      strict: true,
      skipLibCheck: false,
      ...options,
    },
  });
  if (!options.noEmit) program.emit();
  // Linked packages are outside the folder. Errors in their types are not ours.
  const own = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(folder));
  const diagnostics = [
    ...program.getOptionsDiagnostics(),
    ...program.getGlobalDiagnostics(),
    ...own.flatMap((file) => [
      ...program.getSyntacticDiagnostics(file),
      ...program.getSemanticDiagnostics(file),
    ]),
  ];
  const host: ts.FormatDiagnosticsHost = {
    getCurrentDirectory: () => folder,
    getCanonicalFileName: (name) => name,
    getNewLine: () => "\n",
  };
  return diagnostics.map((diagnostic) => ts.formatDiagnostic(diagnostic, host).trim());
}
