import { scaleLinear, type ScaleLinear } from "d3-scale";
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { f } from "../i18n";
import { timelineTicks } from "../series";
import type { Video } from "../types";
import { BottomAxis, LeftAxis, MARGIN } from "./Axes";

export const TIMELINE_HEIGHT = 232;

export interface Scales {
  x: ScaleLinear<number, number>;
  y: ScaleLinear<number, number>;
  bottom: number;
}

interface Props {
  video: Video;
  width: number;
  /** The greatest value of the vertical axis. */
  most: number;
  ticks: (y: ScaleLinear<number, number>) => number[];
  label: (value: number) => string;
  /** What to show of the bin under the pointer. */
  describe: (bin: number) => string[];
  children: (scales: Scales) => ComponentChildren;
}

/** Where a video's bins end: at its length, if that is known. */
export function timelineEnd(video: Video): number {
  const ofBins = video.bins.viewers.length * video.bins.width;
  return video.length === null ? ofBins : Math.min(ofBins, Math.max(video.length, ofBins - video.bins.width));
}

/** Axes over a video's timeline, and the values under the pointer. */
export function Timeline({ video, width, most, ticks, label, describe, children }: Props) {
  const [bin, setBin] = useState<number | null>(null);
  const bottom = TIMELINE_HEIGHT - MARGIN.bottom;
  const end = timelineEnd(video);
  const x = scaleLinear([0, end], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear([0, most], [bottom, MARGIN.top]);
  const follow = (event: PointerEvent & { currentTarget: SVGElement }) => {
    const at = Math.floor(x.invert(event.clientX - event.currentTarget.getBoundingClientRect().left) / video.bins.width);
    setBin(at >= 0 && at < video.bins.viewers.length ? at : null);
  };
  const positions = timelineTicks(end, width / 60).map((second) => ({ at: x(second), label: f.position(second) }));
  return (
    <>
      <svg width={width} height={TIMELINE_HEIGHT} aria-hidden="true" onPointerMove={follow} onPointerDown={follow} onPointerLeave={() => setBin(null)}>
        <LeftAxis y={y} ticks={ticks(y)} width={width} label={label} />
        {children({ x, y, bottom })}
        {bin !== null && <Cursor scales={{ x, y, bottom }} from={bin * video.bins.width} to={Math.min(end, (bin + 1) * video.bins.width)} />}
        <BottomAxis ticks={positions} y={bottom} width={width} />
      </svg>
      {bin !== null && <Tip lines={describe(bin)} left={x((bin + 0.5) * video.bins.width)} width={width} />}
    </>
  );
}

function Cursor({ scales: { x, bottom }, from, to }: { scales: Scales; from: number; to: number }) {
  return <rect class="cursor" x={x(from)} y={MARGIN.top} width={Math.max(1, x(to) - x(from))} height={bottom - MARGIN.top} />;
}

function Tip({ lines, left, width }: { lines: string[]; left: number; width: number }) {
  const side = left > width / 2 ? { right: `${width - left + 10}px` } : { left: `${left + 10}px` };
  return <div class="tip" aria-hidden="true" style={side}>{lines.map((line) => <div key={line}>{line}</div>)}</div>;
}
