// What to call a thing: its title, else something readable made of its id.

export interface Named {
  title: string;
  /** The id, shown small when the title was made up from it. */
  id: string | null;
}

/** `wrap` puts a bare code into words, as "Video 3f9a12c4". */
export function nameOf(title: string | null, id: string, wrap: (short: string) => string): Named {
  if (title !== null && title.trim() !== "") return { title: title.trim(), id: null };
  const short = readable(id);
  return { title: isCode(short) ? wrap(short.slice(0, 8)) : short, id };
}

/** The last telling part of an id: of an IRI, an Open edX key, or a plain slug. */
export function readable(id: string): string {
  const course = /^course-v1:[^+]*\+([^+]+)\+([^+]+)$/.exec(id);
  if (course) return `${course[1]} · ${course[2]}`;
  const parts = id.split(/[/#?&=@+:]/).filter((part) => part !== "");
  const last = decode(parts.at(-1) ?? id);
  const words = last.replace(/[-_]+/g, " ").trim();
  if (words === "") return id;
  return isCode(last) ? last.replace(/-/g, "") : words.charAt(0).toUpperCase() + words.slice(1);
}

/** Hexadecimal digests, UUIDs and bare numbers say nothing by themselves. */
function isCode(text: string): boolean {
  return /^[0-9a-f-]{12,}$/i.test(text) || /^\d+$/.test(text);
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
