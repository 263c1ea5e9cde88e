import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { t } from "../i18n";
import type { Named } from "../names";

export interface Crumb {
  name: string;
  href: string;
}

interface Props {
  name: Named;
  crumbs: readonly Crumb[];
  /** Changes with the page, not with its numbers: the heading is focused then. */
  page: string;
  children?: ComponentChildren;
}

/** A question's whole text, say, is set smaller than a name. */
const LONG = 90;

let firstPage: string | null = null;

/** The page's heading, the way to it, and the id where there is no title. */
export function Title({ name, crumbs, page, children }: Props) {
  const heading = useRef<HTMLHeadingElement>(null);
  useEffect(() => {
    document.title = `${name.title} · ${t("app.name")}`;
  }, [name.title]);
  useEffect(() => {
    firstPage ??= page;
    if (firstPage !== page) heading.current?.focus({ preventScroll: true });
    if (firstPage !== page) firstPage = "";
  }, [page]);
  return (
    <div class="title">
      {crumbs.length > 0 && <Crumbs crumbs={crumbs} />}
      <h1 ref={heading} tabIndex={-1} class={name.title.length > LONG ? "long" : undefined}>{name.title}</h1>
      <SmallId id={name.id} />
      {children}
    </div>
  );
}

function Crumbs({ crumbs }: { crumbs: readonly Crumb[] }) {
  return (
    <nav aria-label={t("app.breadcrumb")}>
      <ol class="crumbs">
        {crumbs.map((crumb) => <li key={crumb.href}><a href={crumb.href}>{crumb.name}</a></li>)}
      </ol>
    </nav>
  );
}

/** An id in small print; nothing when there is a title. */
export function SmallId({ id }: { id: string | null }) {
  if (id === null) return null;
  return <small class="id"><span class="hidden">{t("app.id")}: </span>{id}</small>;
}
