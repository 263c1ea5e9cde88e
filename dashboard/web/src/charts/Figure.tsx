import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { useWidth } from "../hooks";
import { t } from "../i18n";

interface Props {
  title: string;
  /** What the chart shows, in general. */
  help?: string;
  /** What the chart shows now: the same in words. */
  summary: string;
  /** Column names of the table that holds the same numbers. */
  columns: readonly string[];
  rows: () => (string | number)[][];
  legend?: ComponentChildren;
  height: number;
  /** There is nothing to draw: the summary says so. */
  empty?: boolean;
  children: (width: number) => ComponentChildren;
}

/** Before the page is laid out there is no room for a chart. */
export const LEAST_WIDTH = 120;

/** A chart with a summary in words and its numbers as a table. */
export function Figure({ title, help, summary, columns, rows, legend, height, empty = false, children }: Props) {
  const [box, width] = useWidth<HTMLDivElement>();
  return (
    <figure class="figure">
      <figcaption>
        <h2>{title}</h2>
        {help && <p class="hint">{help}</p>}
      </figcaption>
      {!empty && legend}
      <div class="plot" ref={box} style={{ height: empty ? "0" : `${height}px` }}>
        {!empty && width >= LEAST_WIDTH && children(width)}
      </div>
      <p class="summary">{summary}</p>
      {!empty && <Numbers title={title} columns={columns} rows={rows} />}
    </figure>
  );
}

function Numbers({ title, columns, rows }: Pick<Props, "title" | "columns" | "rows">) {
  const [open, setOpen] = useState(false);
  return (
    <details class="numbers" onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{t("app.table")}<span class="hidden">: {title}</span></summary>
      {open && (
        <div class="scroll" tabIndex={0} role="region" aria-label={t("table.scroll", { name: title })}>
          <table>
            <thead>
              <tr>{columns.map((column) => <th scope="col" key={column}>{column}</th>)}</tr>
            </thead>
            <tbody>
              {rows().map((row, index) => (
                <tr key={index}>
                  {row.map((cell, at) => (at === 0 ? <th scope="row" key={at}>{cell}</th> : <td key={at}>{cell}</td>))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}
