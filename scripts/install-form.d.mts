/** Types for the tests; see install-form.mjs. */

export function withInstallForm(text: string): string;
export function downloadsIn(text: string): readonly string[];
export function filesForUsers(): readonly string[];
