export const REPORT: "__entered";
export function instrument(text: string, file: number): string;
