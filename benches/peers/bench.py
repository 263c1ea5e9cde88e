"""Runs everything in turn and prints the tables; `run` has made what it needs.

usage: bench.py RELEASE WORK EVENTS
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as parquet

import bytes_read

RELEASE, WORK, EVENTS = Path(sys.argv[1]).resolve(), Path(sys.argv[2]).resolve(), int(sys.argv[3])
ENGINES = {"duckdb": "DuckDB", "polars": "Polars", "chdb": "chDB"}
WRITERS = ["duckdb", "polars"]
ORDER = ["type", "course", "object", "learner", "time", "event_id"]
MOST_BYTES = 0.85


def output(*command):
    return subprocess.run([str(part) for part in command], check=True, stdout=subprocess.PIPE, text=True).stdout


def ours(*arguments):
    return output(RELEASE / "examples/peers", *arguments)


def engine(*arguments):
    return float(output(sys.executable, Path(__file__).parent / "engines.py", *arguments))


def answers(path):
    return {part: sorted(map(tuple, rows)) for part, rows in json.loads(path.read_text()).items()}


def table(title, head, rows):
    print(f"\n{title}\n")
    widths = [max(len(str(row[at])) for row in [head, *rows]) for at in range(len(head))]
    for row in [head, *rows]:
        print("  ".join(str(cell).ljust(width) if at == 0 else str(cell).rjust(width)
                        for at, (cell, width) in enumerate(zip(row, widths))), flush=True)


def aggregates(events):
    """Rates by who and source, a list over 1 and 2 threads, after checking every answer against ours."""
    rates, expected, files = {}, None, WORK / "answers.json"

    def note(name, seconds):
        rates.setdefault(name, []).append(EVENTS / seconds)

    for threads in (1, 2):
        timed = json.loads(ours("aggregates", events, files, threads))
        assert timed["events"] == EVENTS, timed
        expected = expected or answers(files)
        assert answers(files) == expected, f"ours differ on {threads} threads"
        note("Trilha: file to packed records", timed["to_records"])
        note("Trilha: file to the answers", timed["to_records"] + timed["to_answers"])
        note("Trilha: packed records to the answers", timed["to_answers"])
        note("Trilha: packed records to learner items and views", timed["to_views"])
        for source in ("file", "arrow"):
            for name, shown in ENGINES.items():
                seconds = engine(name, "aggregates", source, threads, events, files)
                if answers(files) != expected:
                    sys.exit(f"{shown} from {source} answers otherwise than Trilha")
                note(f"{shown}: {'file' if source == 'file' else 'Arrow in memory'} to the answers", seconds)
    return rates


def print_aggregates(rates):
    def best_peer(from_file, at):
        return max(rate[at] for name, rate in rates.items()
                   if not name.startswith("Trilha") and (": file" in name) == from_file)

    rows = []
    for name, rate in rates.items():
        ratios = [f"{rate[at] / best_peer(': file' in name, at):.2f}" for at in (0, 1)]
        rows.append((name, *(f"{one / 1e6:.3f}" for one in rate), *ratios))
    table(f"Aggregates of {EVENTS:,} events: millions a second; ratio to the best peer from the same source. All agree.",
          ("", "1 thread", "2 threads", "ratio", "ratio"), rows)


def sorted_rows():
    """The lake's rows in one file, in the order in which all write them."""
    path = WORK / "sorted.parquet"
    files = sorted((WORK / "layouts/lake/events").glob("*/*/*.parquet"))
    rows = pa.concat_tables([parquet.ParquetFile(file).read() for file in files])
    parquet.write_table(rows.sort_by([(name, "ascending") for name in ORDER]), path, compression="zstd")
    return path, rows.num_rows


def writers():
    path, rows = sorted_rows()
    figures = {}
    for threads in (1, 2):
        timed = json.loads(ours("write", path, threads))
        assert timed["rows"] == rows, timed
        written = sorted(WORK.glob(f"ours-{threads}-*.parquet"))
        back = pa.concat_tables([parquet.read_table(part) for part in written])
        assert back.equals(parquet.read_table(path)), "what was written reads back otherwise"
        figures["Trilha", threads] = rows / timed["seconds"], timed["bytes"] / rows
        for name in WRITERS:
            to = WORK / f"{name}.parquet"
            seconds = engine(name, "write", "arrow", threads, path, to)
            figures[ENGINES[name], threads] = rows / seconds, to.stat().st_size / rows
    return rows, figures


def print_writers(rows, figures):
    lines = []
    for (name, threads), (rate, size) in figures.items():
        our_rate, our_size = figures["Trilha", threads]
        lines.append((f"{name}, {threads} thread{'s' if threads > 1 else ''}", f"{rate / 1e6:.3f}", f"{size:.2f}",
                      f"{our_rate / rate:.2f}", f"{our_size / size:.3f}"))
    table(f"{rows:,} rows of the lake's 41 columns, in order, as Parquet, zstd level 3. Goals: rates 1.00 or more, bytes "
          f"{MOST_BYTES} or less.", ("", "M rows/s", "bytes/row", "our rate : theirs", "our bytes : theirs"), lines)


def main():
    events = WORK / "class.ndjson"
    output(RELEASE / "trilha", "simulate", "--events", EVENTS, "--out", events)
    print_aggregates(aggregates(events))
    shutil.rmtree(WORK / "layouts", ignore_errors=True)
    layouts = json.loads(ours("layouts", EVENTS, WORK / "layouts"))
    print_writers(*writers())
    read = bytes_read.measure(WORK / "layouts")
    table(f"Bytes that ten queries read of {layouts['rows']:,} rows: compacted, and as {layouts['batches']:,} batches left "
          f"them. Goal: {bytes_read.MOST} or less of Snappy, in which Firehose writes Parquet unless told otherwise.",
          bytes_read.HEAD, read)


if __name__ == "__main__":
    main()
