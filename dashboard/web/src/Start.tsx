import { useEffect, useState } from "preact/hooks";
import { App } from "./App";
import { Banner } from "./parts/Freshness";
import { Header } from "./parts/Header";
import { Loading } from "./parts/Problem";
import { AccessProvider, type Access } from "./sign-in/access";
import { openAccess } from "./sign-in/open";

const RETRY_MILLIS = 2_000;

/** The page, once it knows how one signs in. */
export function Start() {
  const [access, setAccess] = useState<Access | null>(null);
  const [gone, setGone] = useState(false);
  useEffect(() => {
    const open = () => {
      openAccess().then(setAccess, () => {
        setGone(true);
        setTimeout(open, RETRY_MILLIS);
      });
    };
    open();
  }, []);
  if (access !== null) return <AccessProvider value={access}><App /></AccessProvider>;
  return (
    <>
      <Header session={null} />
      <main id="main">
        <Banner polled={{ data: null, confirmedAt: null, ahead: 0, problem: gone ? "gone" : null }} />
        {!gone && <Loading />}
      </main>
    </>
  );
}
