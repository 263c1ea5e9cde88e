import { scaleBand, scaleLinear } from "d3-scale";
import { f } from "../i18n";
import { BottomAxis, LeftAxis, MARGIN, wholeTicks } from "./Axes";

export const COLUMNS_HEIGHT = 168;

interface Props {
  values: readonly { label: string; count: number }[];
  width: number;
}

/** A small bar chart of counts. */
export function Columns({ values, width }: Props) {
  const bottom = COLUMNS_HEIGHT - MARGIN.bottom;
  const most = Math.max(4, ...values.map((value) => value.count));
  const x = scaleBand(values.map((_, index) => index), [MARGIN.left, width - MARGIN.right]).paddingInner(0.24).paddingOuter(0.1);
  const y = scaleLinear([0, most], [bottom, MARGIN.top]).nice(4);
  const bar = Math.min(x.bandwidth(), 56);
  const centre = (index: number) => (x(index) ?? 0) + x.bandwidth() / 2;
  const every = Math.ceil((values.length * 52) / width);
  const ticks = values.flatMap((value, index) => (index % every === 0 ? [{ at: centre(index), label: value.label }] : []));
  return (
    <svg width={width} height={COLUMNS_HEIGHT} aria-hidden="true">
      <LeftAxis y={y} ticks={wholeTicks(y, 4)} width={width} label={f.integer} />
      {values.map((value, index) => (
        <rect key={index} class="bar" x={centre(index) - bar / 2} y={y(value.count)} width={bar} height={bottom - y(value.count)} rx={2}>
          <title>{`${value.label}: ${f.integer(value.count)}`}</title>
        </rect>
      ))}
      <BottomAxis ticks={ticks} y={bottom} width={width} />
    </svg>
  );
}
