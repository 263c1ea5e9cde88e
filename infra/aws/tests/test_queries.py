"""The analysts' questions: Athena's grammar, the answers, and the same answers through Athena's API on a stand-in."""

import json
import os
import re
import subprocess
import time
import unittest
from pathlib import Path

import common
import answers
from common import deploy
from standin import DEADLINE_SECONDS, WithStandIn
from test_catalogue import columns

try:
    import duckdb
    import pyarrow as pa
    import pyarrow.parquet as parquet
except ImportError:
    duckdb = None

FOLDER = common.AWS / "athena"
QUERIES = sorted(FOLDER.glob("*.sql"))
VIEWS = sorted((FOLDER / "views").glob("*.sql"))
# What each query's rows are compared by: its columns less the tenant, and less what has one value here.
UNCOMPARED = {"tenant", "quiz"}
PYARROW = None if duckdb is None else {
    "string": pa.string(), "timestamp": pa.timestamp("ms", tz="UTC"), "bigint": pa.int64(), "int": pa.int32(),
    "double": pa.float64(), "boolean": pa.bool_(),
    "array<struct<from_millis:bigint,to_millis:bigint>>":
        pa.list_(pa.struct([("from_millis", pa.int64()), ("to_millis", pa.int64())])),
}
ASKED = {"THE COURSE": "bio", "THE PSEUDONYM": "bio03"}


def text(path):
    """A query, with a course and a learner where it asks for them."""
    sql = path.read_text()
    for placeholder, value in ASKED.items():
        sql = sql.replace(placeholder, value)
    return sql


def parts(path):
    """A statement's parts before its last SELECT, by name."""
    return dict(re.findall(r"^(?:WITH )?(\w+) AS \(\n(.*?)^\),?$", path.read_text(), re.MULTILINE | re.DOTALL))


def write_lake(rows, folder):
    """Rows as the compaction lays them out: a folder a tenant and day."""
    schema = pa.schema([(name, PYARROW[kind]) for name, kind in columns()])
    days = {}
    for row in rows:
        days.setdefault((row["tenant"], row["day"]), []).append(row)
    for (tenant, day), part in days.items():
        path = Path(folder) / f"tenant={tenant}" / f"day={day}" / "generation=1"
        path.mkdir(parents=True)
        table = pa.Table.from_pylist([{name: row.get(name) for name in schema.names} for row in part], schema)
        parquet.write_table(table, path / "part-1-0.parquet")


def connect(folder):
    connection = duckdb.connect()
    connection.execute("SET TimeZone = 'UTC'")
    connection.execute(
        f"CREATE VIEW events AS SELECT * FROM read_parquet('{folder}/**/*.parquet', hive_partitioning = true, "
        "hive_types = {tenant: VARCHAR, day: VARCHAR})")
    return connection


def answer(connection, sql):
    """Rows as dictionaries."""
    result = connection.execute(sql)
    names = [column[0] for column in result.description]
    return [dict(zip(names, row)) for row in result.fetchall()]


def rounded(rows):
    """Sums in another order differ in the last digit."""
    return {tuple(round(value, 9) if isinstance(value, float) else value for value in row) for row in rows}


def compared(rows):
    return rounded(tuple(value for name, value in row.items() if name not in UNCOMPARED) for row in rows)


class Grammar(unittest.TestCase):
    @unittest.skipUnless((common.NODE_MODULES / "dt-sql-parser").is_dir(), "npm packages are not installed")
    def test_trino_reads_every_query_and_view(self):
        command = ["node", common.AWS / "tests/trino.mjs", *QUERIES, *VIEWS]
        done = subprocess.run(command, capture_output=True, text=True)
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn(f"{len(QUERIES) + len(VIEWS)} read", done.stdout)

    @unittest.skipUnless((common.NODE_MODULES / "dt-sql-parser").is_dir(), "npm packages are not installed")
    def test_trino_does_not_read_what_only_duckdb_does(self):
        path = common.scratch(self) / "wrong.sql"
        path.write_text("SELECT 7 // 2")
        done = subprocess.run(["node", common.AWS / "tests/trino.mjs", path], capture_output=True, text=True)
        self.assertNotEqual(done.returncode, 0)

    def test_each_query_begins_with_the_question(self):
        self.assertEqual(len(QUERIES), 10)
        for path in QUERIES:
            self.assertRegex(path.read_text().split("\n", 1)[0], r"^-- .+\?$", path.name)

    def test_what_a_query_repeats_of_a_view_is_the_same_text(self):
        repeated = set()
        for view in VIEWS:
            shared = parts(view)
            first = next(iter(shared))
            for query in (path for path in QUERIES if first in parts(path)):
                for name in shared.keys() & parts(query).keys():
                    repeated.add(name)
                    self.assertEqual(parts(query)[name], shared[name], f"{name} of {query.name} and {view.name}")
        self.assertGreater(len(repeated), 10)

    def test_what_the_two_engines_divide_otherwise_is_not_divided(self):
        # Athena divides integers to an integer, DuckDB to a double; and 5 / 2.0 is 2.5 there, 2.500 here.
        for path in [*QUERIES, *VIEWS]:
            for line in path.read_text().splitlines():
                divisor = line.split("--")[0].partition(" / ")[2]
                if divisor:
                    self.assertRegex(divisor, r"^(CAST\(|\d+e|greatest\(|max_score\b)", f"{path.name}: {line}")


@unittest.skipIf(duckdb is None, "duckdb and pyarrow are not installed")
class Answers(unittest.TestCase):
    """For many classes, each answer equals the one in plain Python."""

    def test_every_answer(self):
        totals = dict.fromkeys((path.stem for path in QUERIES), 0)
        for seed in range(12):
            rows = answers.Class(seed).rows
            folder = common.scratch(self)
            write_lake(rows, folder)
            connection = connect(folder)
            for path in QUERIES:
                with self.subTest(path.name, seed=seed):
                    totals[path.stem] += self.check(path, answer(connection, text(path)), rows)
        self.assertNotIn(0, totals.values(), totals)

    def check(self, path, found, rows):
        if path.stem == "one_learners_history":
            expected = answers.one_learners_history(rows, "bio", "bio03")
            self.assertEqual([row["event_id"] for row in found], expected)
        else:
            expected = rounded(getattr(answers, path.stem)(rows))
            self.assertEqual(compared(found), expected)
            self.assertEqual(len(found), len(expected))
        return len(expected)

    def test_views_agree_with_the_queries(self):
        rows = answers.Class(99).rows
        folder = common.scratch(self)
        write_lake(rows, folder)
        connection = connect(folder)
        for path in VIEWS:
            connection.execute(path.read_text())
        found = answer(connection, "SELECT course, learner, moment FROM activity")
        self.assertEqual(sorted(tuple(row.values()) for row in found), sorted(answers.acts(rows)))
        found = answer(connection, "SELECT course, learner, video, seconds FROM watched_videos")
        self.assertEqual({tuple(row.values())[:3]: row["seconds"] for row in found}, answers.watched_seconds(rows))
        tries = {}
        for row in answer(connection, "SELECT * FROM quiz_attempts ORDER BY number"):
            key = row["course"], row["question"], row["learner"]
            tries.setdefault(key, []).append((row["points"], row["is_correct"]))
        self.assertEqual(tries, answers.attempts(rows))


@unittest.skipIf(duckdb is None, "duckdb and pyarrow are not installed")
class Dashboard(unittest.TestCase):
    """Where the product's own lake is asked, its numbers are the dashboard's."""

    def setUp(self):
        target = Path(os.environ.get("CARGO_TARGET_DIR", common.ROOT / "target"))
        candidates = [os.environ.get("TRILHA_BIN"), target / "release/trilha", target / "debug/trilha"]
        self.trilha = next((path for path in candidates if path and Path(path).is_file()), None)
        if self.trilha is None:
            self.skipTest("the program trilha is not built")

    def run_trilha(self, *arguments):
        return subprocess.run([self.trilha, *map(str, arguments)], check=True, capture_output=True, text=True).stdout

    def test_videos_and_questions(self):
        folder = common.scratch(self)
        self.run_trilha("simulate", "--events", 40000, "--seed", 11, "--out", folder / "class.ndjson")
        self.run_trilha("replay", "--data", folder / "d", "--format", "native", folder / "class.ndjson")
        connection = connect(folder / "d/lake/events")
        course = connection.execute("SELECT course FROM events GROUP BY 1 ORDER BY count(*) DESC LIMIT 1").fetchone()[0]
        views = json.loads(self.run_trilha("views", "--data", folder / "d", "--course", course, "--json"))
        self.compare(connection, course, "unwatched_videos", ("video",), {
            (video["video"],): (video["viewers"], video["completed"], video["completion_rate"])
            for video in views["videos"]
        }, ("viewers", "completed", "completion_rate"), only_there=True)
        self.compare(connection, course, "drop_off_points", ("video",), {
            (video["video"],): (video["drop_off"]["second"], video["drop_off"]["lost"])
            for video in views["videos"] if video["drop_off"]
        }, ("at_second", "viewers_lost"))
        self.compare(connection, course, "hardest_questions", ("quiz", "question"), {
            (question["quiz"], question["question"]): tuple(question[name] for name in (
                "learners", "attempts", "facility", "final_facility", "correct_first_attempt"))
            for question in views["questions"] if question["learners"] >= 5
        }, ("learners", "attempts", "facility", "final_facility", "correct_first_attempt"))

    def compare(self, connection, course, query, key, expected, values, only_there=False):
        found = {tuple(row[name] for name in key): tuple(row[name] for name in values)
                 for row in answer(connection, text(FOLDER / f"{query}.sql")) if row["course"] == course}
        if only_there:
            found = {name: value for name, value in found.items() if name in expected}
        self.assertGreater(len(expected), 5, query)
        self.assertEqual(rounded((*name, *value) for name, value in found.items()),
                         rounded((*name, *value) for name, value in expected.items()), query)


@unittest.skipIf(duckdb is None, "duckdb and pyarrow are not installed")
class OnAthena(WithStandIn):
    """Through Athena's API: the work group, the catalogue's table, the bucket."""

    def test_every_query_runs_and_says_the_same(self):
        made = deploy.deploy("trilha", {"Tenants": "ufx", "Processing": "poller"}, functions=self.functions())
        folder, rows = common.scratch(self), answers.Class(5).rows
        write_lake(rows, folder)
        for path in folder.rglob("*.parquet"):
            key = f"{made['LakePrefix']}/events/{path.relative_to(folder)}"
            self.client("s3").upload_file(str(path), made["LakeBucketName"], key)
        connection = connect(folder)
        for path in QUERIES:
            with self.subTest(path.name):
                expected = [[shown(value) for value in row.values()] for row in answer(connection, text(path))]
                self.assertEqual(self.ask(made, text(path)), expected)

    def ask(self, made, sql):
        athena = self.client("athena")
        query = athena.start_query_execution(
            QueryString=sql, WorkGroup=made["AthenaWorkGroup"],
            QueryExecutionContext={"Database": made["GlueDatabaseName"]})["QueryExecutionId"]
        until = time.monotonic() + DEADLINE_SECONDS
        while True:
            status = athena.get_query_execution(QueryExecutionId=query)["QueryExecution"]["Status"]
            if status["State"] in ("SUCCEEDED", "FAILED"):
                break
            self.assertLess(time.monotonic(), until)
            time.sleep(0.05)
        self.assertEqual(status["State"], "SUCCEEDED", status.get("StateChangeReason"))
        pages = athena.get_paginator("get_query_results").paginate(QueryExecutionId=query)
        rows, kinds = [], []
        for page in pages:
            kinds = [column["Type"] for column in page["ResultSet"]["ResultSetMetadata"]["ColumnInfo"]]
            rows += [[cell.get("VarCharValue", "") for cell in row["Data"]] for row in page["ResultSet"]["Rows"]]
        return [[shown(float(cell)) if kind == "double" and cell else cell for kind, cell in zip(kinds, row)]
                for row in rows[1:]]


def shown(value):
    """A value as Athena prints it; of a double so many digits as do not depend on the order of a sum."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.9f}"
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    unittest.main()
