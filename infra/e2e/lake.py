"""Rows of a lake, read with pyarrow."""

import io
import json
from pathlib import Path

import pyarrow.parquet as parquet

# Where a row came from, and when: another run has others.
OF_THE_RUN = {"arrival", "shard", "sequence_number", "record_index"}


def row_of(values, tenant, day):
    return values | {"tenant": tenant, "day": day}


def of_folder(events):
    """All rows below a folder of partitions."""
    rows = []
    for path in sorted(Path(events).rglob("*.parquet")):
        parts = dict(part.split("=", 1) for part in path.parts if "=" in part)
        rows += [row_of(row, parts["tenant"], parts["day"]) for row in parquet.ParquetFile(path).read().to_pylist()]
    return rows


def of_bucket(s3, bucket, folder):
    """All rows of the objects below a published generation's folder, `…/tenant=…/day=…/generation=…`."""
    parts = dict(part.split("=", 1) for part in folder.split("/") if "=" in part)
    rows = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=folder.rstrip("/") + "/"):
        for found in page.get("Contents", []):
            body = s3.get_object(Bucket=bucket, Key=found["Key"])["Body"].read()
            rows += [row_of(row, parts["tenant"], parts["day"])
                     for row in parquet.ParquetFile(io.BytesIO(body)).read().to_pylist()]
    return rows


def of_catalogue(glue, s3, database, table="events"):
    """All rows where the catalogue sends its readers."""
    rows = []
    for page in glue.get_paginator("get_partitions").paginate(DatabaseName=database, TableName=table):
        for partition in page["Partitions"]:
            bucket, folder = partition["StorageDescriptor"]["Location"].removeprefix("s3://").split("/", 1)
            rows += of_bucket(s3, bucket, folder)
    return rows


def of_pointers(s3, bucket, prefix="lake"):
    """All rows of the generations that the pointers name."""
    rows = []
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=f"{prefix}/pointers/"):
        for found in page.get("Contents", []):
            pointer = json.load(s3.get_object(Bucket=bucket, Key=found["Key"])["Body"])
            partition = found["Key"].removeprefix(f"{prefix}/pointers/").removesuffix(".json")
            rows += of_bucket(s3, bucket, f"{prefix}/events/{partition}/generation={pointer['published']}")
    return rows


def comparable(rows):
    """Rows by event id, without what belongs to a run. An id that is there twice is an error."""
    by_id = {}
    for row in rows:
        assert row["event_id"] not in by_id, f"event {row['event_id']} is there twice"
        by_id[row["event_id"]] = {name: value for name, value in row.items() if name not in OF_THE_RUN}
    return by_id
