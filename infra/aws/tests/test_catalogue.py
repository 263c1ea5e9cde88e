"""The analysts' table beside the columns that the lake writer writes."""

import re
import unittest

import common

KINDS = {
    "text()": "string", "time()": "timestamp", "DataType::Int64": "bigint", "DataType::Int32": "int",
    "DataType::Float64": "double", "DataType::Boolean": "boolean",
    "segments()": "array<struct<from_millis:bigint,to_millis:bigint>>",
}


def columns():
    """Name and type of each column, as the Rust file says them."""
    text = (common.ROOT / "schemas/src/columns.rs").read_text()
    return [(name, KINDS[kind]) for name, kind in re.findall(r'(?:required|optional)\("(\w+)", (.+)\),', text)]


class Catalogue(unittest.TestCase):
    def setUp(self):
        self.table = common.resources(common.template(), "AWS::Glue::Table")["EventsTable"]["TableInput"]

    def test_columns_are_the_lakes_in_name_type_and_order(self):
        found = [(column["Name"], column["Type"]) for column in self.table["StorageDescriptor"]["Columns"]]
        self.assertGreater(len(found), 30)
        self.assertEqual(found, columns())

    def test_days_are_partitions_and_texts(self):
        keys = [(key["Name"], key["Type"]) for key in self.table["PartitionKeys"]]
        self.assertEqual(keys, [("tenant", "string"), ("day", "string")])

    def test_files_are_read_as_parquet(self):
        storage = self.table["StorageDescriptor"]
        self.assertIn("parquet", storage["SerdeInfo"]["SerializationLibrary"])
        self.assertEqual(self.table["Parameters"]["classification"], "parquet")


if __name__ == "__main__":
    unittest.main()
