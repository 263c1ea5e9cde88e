import { t } from "../i18n";
import { isMarked } from "../insight";
import type { Question } from "../types";

/** How hard a question is, in a word: the side of the reading band that it lies on. */
export function Reading({ question }: { question: Question }) {
  if (question.facility === null) return <span class="muted">{t("question.no_facility")}</span>;
  if (isMarked(question, "facility_low")) return <span class="tag low">{t("question.low")}</span>;
  if (isMarked(question, "facility_high")) return <span class="tag high">{t("question.high")}</span>;
  return <span class="tag">{t("question.in_band")}</span>;
}
