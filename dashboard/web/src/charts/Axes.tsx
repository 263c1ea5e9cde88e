import type { ScaleLinear } from "d3-scale";

export const MARGIN = { top: 14, right: 12, bottom: 24, left: 40 } as const;

interface LeftProps {
  y: ScaleLinear<number, number>;
  ticks: readonly number[];
  width: number;
  label: (value: number) => string;
}

/** Horizontal grid lines with their values on the left. */
export function LeftAxis({ y, ticks, width, label }: LeftProps) {
  return (
    <g class="axis">
      {ticks.map((tick) => (
        <g key={tick} transform={`translate(0 ${y(tick)})`}>
          <line x1={MARGIN.left} x2={width - MARGIN.right} class={tick === 0 ? "base" : "grid"} />
          <text x={MARGIN.left - 8} dy="0.32em" text-anchor="end">{label(tick)}</text>
        </g>
      ))}
    </g>
  );
}

interface BottomProps {
  ticks: readonly { at: number; label: string }[];
  y: number;
  width: number;
}

/** Values below the plot; those at its edges stay inside the picture. */
export function BottomAxis({ ticks, y, width }: BottomProps) {
  const anchor = (at: number) => (at > width - 28 ? "end" : at < 28 ? "start" : "middle");
  return (
    <g class="axis" transform={`translate(0 ${y + 16})`}>
      {ticks.map(({ at, label }) => <text key={at} x={at} text-anchor={anchor(at)}>{label}</text>)}
    </g>
  );
}

/** A few whole numbers from 0 up to the scale's end. */
export function wholeTicks(y: ScaleLinear<number, number>, about: number): number[] {
  return y.ticks(about).filter(Number.isInteger);
}
