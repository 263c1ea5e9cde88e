import { scaleBand, scaleLinear } from "d3-scale";
import { f } from "../i18n";
import { BottomAxis, LeftAxis, MARGIN, wholeTicks } from "./Axes";
import { Probe } from "./Probe";

export const BARS_HEIGHT = 168;
const WIDEST = 56;

export interface Bar {
  /** Names the bar from one answer to the next, so that it moves where it should. */
  key: string;
  label: string;
  /** What stands below it, when that is shorter. */
  tick?: string;
  count: number;
}

interface Props {
  name: string;
  /** What is counted. */
  counted: string;
  bars: readonly Bar[];
  width: number;
  /** Space between bars as a share of their distance. */
  gap: number;
  /** Whether the bar at an index has its label below. */
  labelled: (index: number) => boolean;
  /** The last bar is not complete yet: it is set apart, and read first. */
  running?: boolean;
}

/** Counts as bars. */
export function Bars({ name, counted, bars, width, gap, labelled, running = false }: Props) {
  const bottom = BARS_HEIGHT - MARGIN.bottom;
  const most = Math.max(4, ...bars.map((bar) => bar.count));
  const x = scaleBand(bars.map((bar) => bar.key), [MARGIN.left, width - MARGIN.right]).paddingInner(gap);
  const y = scaleLinear([0, most], [bottom, MARGIN.top]).nice(4);
  const thick = Math.min(x.bandwidth(), WIDEST);
  const centre = (bar: Bar) => (x(bar.key) ?? 0) + x.bandwidth() / 2;
  const ticks = bars.flatMap((bar, index) => (labelled(index) ? [{ at: centre(bar), label: bar.tick ?? bar.label }] : []));
  const indexAt = (position: number) => {
    const index = Math.floor((position - MARGIN.left) / x.step());
    return index >= 0 && index < bars.length ? index : null;
  };
  const extent = (index: number): [number, number] => {
    const from = MARGIN.left + index * x.step();
    return [from, from + x.bandwidth()];
  };
  return (
    <Probe
      name={name}
      width={width}
      height={BARS_HEIGHT}
      count={bars.length}
      start={running ? bars.length - 1 : 0}
      indexAt={indexAt}
      extent={extent}
      describe={(index) => [bars[index]?.label ?? "", `${counted}: ${f.integer(bars[index]?.count ?? 0)}`]}
    >
      <LeftAxis y={y} ticks={wholeTicks(y, 4)} width={width} label={f.integer} />
      {bars.map((bar, index) => (
        <rect
          key={bar.key}
          class={running && index === bars.length - 1 ? "bar now" : "bar"}
          x={centre(bar) - thick / 2}
          y={y(bar.count)}
          width={thick}
          height={bottom - y(bar.count)}
          rx={Math.min(2, thick / 2)}
        />
      ))}
      <BottomAxis ticks={ticks} y={bottom} width={width} />
    </Probe>
  );
}
