import { useEffect, useRef, useState } from "preact/hooks";

const EVERY_MILLIS = 60_000;

/** Tells screen readers the newest `text`, politely and at most once a minute. */
export function Announce({ text }: { text: string }) {
  const [said, setSaid] = useState("");
  const newest = useRef(text);
  newest.current = text;
  useEffect(() => {
    const timer = setInterval(() => setSaid(newest.current), EVERY_MILLIS);
    return () => clearInterval(timer);
  }, []);
  return <p class="hidden" aria-live="polite">{said}</p>;
}
