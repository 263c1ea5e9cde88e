import type { ComponentChildren } from "preact";
import { useId, useState } from "preact/hooks";
import { collator, f, t } from "../i18n";
import { matches } from "../search";

export interface Column<Row> {
  key: string;
  name: string;
  /** What to sort by; without it the column does not sort. Null comes last. */
  sort?: (row: Row) => string | number | null;
  /** The column's own order when it is chosen; descending without it, for most numbers are read from the top. */
  first?: "ascending" | "descending";
  cell: (row: Row) => ComponentChildren;
  className?: string;
}

interface Props<Row> {
  name: string;
  columns: readonly Column<Row>[];
  rows: readonly Row[];
  id: (row: Row) => string;
  /** What a search looks through. */
  text: (row: Row) => string;
  find: string;
  /** What the button says that shows all `count` rows. */
  showAll: (count: string) => string;
}

interface Order {
  key: string;
  descending: boolean;
}

/** More rows than this are shown when asked for. */
const SHOWN = 12;

/** A table that its headings sort. The first column names the row. On a narrow screen each row becomes a card; the
 * roles keep it a table for screen readers all the same. */
export function SortTable<Row>({ name, columns, rows, id, text, find, showAll }: Props<Row>) {
  const [order, setOrder] = useState<Order>({ key: columns[0]?.key ?? "", descending: false });
  const [query, setQuery] = useState("");
  const [all, setAll] = useState(false);
  const by = columns.find((column) => column.key === order.key)?.sort;
  const found = query.trim() === "" ? rows : rows.filter((row) => matches(text(row), query));
  const sorted = by ? [...found].sort((a, b) => compare(by(a), by(b), order.descending)) : found;
  const shown = all ? sorted : sorted.slice(0, SHOWN);
  return (
    <>
      <div class="tools">
        {rows.length > SHOWN && <Search label={find} query={query} onQuery={setQuery} shown={shown.length} all={rows.length} />}
        {rows.length > 1 && <OrderPicker columns={columns} order={order} onOrder={setOrder} />}
      </div>
      {shown.length === 0 && <p class="hint">{t("app.search_none")}</p>}
      <table class="list" role="table" aria-label={name} hidden={shown.length === 0}>
        <thead>
          <tr>{columns.map((column) => <Heading key={column.key} column={column} order={order} onOrder={setOrder} />)}</tr>
        </thead>
        <tbody role="rowgroup">{shown.map((row) => <TableRow key={id(row)} columns={columns} row={row} />)}</tbody>
      </table>
      {found.length > SHOWN && (
        <button type="button" class="quiet more" aria-expanded={all} onClick={() => setAll(!all)}>
          {all ? t("app.show_fewer") : showAll(f.integer(found.length))}
        </button>
      )}
    </>
  );
}

function TableRow<Row>({ columns, row }: { columns: readonly Column<Row>[]; row: Row }) {
  return (
    <tr role="row">
      {columns.map((column, index) =>
        index === 0
          ? <th scope="row" role="rowheader" key={column.key}>{column.cell(row)}</th>
          : <td key={column.key} role="cell" class={column.className} data-name={column.name}>{column.cell(row)}</td>,
      )}
    </tr>
  );
}

interface SearchProps {
  label: string;
  query: string;
  onQuery: (query: string) => void;
  shown: number;
  all: number;
}

function Search({ label, query, onQuery, shown, all }: SearchProps) {
  return (
    <>
      <input type="search" aria-label={label} placeholder={label} value={query} onInput={(event) => onQuery(event.currentTarget.value)} />
      <span class="hint" role="status">{t("app.shown", { shown: f.integer(shown), all: f.integer(all) })}</span>
    </>
  );
}

interface OrderProps<Row> {
  columns: readonly Column<Row>[];
  order: Order;
  onOrder: (order: Order) => void;
}

/** What the headings do, where a narrow screen has none. */
function OrderPicker<Row>({ columns, order, onOrder }: OrderProps<Row>) {
  const id = useId();
  const choose = (key: string) => onOrder({ key, descending: ownOrder(columns.find((column) => column.key === key)) });
  return (
    <span class="picker">
      <label for={id}>{t("app.sort")}</label>
      <select id={id} value={order.key} onChange={(event) => choose(event.currentTarget.value)}>
        {columns.filter((column) => column.sort).map((column) => <option key={column.key} value={column.key}>{column.name}</option>)}
      </select>
      <button
        type="button"
        class="quiet"
        aria-label={t(order.descending ? "app.sort_down" : "app.sort_up")}
        onClick={() => onOrder({ ...order, descending: !order.descending })}
      >
        {order.descending ? "↓" : "↑"}
      </button>
    </span>
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
  const descending = current ? !order.descending : ownOrder(column);
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

function ownOrder<Row>(column: Column<Row> | undefined): boolean {
  return column?.first !== "ascending";
}

type Sortable = string | number | null;

/** Null comes last, whichever way the rest runs. */
function compare(a: Sortable, b: Sortable, descending: boolean): number {
  if (a === null || b === null) return a === b ? 0 : a === null ? 1 : -1;
  const ascending = typeof a === "string" ? collator.compare(a, String(b)) : a - Number(b);
  return descending ? -ascending : ascending;
}
