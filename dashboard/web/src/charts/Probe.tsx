import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { t } from "../i18n";

interface Props {
  /** What the chart is called. */
  name: string;
  width: number;
  height: number;
  /** How many values there are, from left to right. */
  count: number;
  /** The value that the arrow keys start at. */
  start?: number;
  /** The value at a horizontal position; null beside the plot. */
  indexAt: (x: number) => number | null;
  /** Where a value begins and ends, horizontally. */
  extent: (index: number) => [from: number, to: number];
  /** A value in words: where it lies, then what it is. */
  describe: (index: number) => string[];
  children: ComponentChildren;
}

/**
 * A chart that is read value by value, with a pointer, a finger or the arrow keys. A slider is the one widget that screen
 * readers hand the arrow keys to and that says its value in words.
 */
export function Probe({ name, width, height, count, start = 0, indexAt, extent, describe, children }: Props) {
  const [shown, setShown] = useState<number | null>(null);
  const clamp = (index: number) => Math.min(count - 1, Math.max(0, index));
  const current = clamp(shown ?? start);
  const follow = (event: PointerEvent & { currentTarget: HTMLElement }) => {
    setShown(indexAt(event.clientX - event.currentTarget.getBoundingClientRect().left));
  };
  const press = (event: KeyboardEvent) => {
    const next = shown === null && event.key.startsWith("Arrow") ? current : moved(event.key, current, count);
    if (next === null) return;
    event.preventDefault();
    setShown(next === "away" ? null : clamp(next));
  };
  return (
    <div
      class="probe"
      role="slider"
      tabIndex={0}
      aria-label={t("chart.read", { name })}
      aria-valuemin={0}
      aria-valuemax={count - 1}
      aria-valuenow={current}
      aria-valuetext={describe(current).join(", ")}
      onKeyDown={press}
      onFocus={(event) => event.currentTarget.matches(":focus-visible") && setShown(current)}
      onBlur={() => setShown(null)}
      onPointerMove={follow}
      onPointerDown={follow}
      onPointerLeave={(event) => event.pointerType === "mouse" && setShown(null)}
    >
      <svg width={width} height={height} aria-hidden="true">
        {children}
        {shown !== null && <Cursor extent={extent(current)} height={height} />}
      </svg>
      {shown !== null && <Tip lines={describe(current)} extent={extent(current)} width={width} />}
    </div>
  );
}

/** Where a key leads; null for a key that leads nowhere. */
function moved(key: string, from: number, count: number): number | "away" | null {
  const page = Math.max(1, Math.round(count / 10));
  switch (key) {
    case "ArrowLeft":
    case "ArrowDown":
      return from - 1;
    case "ArrowRight":
    case "ArrowUp":
      return from + 1;
    case "PageDown":
      return from - page;
    case "PageUp":
      return from + page;
    case "Home":
      return 0;
    case "End":
      return count - 1;
    case "Escape":
      return "away";
    default:
      return null;
  }
}

function Cursor({ extent: [from, to], height }: { extent: [number, number]; height: number }) {
  return <rect class="cursor" x={from} width={Math.max(2, to - from)} height={height} />;
}

function Tip({ lines, extent: [from, to], width }: { lines: string[]; extent: [number, number]; width: number }) {
  const side = from + to > width ? { right: `${width - from + 8}px` } : { left: `${to + 8}px` };
  return <div class="tip" aria-hidden="true" style={side}>{lines.map((line) => <div key={line}>{line}</div>)}</div>;
}
