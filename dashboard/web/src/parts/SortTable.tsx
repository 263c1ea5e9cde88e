import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { collator, t } from "../i18n";

export interface Column<Row> {
  key: string;
  name: string;
  /** What to sort by; without it the column does not sort. Null comes last. */
  sort?: (row: Row) => string | number | null;
  cell: (row: Row) => ComponentChildren;
  className?: string;
}

interface Props<Row> {
  name: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  id: (row: Row) => string;
}

interface Order {
  key: string;
  descending: boolean;
}

/** A table that its headings sort. The first column names the row. On a narrow screen each row becomes a card; the
 * roles keep it a table for screen readers all the same. */
export function SortTable<Row>({ name, columns, rows, id }: Props<Row>) {
  const [order, setOrder] = useState<Order>({ key: columns[0]?.key ?? "", descending: false });
  const by = columns.find((column) => column.key === order.key)?.sort;
  const sorted = by ? [...rows].sort((a, b) => compare(by(a), by(b), order.descending)) : rows;
  return (
    <table class="list" role="table" aria-label={name}>
      <thead>
        <tr>{columns.map((column) => <Heading key={column.key} column={column} order={order} onOrder={setOrder} />)}</tr>
      </thead>
      <tbody role="rowgroup">
        {sorted.map((row) => (
          <tr key={id(row)} role="row">
            {columns.map((column, index) =>
              index === 0
                ? <th scope="row" role="rowheader" key={column.key}>{column.cell(row)}</th>
                : <td key={column.key} role="cell" class={column.className} data-name={column.name}>{column.cell(row)}</td>,
            )}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

interface HeadingProps<Row> {
  column: Column<Row>;
  order: Order;
  onOrder: (order: Order) => void;
}

function Heading<Row>({ column, order, onOrder }: HeadingProps<Row>) {
  if (!column.sort) return <th scope="col" class={column.className}>{column.name}</th>;
  const current = order.key === column.key;
  const numeric = column.className?.includes("number") ?? false;
  const descending = current ? !order.descending : numeric;
  const direction = order.descending ? "descending" : "ascending";
  return (
    <th scope="col" class={column.className} aria-sort={current ? direction : "none"}>
      <button type="button" title={t("app.sort_by", { name: column.name })} onClick={() => onOrder({ key: column.key, descending })}>
        {column.name}
        <span aria-hidden="true" class="arrow">{current ? (order.descending ? "↓" : "↑") : ""}</span>
      </button>
    </th>
  );
}

type Sortable = string | number | null;

/** Null comes last, whichever way the rest runs. */
function compare(a: Sortable, b: Sortable, descending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const ascending = typeof a === "string" ? collator.compare(a, String(b)) : a - Number(b);
  return descending ? -ascending : ascending;
}
