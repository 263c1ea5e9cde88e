"""Bytes that the analysts' ten queries read of the lake, and of the same rows in files as batches left them.

usage: bytes_read.py LAYOUTS

LAYOUTS is what `peers layouts` wrote: `lake/events`, compacted, and `arrival`, a file for each Lambda batch in order of
arrival. DuckDB asks every query of both through a file system that counts what is read of each file, as an object store
would bill it: nothing is cached, and nothing between two columns is read along with them.
"""

import os
import sys
import threading
from pathlib import Path

import duckdb
import pyarrow.parquet as parquet
from fsspec.implementations.local import LocalFileSystem

QUERIES = Path(__file__).parents[2] / "infra" / "aws" / "athena"
MOST = 0.1
HEAD = ("query", "compacted", "as came, Snappy", "ratio", "as came, zstd", "ratio")

# Only compaction, where all events of a learner meet, can tell which comes first of one time. As they came, the ids do.
AS_CAME = "* REPLACE (event_id AS tie_break)"


class Counted:
    """An open file that tells how much is read of it. Each thread has a place of its own: reads come from several."""

    def __init__(self, file, read_of):
        self.file, self.read_of, self.places = file, read_of, threading.local()

    def seek(self, offset, whence=os.SEEK_SET):
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self.tell(), os.SEEK_END: os.fstat(self.file.fileno()).st_size}[whence]
        self.places.offset = start + offset
        return self.places.offset

    def tell(self):
        return getattr(self.places, "offset", 0)

    def read(self, length=-1):
        length = os.fstat(self.file.fileno()).st_size if length < 0 else length
        data = os.pread(self.file.fileno(), length, self.tell())
        self.places.offset = self.tell() + len(data)
        self.read_of(len(data))
        return data

    def __getattr__(self, name):
        return getattr(self.file, name)


class CountingFileSystem(LocalFileSystem):
    protocol = "counted"
    cachable = False
    bytes = 0

    def _open(self, path, mode="rb", **options):
        return Counted(super()._open(path, mode, **options), self.count)

    def count(self, length):
        self.bytes += length


def connect(folder, counting, columns):
    connection = duckdb.connect(config={"threads": 1})
    connection.register_filesystem(counting)
    connection.execute("SET TimeZone = 'UTC'")
    for setting in ("enable_external_file_cache = false", "parquet_prefetch_column_gap = 0"):
        connection.execute(f"SET {setting}")
    connection.execute(
        f"CREATE VIEW events AS SELECT {columns} FROM read_parquet('counted://{folder}/*/*/*.parquet', hive_partitioning = true, "
        "hive_types = {tenant: VARCHAR, day: VARCHAR})")
    return connection


def asked(path, course, learner):
    return path.read_text().replace("THE COURSE", course).replace("THE PSEUDONYM", learner)


def answer(folder, sql, columns="*"):
    """The rows, and the bytes that the query took."""
    counting = CountingFileSystem()
    connection = connect(folder, counting, columns)
    counting.bytes = 0
    rows = connection.execute(sql).fetchall()
    return rows, counting.bytes


def in_snappy(arrival):
    """The files as they came, compressed as Firehose does."""
    folder = arrival.with_name("snappy")
    for file in arrival.glob("*/*/*.parquet"):
        to = folder / file.relative_to(arrival)
        to.parent.mkdir(parents=True, exist_ok=True)
        parquet.write_table(parquet.ParquetFile(file).read(), to, compression="snappy", store_schema=False)
    return folder


def somebody(compacted):
    """The learner with most events in one course: whose history is the longest to read."""
    return duckdb.execute(
        f"SELECT course, learner FROM '{compacted}/*/*/*.parquet' WHERE role = 'learner' GROUP BY ALL "
        "ORDER BY count(*) DESC, course, learner LIMIT 1").fetchone()


def measure(layouts):
    """A row for each query, as HEAD says."""
    compacted, arrival = layouts / "lake/events", layouts / "arrival"
    others = [in_snappy(arrival), arrival]
    course, learner = somebody(compacted)
    table = []
    for path in sorted(QUERIES.glob("*.sql")):
        sql = asked(path, course, learner)
        rows, read = answer(compacted, sql)
        line = [path.stem, f"{read:,}"]
        for other in others:
            other_rows, other_read = answer(other, sql, AS_CAME)
            if shown(rows) != shown(other_rows):
                sys.exit(f"{path.stem}: the two layouts answer otherwise")
            line += [f"{other_read:,}", f"{read / other_read:.3f}"]
        table.append(tuple(line))
    return table


def shown(rows):
    """Sums in another order differ in the last digit."""
    return [tuple(round(value, 9) if isinstance(value, float) else value for value in row) for row in rows]


def main():
    for row in [HEAD, *measure(Path(sys.argv[1]).resolve())]:
        print(*(str(cell).rjust(14) if at else str(cell).ljust(30) for at, cell in enumerate(row)))


if __name__ == "__main__":
    main()
