import { scaleLinear, type ScaleLinear } from "d3-scale";
import type { ComponentChildren } from "preact";
import { f } from "../i18n";
import { timelineTicks } from "../series";
import type { Video } from "../types";
import { BottomAxis, LeftAxis, MARGIN } from "./Axes";
import { Probe } from "./Probe";

export const TIMELINE_HEIGHT = 244;
/** Room for a word above the plot. */
const TOP = 26;

export interface Scales {
  x: ScaleLinear<number, number>;
  y: ScaleLinear<number, number>;
  bottom: number;
}

interface Props {
  name: string;
  video: Video;
  width: number;
  /** The greatest value of the vertical axis. */
  most: number;
  ticks: (y: ScaleLinear<number, number>) => number[];
  label: (value: number) => string;
  /** One bin in words. */
  describe: (bin: number) => string[];
  children: (scales: Scales) => ComponentChildren;
}

/** Where a video's bins end: at its length, if that is known. */
export function timelineEnd(video: Video): number {
  const ofBins = video.bins.viewers.length * video.bins.width;
  return video.length === null ? ofBins : Math.min(ofBins, Math.max(video.length, ofBins - video.bins.width));
}

/** Axes over a video's timeline, read bin by bin. */
export function Timeline({ name, video, width, most, ticks, label, describe, children }: Props) {
  const bottom = TIMELINE_HEIGHT - MARGIN.bottom;
  const end = timelineEnd(video);
  const x = scaleLinear([0, end], [MARGIN.left, width - MARGIN.right]);
  const y = scaleLinear([0, most], [bottom, TOP]);
  const indexAt = (position: number) => {
    const bin = Math.floor(x.invert(position) / video.bins.width);
    return bin >= 0 && bin < video.bins.viewers.length ? bin : null;
  };
  const room = end >= 3_600 ? 84 : 60;
  const positions = timelineTicks(end, width / room).map((second) => ({ at: x(second), label: f.position(second) }));
  return (
    <Probe
      name={name}
      width={width}
      height={TIMELINE_HEIGHT}
      count={video.bins.viewers.length}
      indexAt={indexAt}
      extent={(bin) => [x(bin * video.bins.width), x(Math.min(end, (bin + 1) * video.bins.width))]}
      describe={describe}
    >
      <LeftAxis y={y} ticks={ticks(y)} width={width} label={label} />
      {children({ x, y, bottom })}
      <BottomAxis ticks={positions} y={bottom} width={width} />
    </Probe>
  );
}
