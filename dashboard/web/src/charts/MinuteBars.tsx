import { scaleBand, scaleLinear } from "d3-scale";
import { f, t } from "../i18n";
import type { Minute } from "../types";
import { BottomAxis, LeftAxis, MARGIN, wholeTicks } from "./Axes";
import { Figure } from "./Figure";

const HEIGHT = 168;

/** Active learners in each of the last 60 minutes; the running one is set apart. */
export function MinuteBars({ minutes }: { minutes: readonly Minute[] }) {
  const label = (minute: Minute) => f.minute(new Date(minute.minute));
  return (
    <Figure
      title={t("course.minutes")}
      summary={summary(minutes)}
      columns={[t("course.minute"), t("course.active")]}
      rows={() => minutes.map((minute) => [label(minute), f.integer(minute.active)])}
      height={HEIGHT}
    >
      {(width) => <Bars minutes={minutes} width={width} label={label} />}
    </Figure>
  );
}

interface BarsProps {
  minutes: readonly Minute[];
  width: number;
  label: (minute: Minute) => string;
}

function Bars({ minutes, width, label }: BarsProps) {
  const most = Math.max(4, ...minutes.map((minute) => minute.active));
  const bottom = HEIGHT - MARGIN.bottom;
  const keys = minutes.map((minute) => minute.minute);
  const x = scaleBand(keys, [MARGIN.left, width - MARGIN.right]).paddingInner(0.28);
  const y = scaleLinear([0, most], [bottom, MARGIN.top]).nice(4);
  const every = width < 480 ? 20 : 10;
  const ticks = minutes.flatMap((minute, index) => {
    const shown = (minutes.length - 1 - index) % every === 0;
    return shown ? [{ at: (x(minute.minute) ?? 0) + x.bandwidth() / 2, label: label(minute) }] : [];
  });
  return (
    <svg width={width} height={HEIGHT} aria-hidden="true">
      <LeftAxis y={y} ticks={wholeTicks(y, 4)} width={width} label={f.integer} />
      {minutes.map((minute, index) => (
        <rect
          key={minute.minute}
          class={index === minutes.length - 1 ? "bar now" : "bar"}
          x={x(minute.minute)}
          y={y(minute.active)}
          width={x.bandwidth()}
          height={bottom - y(minute.active)}
          rx={Math.min(2, x.bandwidth() / 2)}
        >
          <title>{`${label(minute)}: ${f.integer(minute.active)}`}</title>
        </rect>
      ))}
      <BottomAxis ticks={ticks} y={bottom} width={width} />
    </svg>
  );
}

function summary(minutes: readonly Minute[]): string {
  const active = minutes.map((minute) => minute.active);
  const most = Math.max(0, ...active);
  if (most === 0) return t("course.minutes_quiet");
  const [least, now] = [Math.min(...active), active.at(-1) ?? 0];
  return t("course.minutes_summary", { least: f.integer(least), most: f.integer(most), now: f.integer(now) });
}
