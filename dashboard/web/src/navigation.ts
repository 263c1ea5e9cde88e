import { useEffect, useState } from "preact/hooks";
import { href, parseRoute, type Route } from "./route";

/** The page that the address names; links within the page change it without loading anew. */
export function useRoute(): { route: Route; replace: (route: Route) => void } {
  const [search, setSearch] = useState(location.search);
  useEffect(() => {
    const follow = () => setSearch(location.search);
    const click = (event: MouseEvent) => {
      const link = ownLink(event);
      if (link === null) return;
      event.preventDefault();
      history.pushState(null, "", link);
      follow();
      scrollTo(0, 0);
    };
    addEventListener("popstate", follow);
    document.addEventListener("click", click);
    return () => {
      removeEventListener("popstate", follow);
      document.removeEventListener("click", click);
    };
  }, []);
  const replace = (route: Route) => {
    history.replaceState(null, "", href(route));
    setSearch(location.search);
  };
  return { route: parseRoute(search), replace };
}

/** The address of a plain click on a link to one of these pages; null for any other. */
function ownLink(event: MouseEvent): string | null {
  const plain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
  const link = event.target instanceof Element ? event.target.closest("a") : null;
  const own = link !== null && link.origin === location.origin && link.pathname === "/" && link.hash === "";
  return plain && own && !event.defaultPrevented ? link.href : null;
}
