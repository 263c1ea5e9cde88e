import { en } from "./en";
import { ptBR } from "./pt-BR";

export type Key = keyof typeof en;
/** A key that has the forms `.one` and `.other`. */
export type Counted = Key extends infer K ? (K extends `${infer Base}.other` ? Base : never) : never;
export type Values = Record<string, string>;

export const dictionaries = { en, "pt-BR": ptBR } as const;
export type Language = keyof typeof dictionaries;

/** The dictionary and the locale for numbers, by the first preference that either can serve. */
export function choose(preferred: readonly string[]): { language: Language; locale: string } {
  for (const tag of preferred) {
    const base = tag.toLowerCase().split("-")[0];
    if (base === "pt") return { language: "pt-BR", locale: tag };
    if (base === "en") return { language: "en", locale: tag };
  }
  return { language: "en", locale: "en" };
}

export function fill(text: string, values: Values): string {
  return text.replace(/\{(\w+)\}/g, (whole, name: string) => values[name] ?? whole);
}

/** Functions that say things in one language. */
export function speaker(language: Language, locale: string) {
  const words: Record<Key, string> = dictionaries[language];
  const integer = new Intl.NumberFormat(locale);
  const t = (key: Key, values: Values = {}): string => fill(words[key], values);
  /** Not by CLDR's rules: for it, 0 is singular in Portuguese, which reads as a mistake ("0 estudante"). */
  const count = (key: Counted, n: number, values: Values = {}): string => {
    const form = n === 1 ? "one" : "other";
    return fill(words[`${key}.${form}` as Key], { ...values, count: integer.format(n) });
  };
  return { t, count };
}
