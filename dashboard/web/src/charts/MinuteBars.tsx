import { count, f, t } from "../i18n";
import { peak } from "../series";
import type { Minute } from "../types";
import { Bars, BARS_HEIGHT } from "./Bars";
import { Figure } from "./Figure";

/** Active learners in each of the last 60 minutes; the running one is set apart. */
export function MinuteBars({ minutes }: { minutes: readonly Minute[] }) {
  const bars = minutes.map((minute) => ({ key: minute.minute, label: clock(minute), count: minute.active }));
  const fromLast = (index: number) => minutes.length - 1 - index;
  return (
    <Figure
      title={t("course.minutes")}
      help={t("course.minutes_help")}
      summary={summary(minutes)}
      columns={[t("course.minute"), t("course.active")]}
      rows={() => minutes.map((minute) => [clock(minute), f.integer(minute.active)])}
      height={BARS_HEIGHT}
    >
      {(width) => (
        <Bars
          name={t("course.minutes")}
          counted={t("course.active")}
          bars={bars}
          width={width}
          gap={0.28}
          labelled={(index) => fromLast(index) % (width < 480 ? 20 : 10) === 0}
          running
        />
      )}
    </Figure>
  );
}

function clock(minute: Minute): string {
  return f.minute(new Date(minute.minute));
}

function summary(minutes: readonly Minute[]): string {
  const busiest = minutes[peak(minutes.map((minute) => minute.active))];
  if (!busiest) return t("course.minutes_quiet");
  return count("course.minutes_summary", busiest.active, { time: clock(busiest), now: f.integer(minutes.at(-1)?.active ?? 0) });
}
