// Finding a row by what it is called.

/** Whether every word of `query` occurs in `text`, whatever the case and the accents. */
export function matches(text: string, query: string): boolean {
  const plain = fold(text);
  return fold(query).split(/\s+/).every((word) => plain.includes(word));
}

function fold(text: string): string {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
