import { area, curveMonotoneX } from "d3-shape";
import { isNotable } from "../insight";
import type { Video } from "../types";
import { timelineEnd } from "./Timeline";
import { curvePoints } from "./RetentionCurve";

const [WIDTH, HEIGHT] = [120, 28];

/** A retention curve in the size of a word, a notable loss marked. */
export function Spark({ video }: { video: Video }) {
  const end = Math.max(1, timelineEnd(video));
  const x = (second: number) => (second / end) * WIDTH;
  const y = (share: number) => HEIGHT - share * (HEIGHT - 2);
  const shape = area<[number, number]>().x(([second]) => x(second)).y0(HEIGHT).y1(([, share]) => y(share)).curve(curveMonotoneX);
  const drop = video.drop_off && isNotable(video) ? x(video.drop_off.second) : null;
  return (
    <svg class="spark" viewBox={`0 0 ${WIDTH} ${HEIGHT}`} width={WIDTH} height={HEIGHT} preserveAspectRatio="none" aria-hidden="true">
      <path class="area" d={shape(curvePoints(video)) ?? ""} />
      {drop !== null && <line class="mark" x1={drop} x2={drop} y1={0} y2={HEIGHT} />}
    </svg>
  );
}
