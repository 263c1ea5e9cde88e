import { f, t } from "../i18n";
import type { Question } from "../types";

export const BAND = { low: 0.3, high: 0.7 } as const;

const HEIGHT = 92;
const EDGE = 14;

/** First and last facility on the scale from 0 to 1, with the reading band. */
export function FacilityScale({ question, width }: { question: Question; width: number }) {
  const x = (value: number) => EDGE + value * (width - 2 * EDGE);
  const middle = (from: number, to: number) => x((from + to) / 2);
  return (
    <svg width={width} height={HEIGHT} aria-hidden="true" class="scale">
      <rect class="track" x={x(0)} y={40} width={x(1) - x(0)} height={12} rx={6} />
      <rect class="band" x={x(BAND.low)} y={40} width={x(BAND.high) - x(BAND.low)} height={12} />
      <text x={middle(0, BAND.low)} y={70} text-anchor="middle">{t("question.band_hard")}</text>
      <text x={middle(BAND.low, BAND.high)} y={70} text-anchor="middle">{t("question.band_good")}</text>
      <text x={middle(BAND.high, 1)} y={70} text-anchor="middle">{t("question.band_easy")}</text>
      {[0, BAND.low, BAND.high, 1].map((value) => (
        <text key={value} class="tick" x={x(value)} y={86} text-anchor={value === 0 ? "start" : value === 1 ? "end" : "middle"}>
          {f.score(value)}
        </text>
      ))}
      <Marker at={question.facility} x={x} width={width} kind="first" radius={9} label={t("question.band_first")} y={12} />
      <Marker at={question.final_facility} x={x} width={width} kind="last" radius={6} label={t("question.band_last")} y={28} />
    </svg>
  );
}

interface MarkerProps {
  at: number | null;
  x: (value: number) => number;
  width: number;
  kind: "first" | "last";
  /** Not the same for both, so that one does not hide the other. */
  radius: number;
  label: string;
  y: number;
}

function Marker({ at, x, width, kind, radius, label, y }: MarkerProps) {
  if (at === null) return null;
  const leftwards = x(at) > width * 0.6;
  return (
    <g class={`marker ${kind}`}>
      <line x1={x(at)} x2={x(at)} y1={y + 2} y2={46} />
      <circle cx={x(at)} cy={46} r={radius} />
      <text x={x(at) + (leftwards ? -7 : 7)} y={y + 4} text-anchor={leftwards ? "end" : "start"}>{`${label} ${f.score(at)}`}</text>
    </g>
  );
}
