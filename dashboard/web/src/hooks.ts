import { useEffect, useRef, useState } from "preact/hooks";
import type { RefObject } from "preact";
import { Poller, type Polled, type World } from "./poll";
import { useAccess, type Access } from "./sign-in/access";

const worldOf = (access: Access): World => ({
  fetch: (url, init) => access.fetch(url, { ...init, cache: "no-store" }),
  now: () => Date.now(),
  later: (task, millis) => {
    const timer = setTimeout(task, millis);
    return () => clearTimeout(timer);
  },
});

/**
 * The newest answer of `url`, asked for every second while the page is visible. Whoever comes back to a page sees at once
 * what it last said, with its age.
 */
export function usePolled<T>(url: string): Polled<T> {
  const [state, setState] = useState<Polled<T> & { url: string }>(() => ({ ...nothing, url }));
  const access = useAccess();
  useEffect(() => {
    const poller = new Poller<T>(url, worldOf(access), (next) => {
      remember(url, next);
      setState({ ...next, url });
    });
    const follow = () => (document.hidden ? poller.pause() : void poller.start());
    follow();
    document.addEventListener("visibilitychange", follow);
    addEventListener("online", follow);
    return () => {
      document.removeEventListener("visibilitychange", follow);
      removeEventListener("online", follow);
      poller.pause();
    };
  }, [url, access]);
  return state.url === url ? state : ((remembered.get(url) as Polled<T> | undefined) ?? nothing);
}

const nothing = { data: null, confirmedAt: null, ahead: 0, problem: null } as const;

const REMEMBERED = 20;
const remembered = new Map<string, Polled<unknown>>();

function remember(url: string, state: Polled<unknown>): void {
  remembered.delete(url);
  // Answers for whoever signed out are not for whoever signs in next.
  if (state.problem === "signed_out") return remembered.clear();
  if (state.data === null) return;
  remembered.set(url, { ...state, problem: null });
  const oldest = remembered.keys().next().value;
  if (remembered.size > REMEMBERED && oldest !== undefined) remembered.delete(oldest);
}

/** The time in milliseconds, again every second. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(Date.now()), 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}

/** An element's width in CSS pixels, 0 before it is known. */
export function useWidth<E extends HTMLElement>(): [RefObject<E | null>, number] {
  const element = useRef<E | null>(null);
  const [width, setWidth] = useState(0);
  useEffect(() => {
    if (element.current === null) return;
    const observer = new ResizeObserver(([entry]) => setWidth(Math.floor(entry?.contentRect.width ?? 0)));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, []);
  return [element, width];
}
