"""One engine's turn at one job, in a process of its own: the number of threads is fixed when an engine is loaded.

usage: engines.py ENGINE JOB SOURCE THREADS INPUT OUTPUT

JOB `aggregates`: from SOURCE, `file` (NDJSON) or `arrow` (the same columns in memory), each event once by its id; then by
video the events, distinct learners and watched milliseconds, by question the answers, distinct learners and points in
millionths, by minute the events and distinct learners. OUTPUT gets the answers as JSON.
JOB `write`: the rows of a Parquet file, in memory and in order, into OUTPUT as Parquet, zstd level 3.
Prints the shortest of three runs, in seconds.
"""

import json
import os
import sys
import time

RUNS = 3
ENGINE, JOB, SOURCE, THREADS, INPUT, OUTPUT = sys.argv[1:]
os.environ["POLARS_MAX_THREADS"] = THREADS

COLUMNS = ["id", "type", "time", "learner", "course", "video", "from", "to", "question", "correct", "score", "max_score"]
REALS = {"from", "to", "score", "max_score"}

# Seconds are told in milliseconds, points in millionths: whole numbers, whose sums no order of adding changes.
VIDEOS = """
    SELECT course, video, count(*), count(DISTINCT learner),
           {sum}(CASE WHEN type = 'video.watched' THEN {int}(floor("to" * 1000 + 0.5)) - {int}(floor("from" * 1000 + 0.5))
                    ELSE 0 END)
    FROM {table} WHERE video IS NOT NULL GROUP BY course, video"""
QUESTIONS = """
    SELECT course, question, count(*), count(DISTINCT learner),
           {sum}(CASE WHEN max_score > 0 THEN {int}(floor(score / max_score * 1e6 + 0.5))
                    WHEN correct THEN 1000000 ELSE 0 END)
    FROM {table} WHERE type = 'quiz.answered' GROUP BY course, question"""
MINUTES = """
    SELECT minute, count(*), count(DISTINCT learner) FROM {table} GROUP BY minute"""
PARTS = {"videos": VIDEOS, "questions": QUESTIONS, "minutes": MINUTES}


def best(act):
    seconds, result = [], None
    for _ in range(RUNS):
        started = time.perf_counter()
        result = act()
        seconds.append(time.perf_counter() - started)
    return min(seconds), result


def in_memory():
    """The columns as an Arrow table, the time as a timestamp."""
    import duckdb

    types = {name: "DOUBLE" if name in REALS else "VARCHAR" for name in COLUMNS} | {"correct": "BOOLEAN", "time": "TIMESTAMP"}
    return duckdb.sql(f"SELECT * FROM read_json('{INPUT}', format = 'newline_delimited', columns = {types})").to_arrow_table()


def duckdb_aggregates():
    import duckdb

    table = in_memory() if SOURCE == "arrow" else None
    types = {name: "DOUBLE" if name in REALS else "VARCHAR" for name in COLUMNS} | {"correct": "BOOLEAN", "time": "TIMESTAMP"}
    source = "table_in_memory" if table else f"read_json('{INPUT}', format = 'newline_delimited', columns = {types})"

    def act():
        connection = duckdb.connect(config={"threads": int(THREADS)})
        if table:
            connection.register("table_in_memory", table)
        columns = ", ".join(f'any_value("{name}") AS "{name}"' for name in COLUMNS if name not in ("id", "time"))
        connection.execute(
            f"CREATE TEMP TABLE once AS SELECT id, {columns}, epoch_ms(any_value(time)) // 60000 AS minute "
            f"FROM {source} GROUP BY id")
        words = {"sum": "sum", "int": "CAST_", "table": "once"}
        parts = {name: sql.format(**words).replace("CAST_(", "to_int(") for name, sql in PARTS.items()}
        connection.execute("CREATE TEMP MACRO to_int(x) AS CAST(x AS BIGINT)")
        return {name: connection.execute(sql).fetchall() for name, sql in parts.items()}

    return best(act)


def chdb_aggregates():
    from chdb import session

    table_in_memory = in_memory() if SOURCE == "arrow" else None
    types = ", ".join(
        f"`{name}` Nullable({'Float64' if name in REALS else 'Bool' if name == 'correct' else 'String'})" for name in COLUMNS)
    source = "Python(table_in_memory)" if SOURCE == "arrow" else f"file('{INPUT}', 'JSONEachRow', '{types}')"
    millis = "toUnixTimestamp64Milli(time)" if SOURCE == "arrow" else \
        "toUnixTimestamp64Milli(parseDateTime64BestEffort(assumeNotNull(time), 3, 'UTC'))"
    connection = session.Session()
    connection.query("CREATE DATABASE peers")
    if SOURCE == "arrow":
        sys.modules["__main__"].table_in_memory = table_in_memory

    def act():
        connection.query("DROP TABLE IF EXISTS peers.once")
        columns = ", ".join(f"any(`{name}`) AS `{name}`" for name in COLUMNS if name not in ("id", "time"))
        given = ", ".join(f"`{name}`" for name in COLUMNS if name != "time")
        connection.query(
            f"CREATE TABLE peers.once ENGINE = Memory AS SELECT id, {columns}, any(minute) AS minute FROM "
            f"(SELECT {given}, intDiv({millis}, 60000) AS minute FROM {source}) GROUP BY id SETTINGS max_threads = {THREADS}")
        words = {"sum": "sum", "int": "toInt64", "table": "peers.once"}
        answers = {}
        for name, sql in PARTS.items():
            text = str(connection.query(f"{sql.format(**words)} SETTINGS max_threads = {THREADS}", "JSONCompactEachRow"))
            rows = [json.loads(line) for line in text.splitlines()]
            texts = 0 if name == "minutes" else 2
            answers[name] = [row[:texts] + [int(number) for number in row[texts:]] for row in rows]
        return answers

    return best(act)


def polars_aggregates():
    import polars as pl

    table = pl.from_arrow(in_memory()) if SOURCE == "arrow" else None
    schema = {name: pl.Float64 if name in REALS else pl.Boolean if name == "correct" else pl.String for name in COLUMNS}
    learners = pl.col("learner").n_unique()
    whole = lambda real: (real + 0.5).floor().cast(pl.Int64)
    watched = pl.when(pl.col("type") == "video.watched").then(whole(pl.col("to") * 1000) - whole(pl.col("from") * 1000)).otherwise(0)
    points = pl.when(pl.col("max_score") > 0).then(whole(pl.col("score") / pl.col("max_score") * 1e6)) \
        .when(pl.col("correct")).then(1_000_000).otherwise(0)

    def act():
        if table is None:
            # A schema names the columns that are read; the others are left alone.
            events = pl.scan_ndjson(INPUT, schema=schema)
            events = events.with_columns(pl.col("time").str.to_datetime("%Y-%m-%dT%H:%M:%S%.3fZ", time_unit="ms"))
        else:
            events = table.lazy()
        once = events.unique("id", keep="any").collect()
        minute = pl.col("time").dt.epoch("ms") // 60_000
        parts = pl.collect_all([
            once.lazy().filter(pl.col("video").is_not_null()).group_by("course", "video")
                .agg(pl.len(), learners, watched.sum().alias("sum")),
            once.lazy().filter(pl.col("type") == "quiz.answered").group_by("course", "question")
                .agg(pl.len(), learners, points.sum().alias("sum")),
            once.lazy().group_by(minute.alias("minute")).agg(pl.len(), learners),
        ])
        return {name: part.rows() for name, part in zip(PARTS, parts)}

    return best(act)


def duckdb_write():
    import duckdb
    import pyarrow.parquet as parquet

    connection = duckdb.connect(config={"threads": int(THREADS)})
    connection.execute("SET TimeZone = 'UTC'")
    connection.register("sorted", parquet.read_table(INPUT))
    sql = f"COPY sorted TO '{OUTPUT}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 3)"
    return best(lambda: connection.execute(sql))[0], None


def polars_write():
    import polars as pl
    import pyarrow.parquet as parquet

    rows = pl.from_arrow(parquet.read_table(INPUT))
    return best(lambda: rows.write_parquet(OUTPUT, compression="zstd", compression_level=3))[0], None


def main():
    seconds, answers = globals()[f"{ENGINE}_{JOB}"]()
    if answers is not None:
        with open(OUTPUT, "w", encoding="utf-8") as file:
            json.dump(answers, file)
    print(seconds)


if __name__ == "__main__":
    main()
