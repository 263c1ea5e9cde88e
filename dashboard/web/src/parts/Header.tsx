import type { ComponentChildren } from "preact";
import { t } from "../i18n";
import { useAccess } from "../sign-in/access";
import type { Session } from "../types";

/** The bar at the top of every page. */
export function Header({ session, children }: { session: Session | null; children?: ComponentChildren }) {
  return (
    <header class="top">
      <div class="inner">
        <a class="brand" href="/" aria-label={t("app.home")}>
          <img src="/favicon.svg" alt="" width={28} height={28} />
          <span>{t("app.name")}</span>
        </a>
        {children}
        {session && <Account session={session} />}
      </div>
    </header>
  );
}

function Account({ session }: { session: Session }) {
  const access = useAccess();
  return (
    <div class="account">
      <span class="who" title={session.instructor}>
        <span class="hidden">{t("app.signed_in_as", { name: session.instructor })}</span>
        <span aria-hidden="true">{session.instructor}</span>
      </span>
      <button type="button" class="quiet" onClick={() => void access.signOut()}>{t("app.sign_out")}</button>
    </div>
  );
}
