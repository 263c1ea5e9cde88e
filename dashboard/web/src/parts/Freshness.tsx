import { useEffect, useRef, useState } from "preact/hooks";
import { useNow } from "../hooks";
import { f, t } from "../i18n";
import type { Polled } from "../poll";

/** What both kinds of answers say of their age. */
export interface Aged {
  as_of: string;
  processed_to: string | null;
  stale?: boolean;
}

/** This long without a processed event is worth a word, and another after as long again. */
const QUIET_SECONDS = 600;

/** When the page was updated, and how old the newest event is. Not announced: it changes every second. */
export function Freshness({ polled }: { polled: Polled<Aged> }) {
  const now = useNow();
  if (polled.confirmedAt === null || polled.data === null) return <p class="fresh" />;
  const seconds = Math.max(0, Math.floor((now - polled.confirmedAt) / 1000));
  const { processed_to: newest } = polled.data;
  const age = newest === null ? null : (now + polled.ahead - Date.parse(newest)) / 1000;
  return (
    <p class={polled.problem === null ? "fresh live" : "fresh"} data-part="freshness">
      <span class="dot" aria-hidden="true" />
      <span>{seconds < 2 ? t("fresh.now") : t("fresh.ago", { ago: f.ago(seconds) })}</span>
      <span class="newest">{age === null ? t("fresh.no_event") : t("fresh.quiet", { ago: f.ago(age) })}</span>
    </p>
  );
}

/** Says what keeps the numbers from being current, once each time it changes. */
export function Banner({ polled }: { polled: Polled<Aged> }) {
  const back = useBack(polled.problem === "gone" || polled.problem === "server");
  const [kind, text] = message(polled) ?? (back ? ["good", t("fresh.back")] : ["", ""]);
  return <div role="status" class={`banner ${kind}`} data-part="banner">{text !== "" && <p>{text}</p>}</div>;
}

function message(polled: Polled<Aged>): [kind: string, text: string] | null {
  const time = polled.confirmedAt === null ? null : f.time(new Date(polled.confirmedAt));
  if (polled.problem === "gone") return ["bad", time === null ? t("fresh.gone_empty") : t("fresh.gone", { time })];
  if (polled.problem === "server") return ["bad", time === null ? t("fresh.server_empty") : t("fresh.server", { time })];
  if (polled.data?.stale) return ["warn", t("fresh.stale")];
  return quiet(polled);
}

function quiet({ data, confirmedAt, ahead }: Polled<Aged>): [string, string] | null {
  if (data === null || data.processed_to === null || confirmedAt === null) return null;
  const periods = Math.floor((confirmedAt + ahead - Date.parse(data.processed_to)) / (QUIET_SECONDS * 1000));
  return periods < 1 ? null : ["note", t("fresh.quiet_long", { duration: f.duration(periods * QUIET_SECONDS) })];
}

const BACK_MILLIS = 6_000;

/** True for a while after `problem` has ended. */
function useBack(problem: boolean): boolean {
  const [back, setBack] = useState(false);
  const before = useRef(problem);
  useEffect(() => {
    const ended = before.current && !problem;
    before.current = problem;
    setBack(ended);
    if (!ended) return;
    const timer = setTimeout(() => setBack(false), BACK_MILLIS);
    return () => clearTimeout(timer);
  }, [problem]);
  return back;
}
