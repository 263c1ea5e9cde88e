"""Reads a lake as a program that knows nothing of Trilha would: with pyarrow and with DuckDB.

usage: check.py DIR COUNT

DIR is the data folder; COUNT is how many distinct event ids DIR/lake/events must hold. Each id must be there once, and each
column must have the type that an analyst expects. Needs the packages pyarrow and duckdb.
"""

import sys
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.dataset as ds

TIME = pa.timestamp("ms", tz="UTC")
SEGMENTS = pa.list_(
    pa.field("element", pa.struct([pa.field("from_millis", pa.int64(), False), pa.field("to_millis", pa.int64(), False)]), False)
)
TYPES = {
    "event_id": pa.string(), "type": pa.string(), "time": TIME, "arrival": TIME, "learner": pa.string(),
    "course": pa.string(), "session": pa.string(), "role": pa.string(), "title": pa.string(), "object": pa.string(),
    "video": pa.string(), "position_millis": pa.int64(), "to_millis": pa.int64(), "length_millis": pa.int64(),
    "rate": pa.float64(), "threshold": pa.float64(), "segments": SEGMENTS, "quiz": pa.string(),
    "question": pa.string(), "attempt": pa.int32(), "attempt_id": pa.string(), "response": pa.string(),
    "correct": pa.bool_(), "score": pa.float64(), "max_score": pa.float64(), "scaled": pa.float64(),
    "elapsed_millis": pa.int64(), "section": pa.string(), "place": pa.int64(), "url": pa.string(),
    "protocol": pa.string(), "source_id": pa.string(), "flags": pa.int32(), "beyond_state": pa.bool_(),
    "zone_offset_minutes": pa.int32(), "settings_version": pa.int32(), "fold_version": pa.int32(),
    "shard": pa.string(), "sequence_number": pa.string(), "record_index": pa.int32(),
    "tie_break": pa.int32(),
}

DUCKDB_TYPES = {
    "event_id": "VARCHAR", "time": "TIMESTAMP WITH TIME ZONE", "position_millis": "BIGINT", "rate": "DOUBLE",
    "segments": "STRUCT(from_millis BIGINT, to_millis BIGINT)[]", "attempt": "INTEGER", "correct": "BOOLEAN",
    "tenant": "VARCHAR", "day": "VARCHAR",
}

QUESTIONS = {
    "rows": "count(*)",
    "distinct ids": "count(DISTINCT event_id)",
    "ids that are not 32 hexadecimal digits": "count(*) FILTER (NOT regexp_full_match(event_id, '[0-9a-f]{32}'))",
    "learners that are not 32 hexadecimal digits": "count(*) FILTER (NOT regexp_full_match(learner, '[0-9a-f]{32}'))",
    "rows in another day's folder": "count(*) FILTER (day <> 'unknown' AND day <> strftime(time AT TIME ZONE 'UTC', '%Y-%m-%d'))",
}


def with_pyarrow(events: Path) -> tuple[int, int]:
    """Rows and distinct ids, after checking every file's types (as text: how list elements may be null is no matter)."""
    partitions = pa.schema([("tenant", pa.string()), ("day", pa.string())])
    lake = ds.dataset(events, format="parquet", partitioning=ds.partitioning(partitions, flavor="hive"))
    for fragment in lake.get_fragments():
        found = {field.name: str(field.type) for field in fragment.physical_schema}
        wanted = {name: str(kind) for name, kind in TYPES.items()}
        if list(found.items()) != list(wanted.items()):
            differing = {name for name in found.keys() | wanted.keys() if found.get(name) != wanted.get(name)}
            sys.exit(f"{fragment.path}: other columns or types than expected: {differing or 'their order'}")
    ids = lake.to_table(columns=["event_id"])["event_id"]
    return len(ids), len(ids.unique())


def with_duckdb(events: Path) -> dict[str, int]:
    """The answers to QUESTIONS, after checking the types of DUCKDB_TYPES."""
    files = f"{events}/*/*/*.parquet".replace("'", "''")
    lake = f"read_parquet('{files}', hive_partitioning = true, hive_types = {{tenant: VARCHAR, day: VARCHAR}})"
    connection = duckdb.connect()
    found = {row[0]: row[1] for row in connection.execute(f"DESCRIBE SELECT * FROM {lake}").fetchall()}
    for name, kind in DUCKDB_TYPES.items():
        if found.get(name) != kind:
            sys.exit(f"duckdb: column {name} is {found.get(name)}, not {kind}")
    answers = connection.execute(f"SELECT {', '.join(QUESTIONS.values())} FROM {lake}").fetchone()
    return dict(zip(QUESTIONS, answers))


def main() -> None:
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    events, expected = Path(sys.argv[1]) / "lake" / "events", int(sys.argv[2])
    if next(events.glob("*/*/*.parquet"), None) is None:
        if expected:
            sys.exit(f"{events} holds no file, {expected} events expected")
        return
    rows, ids = with_pyarrow(events)
    answers = with_duckdb(events)
    wanted = dict.fromkeys(QUESTIONS, 0) | {"rows": expected, "distinct ids": expected}
    if (rows, ids) != (expected, expected) or answers != wanted:
        sys.exit(f"expected {expected} events, each once; pyarrow: {rows} rows, {ids} ids; duckdb: {answers}")
    print(f"{expected} events, each once, with the right types, for pyarrow {pa.__version__} and duckdb {duckdb.__version__}")


if __name__ == "__main__":
    main()
