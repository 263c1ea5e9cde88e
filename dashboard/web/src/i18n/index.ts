import { formatter } from "./format";
import { choose, speaker } from "./words";

// The browser's language does not change while a page is open, so it is read once.
const { language, locale } = choose(typeof navigator === "undefined" ? [] : navigator.languages);

export const pageLanguage = language;
export const { t, count } = speaker(language, locale);
export const f = formatter(locale);
export const collator = new Intl.Collator(locale, { numeric: true, sensitivity: "base" });
