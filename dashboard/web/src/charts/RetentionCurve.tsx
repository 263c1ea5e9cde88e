import { area, curveMonotoneX, line } from "d3-shape";
import { count, f, t } from "../i18n";
import { isSkip } from "../insight";
import { span } from "../series";
import type { Video } from "../types";
import { Figure } from "./Figure";
import { Timeline, TIMELINE_HEIGHT, timelineEnd, type Scales } from "./Timeline";

type Point = [second: number, share: number];

/** The share of viewers at each part of a video, its largest loss marked. */
export function RetentionCurve({ video }: { video: Video }) {
  const width = f.integer(video.bins.width);
  return (
    <Figure
      title={t("video.retention")}
      help={t("video.retention_help", { width })}
      summary={summary(video)}
      columns={[t("video.bin"), t("video.bin_retention"), t("video.bin_viewers")]}
      rows={() => video.retention.map((share, bin) => [position(video, bin), f.percent(share), f.integer(video.bins.viewers[bin] ?? 0)])}
      height={TIMELINE_HEIGHT}
      empty={video.viewers === 0 || video.retention.length === 0}
    >
      {(width) => (
        <Timeline
          name={t("video.retention")}
          video={video}
          width={width}
          most={1}
          ticks={() => [0, 0.25, 0.5, 0.75, 1]}
          label={f.percent}
          describe={(bin) => [
            span(video, bin, f.position),
            `${t("video.bin_retention")}: ${f.percent(video.retention[bin] ?? 0)}`,
            `${t("video.bin_viewers")}: ${f.integer(video.bins.viewers[bin] ?? 0)}`,
          ]}
        >
          {(scales) => <Curve video={video} scales={scales} width={width} />}
        </Timeline>
      )}
    </Figure>
  );
}

function Curve({ video, scales, width }: { video: Video; scales: Scales; width: number }) {
  const { x, y, bottom } = scales;
  const points = curvePoints(video);
  const fill = area<Point>().x(([second]) => x(second)).y0(bottom).y1(([, share]) => y(share)).curve(curveMonotoneX);
  const stroke = line<Point>().x(([second]) => x(second)).y(([, share]) => y(share)).curve(curveMonotoneX);
  return (
    <>
      <path class="area" d={fill(points) ?? ""} />
      <path class="line" d={stroke(points) ?? ""} />
      {video.drop_off && <Drop second={video.drop_off.second} text={dropText(video)} scales={scales} width={width} />}
    </>
  );
}

/** Above the plot, so that it hides neither the curve nor the grid. */
const DROP_Y = 10;

function Drop({ second, text, scales: { x, bottom }, width }: { second: number; text: string; scales: Scales; width: number }) {
  const at = x(second);
  const leftwards = at > width * 0.6;
  return (
    <g class="drop">
      <line x1={at} x2={at} y1={DROP_Y} y2={bottom} />
      <circle cx={at} cy={DROP_Y} r={4} />
      <text x={leftwards ? at - 9 : at + 9} y={DROP_Y} dy="0.32em" text-anchor={leftwards ? "end" : "start"}>
        {`${f.position(second)} · ${text}`}
      </text>
    </g>
  );
}

function dropText(video: Video): string {
  return t(isSkip(video) ? "video.drop_skipped" : "video.drop", { lost: f.integer(video.drop_off?.lost ?? 0) });
}

/** One point in the middle of each bin, and the edges level with their bins. */
export function curvePoints(video: Video): Point[] {
  const end = timelineEnd(video);
  const points = video.retention.map((share, bin): Point => [Math.min((bin + 0.5) * video.bins.width, end), share]);
  const [first, last] = [points[0], points.at(-1)];
  if (!first || !last) return [];
  return [[0, first[1]], ...points, [end, last[1]]];
}

function position(video: Video, bin: number): string {
  return f.position(bin * video.bins.width);
}

function summary(video: Video): string {
  const { retention } = video;
  if (video.viewers === 0 || retention.length === 0) return t("video.no_bins");
  const share = (value: number | undefined) => f.percent(value ?? 0);
  const least = retention.indexOf(Math.min(...retention));
  const values = { start: share(retention[0]), end: share(retention.at(-1)), time: position(video, least), low: share(retention[least]) };
  return `${t("video.retention_summary", values)} ${lossSummary(video)}`;
}

function lossSummary(video: Video): string {
  if (video.drop_off === null) return t("video.drop_none");
  const { second, lost } = video.drop_off;
  return count(isSkip(video) ? "video.skip_summary" : "video.drop_summary", lost, { time: f.position(second) });
}
