"""Bytes that the analysts' ten queries read of the lake, and of the same rows in files as batches left them.

usage: bytes_read.py LAYOUTS

LAYOUTS is what `peers layouts` wrote: `lake/events`, compacted, and `arrival`, a file for each Lambda batch in order of
arrival. DuckDB asks every query of both, through a file system that counts what is read of each file, as an object store
would bill it. Both answers must be the same. A plan that reads as Athena does is asked for: no cache, one thread.
"""

import os
import sys
import threading
from pathlib import Path

import duckdb
import fsspec
from fsspec.implementations.local import LocalFileSystem

QUERIES = Path(__file__).parents[2] / "infra" / "aws" / "athena"
GOAL = 0.1


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
    bytes = calls = 0

    def _open(self, path, mode="rb", **options):
        return Counted(super()._open(path, mode, **options), self.count)

    def count(self, length):
        self.bytes += length
        self.calls += 1


def connect(folder, counting):
    connection = duckdb.connect(config={"threads": 1})
    connection.register_filesystem(counting)
    connection.execute("SET TimeZone = 'UTC'")
    for setting in ("enable_external_file_cache = false", "parquet_prefetch_column_gap = 0"):
        connection.execute(f"SET {setting}")
    connection.execute(
        f"CREATE VIEW events AS SELECT * FROM read_parquet('counted://{folder}/*/*/*.parquet', hive_partitioning = true, "
        "hive_types = {tenant: VARCHAR, day: VARCHAR})")
    return connection


def asked(path, course, learner):
    return path.read_text().replace("THE COURSE", course).replace("THE PSEUDONYM", learner)


def answer(folder, sql):
    """The rows, and the bytes and calls that the query took."""
    counting = CountingFileSystem()
    connection = connect(folder, counting)
    counting.bytes = counting.calls = 0
    rows = connection.execute(sql).fetchall()
    return rows, counting.bytes, counting.calls


def main():
    layouts = Path(sys.argv[1]).resolve()
    compacted, arrival = layouts / "lake/events", layouts / "arrival"
    course, learner = duckdb.execute(
        f"SELECT course, learner FROM '{compacted}/*/*/*.parquet' WHERE role = 'learner' GROUP BY ALL "
        "ORDER BY count(*) DESC, course, learner LIMIT 1").fetchone()
    print(f"{'query':30} {'compacted':>12} {'as it came':>12} {'ratio':>6} {'calls':>6} {'calls':>6}")
    for path in sorted(QUERIES.glob("*.sql")):
        sql = asked(path, course, learner)
        ours, our_bytes, our_calls = answer(compacted, sql)
        theirs, their_bytes, their_calls = answer(arrival, sql)
        print(f"{path.stem:30} {our_bytes:12,} {their_bytes:12,} {our_bytes / their_bytes:6.3f} {our_calls:6} {their_calls:6}", len(ours), len(theirs), flush=True)


if __name__ == "__main__":
    main()
