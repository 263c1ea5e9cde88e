import { t } from "../i18n";
import { Title } from "./Title";

interface Props {
  title: string;
  text?: string;
  back?: { name: string; href: string };
}

/** A page that has nothing to show, and says why. */
export function ProblemPage({ title, text, back }: Props) {
  return (
    <>
      <Title name={{ title, id: null }} crumbs={[]} page={`problem ${title}`} />
      {text && <p class="lead">{text}</p>}
      {back && <p><a class="button" href={back.href}>{back.name}</a></p>}
    </>
  );
}

export function Loading() {
  return <p class="loading" role="status">{t("app.loading")}</p>;
}
