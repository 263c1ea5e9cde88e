import { useEffect, useRef, useState } from "preact/hooks";

const GLOW_MILLIS = 1_400;

/** Text that glows for a moment when it changes. */
export function Live({ text }: { text: string }) {
  const [changed, setChanged] = useState(false);
  const before = useRef(text);
  useEffect(() => {
    if (before.current === text) return;
    before.current = text;
    setChanged(true);
    const timer = setTimeout(() => setChanged(false), GLOW_MILLIS);
    return () => clearTimeout(timer);
  }, [text]);
  return <span class={changed ? "number changed" : "number"}>{text}</span>;
}
