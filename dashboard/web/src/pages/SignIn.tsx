import type { ComponentChildren } from "preact";
import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { Title } from "../parts/Title";
import { useAccess, type Failure } from "../sign-in/access";

/** Says how to sign in, and why it did not work. */
export function SignInPage() {
  const { signIn, failure } = useAccess();
  return signIn === null ? <LinkSignIn /> : <IssuerSignIn signIn={signIn} failure={failure} />;
}

function LinkSignIn() {
  const [failed] = useState(() => new URLSearchParams(location.search).get("sign-in") === "failed");
  useEffect(() => {
    if (failed) history.replaceState(null, "", "/");
  }, [failed]);
  return (
    <Card problem={failed ? t("signin.failed") : null}>
      <p>{t("signin.text")}</p>
    </Card>
  );
}

function IssuerSignIn({ signIn, failure }: { signIn: () => Promise<void>; failure: Failure | null }) {
  const [shown, setShown] = useState(failure);
  const otherAccount = shown === "no_tenant" || shown === "refused";
  const start = () => {
    signIn().catch(() => setShown("unreachable"));
  };
  return (
    <Card problem={shown === null ? null : t(PROBLEMS[shown])}>
      <p>{t("signin.account")}</p>
      <p>
        <button type="button" class="button main" onClick={start}>{t(otherAccount ? "signin.other" : "signin.title")}</button>
      </p>
    </Card>
  );
}

const PROBLEMS = {
  failed: "signin.not_done",
  unreachable: "signin.unreachable",
  no_tenant: "signin.no_tenant",
  refused: "signin.refused",
} as const satisfies Record<Failure, string>;

function Card({ problem, children }: { problem: string | null; children: ComponentChildren }) {
  return (
    <div class="signin card">
      <Title name={{ title: t("signin.title"), id: null }} crumbs={[]} page="sign-in" />
      <p role="status" class={problem === null ? "lead" : "mark facility_low"}>{problem ?? t("signin.ended")}</p>
      {children}
    </div>
  );
}
