/** Numbers, times and durations in one locale. */
export function formatter(locale: string) {
  const integer = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const score = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  const clockTime = new Intl.DateTimeFormat(locale, { timeStyle: "short" });
  const clockSeconds = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
  const [short, narrow] = [unitsOf(locale, "short"), unitsOf(locale, "narrow")];
  const twoDigits = new Intl.NumberFormat(locale, { minimumIntegerDigits: 2 });

  return {
    integer: (n: number) => integer.format(n),
    /** A share; few are not rounded to none, nor most to all. */
    percent: (share: number) => inside(percent, share, 0.01),
    /** A score from 0 to 1, with the same care. */
    score: (value: number) => inside(score, value, 0.01),
    /** A score with as many digits as set it apart from `limit`. */
    scoreBeside: (value: number, limit: number) => beside(locale, value, limit),
    /** Hours and minutes of a time. */
    minute: (time: Date) => clockTime.format(time),
    /** Hours, minutes and seconds of a time. */
    time: (time: Date) => clockSeconds.format(time),
    ago: (seconds: number) => ago(relative, seconds),
    /** A position in a video, as 3:20 or 1:03:20. */
    position: (seconds: number) => {
      const whole = Math.floor(seconds);
      const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60];
      const tail = twoDigits.format(rest);
      return hours > 0 ? `${hours}:${twoDigits.format(minutes)}:${tail}` : `${minutes}:${tail}`;
    },
    /** A duration in its two greatest units, as in a sentence. */
    duration: (seconds: number) => duration(short, seconds),
    /** The same as a figure that stands alone. */
    compactDuration: (seconds: number) => duration(narrow, seconds),
    /** What people call a time zone; its IANA name where the browser does not know it. */
    zone: (name: string) => zoneName(locale, name),
  };
}

function inside(format: Intl.NumberFormat, value: number, step: number): string {
  if (value > 0 && value < step / 2) return `<${format.format(step)}`;
  if (value < 1 && value >= 1 - step / 2) return `>${format.format(1 - step)}`;
  return format.format(value);
}

const MOST_DIGITS = 6;

function beside(locale: string, value: number, limit: number): string {
  for (let digits = 2; ; digits += 1) {
    const format = new Intl.NumberFormat(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });
    if (value === limit || digits === MOST_DIGITS || format.format(value) !== format.format(limit)) return format.format(value);
  }
}

type Units = Record<"day" | "hour" | "minute" | "second", Intl.NumberFormat>;

function unitsOf(locale: string, unitDisplay: "short" | "narrow"): Units {
  const unit = (name: string) => new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay });
  return { day: unit("day"), hour: unit("hour"), minute: unit("minute"), second: unit("second") };
}

function duration(units: Units, seconds: number): string {
  const s = Math.round(seconds);
  if (s < 60) return units.second.format(s);
  if (s < 3600) return pair(units.minute, Math.floor(s / 60), units.second, s % 60);
  if (s < 86_400) return pair(units.hour, Math.floor(s / 3600), units.minute, Math.floor((s % 3600) / 60));
  return pair(units.day, Math.floor(s / 86_400), units.hour, Math.floor((s % 86_400) / 3600));
}

function zoneName(locale: string, name: string): string {
  try {
    const format = new Intl.DateTimeFormat(locale, { timeZone: name, timeZoneName: "longGeneric" });
    const spoken = format.formatToParts(0).find((part) => part.type === "timeZoneName")?.value ?? name;
    return spoken.startsWith("GMT") ? name : spoken;
  } catch {
    return name;
  }
}

function pair(large: Intl.NumberFormat, many: number, small: Intl.NumberFormat, few: number): string {
  return few === 0 ? large.format(many) : `${large.format(many)} ${small.format(few)}`;
}

function ago(relative: Intl.RelativeTimeFormat, seconds: number): string {
  const s = Math.max(0, Math.round(seconds));
  if (s < 60) return relative.format(-s, "second");
  if (s < 3600) return relative.format(-Math.floor(s / 60), "minute");
  if (s < 86_400) return relative.format(-Math.floor(s / 3600), "hour");
  return relative.format(-Math.floor(s / 86_400), "day");
}
