/** Numbers, times and durations in one locale. */
export function formatter(locale: string) {
  const integer = new Intl.NumberFormat(locale);
  const percent = new Intl.NumberFormat(locale, { style: "percent", maximumFractionDigits: 0 });
  const score = new Intl.NumberFormat(locale, { minimumFractionDigits: 2, maximumFractionDigits: 2 });
  const relative = new Intl.RelativeTimeFormat(locale, { numeric: "auto", style: "short" });
  const clockTime = new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" });
  const clockSeconds = new Intl.DateTimeFormat(locale, { timeStyle: "medium" });
  const unit = (name: string) => new Intl.NumberFormat(locale, { style: "unit", unit: name, unitDisplay: "short" });
  const units = { day: unit("day"), hour: unit("hour"), minute: unit("minute"), second: unit("second") };
  const twoDigits = new Intl.NumberFormat(locale, { minimumIntegerDigits: 2 });

  return {
    integer: (n: number) => integer.format(n),
    percent: (share: number) => percent.format(share),
    score: (value: number) => score.format(value),
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
    /** A duration in its two greatest units. */
    duration: (seconds: number) => {
      const s = Math.round(seconds);
      if (s < 60) return units.second.format(s);
      if (s < 3600) return pair(units.minute, Math.floor(s / 60), units.second, s % 60);
      if (s < 86_400) return pair(units.hour, Math.floor(s / 3600), units.minute, Math.floor((s % 3600) / 60));
      return pair(units.day, Math.floor(s / 86_400), units.hour, Math.floor((s % 86_400) / 3600));
    },
  };
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
