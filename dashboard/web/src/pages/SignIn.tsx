import { useEffect, useState } from "preact/hooks";
import { t } from "../i18n";
import { Title } from "../parts/Title";

/** Says how to sign in, and why it did not work. */
export function SignInPage() {
  const [failed] = useState(() => new URLSearchParams(location.search).get("sign-in") === "failed");
  useEffect(() => {
    if (failed) history.replaceState(null, "", "/");
  }, [failed]);
  return (
    <div class="signin card">
      <Title name={{ title: t("signin.title"), id: null }} crumbs={[]} page="sign-in" />
      <p class={failed ? "mark facility_low" : "lead"}>{t(failed ? "signin.failed" : "signin.ended")}</p>
      <p>{t("signin.text")}</p>
    </div>
  );
}
