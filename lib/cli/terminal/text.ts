// Helpers for text and numbers, shared by the folders of the command.

export function oneLine(text: string): string {
  return text.trim().replace(/\s*\n\s*/g, ' ');
}

const decimal = /^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/;

/** The number that a text is, whole and in decimal; NaN for anything else. What is too large is an infinity. */
export function strictNumber(text: string): number {
  return decimal.test(text) ? Number(text) : Number.NaN;
}
