import { area, curveStepAfter } from "d3-shape";
import { count, f, t } from "../i18n";
import { peak, span } from "../series";
import type { Video } from "../types";
import { wholeTicks } from "./Axes";
import { Figure } from "./Figure";
import { Timeline, TIMELINE_HEIGHT, timelineEnd, type Scales } from "./Timeline";

/** Viewers of each part of a video, with rewatches on top: together, its views. */
export function ViewsCurve({ video }: { video: Video }) {
  const most = Math.max(4, ...video.bins.views);
  return (
    <Figure
      title={t("video.views")}
      help={t("video.views_help", { width: f.integer(video.bins.width) })}
      summary={summary(video)}
      columns={[t("video.bin"), t("video.bin_views"), t("video.bin_viewers"), t("video.bin_rewatches")]}
      rows={() => video.bins.views.map((_, bin) => [f.position(bin * video.bins.width), ...numbers(video, bin).map(f.integer)])}
      legend={<Legend />}
      height={TIMELINE_HEIGHT}
      empty={peak(video.bins.views) < 0}
    >
      {(width) => (
        <Timeline
          name={t("video.views")}
          video={video}
          width={width}
          most={most}
          ticks={(y) => wholeTicks(y, 4)}
          label={f.integer}
          describe={(bin) => describe(video, bin)}
        >
          {(scales) => <Layers video={video} scales={scales} />}
        </Timeline>
      )}
    </Figure>
  );
}

function numbers(video: Video, bin: number): [views: number, viewers: number, rewatches: number] {
  return [video.bins.views[bin] ?? 0, video.bins.viewers[bin] ?? 0, video.rewatches[bin] ?? 0];
}

function describe(video: Video, bin: number): string[] {
  const [views, viewers, rewatches] = numbers(video, bin).map(f.integer);
  return [
    span(video, bin, f.position),
    `${t("video.bin_views")}: ${views}`,
    `${t("video.legend_viewers")}: ${viewers}`,
    `${t("video.legend_rewatches")}: ${rewatches}`,
  ];
}

function Legend() {
  return (
    <ul class="legend">
      <li><span class="swatch viewers" />{t("video.legend_viewers")}</li>
      <li><span class="swatch rewatches" />{t("video.legend_rewatches")}</li>
    </ul>
  );
}

type Step = [second: number, from: number, to: number];

function Layers({ video, scales: { x, y } }: { video: Video; scales: Scales }) {
  const shape = area<Step>().x(([second]) => x(second)).y0(([, from]) => y(from)).y1(([, , to]) => y(to)).curve(curveStepAfter);
  const steps = (step: (bin: number) => [number, number]): Step[] => {
    const rows = video.bins.views.map((_, bin): Step => [bin * video.bins.width, ...step(bin)]);
    const last = rows.at(-1);
    return last ? [...rows, [timelineEnd(video), last[1], last[2]]] : [];
  };
  const viewers = steps((bin) => [0, video.bins.viewers[bin] ?? 0]);
  const rewatches = steps((bin) => [video.bins.viewers[bin] ?? 0, video.bins.views[bin] ?? 0]);
  return (
    <>
      <path class="layer viewers" d={shape(viewers) ?? ""} />
      <path class="layer rewatches" d={shape(rewatches) ?? ""} />
    </>
  );
}

function summary(video: Video): string {
  const watched = peak(video.bins.views);
  if (watched < 0) return t("video.no_bins");
  const at = (bin: number) => f.position(bin * video.bins.width);
  const [views, viewers] = numbers(video, watched);
  const again = peak(video.rewatches);
  const rewatched = again < 0
    ? t("video.rewatch_none")
    : count("video.rewatch_summary", video.rewatches[again] ?? 0, { time: at(again) });
  return `${count("video.views_summary", views, { time: at(watched), viewers: count("viewers", viewers) })} ${rewatched}`;
}
