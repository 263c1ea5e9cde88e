"""The functions, where infra/aws/build has laid them out."""

import re
import subprocess
import unittest
import zipfile
from io import BytesIO

import common

# Lambda takes 250 MB; a cold start reads what there is.
MOST_BYTES = 24_000_000
MOST_ZIPPED = 10_000_000
# Of the dev profile, without its symbols: what grows there grows in the other too.
MOST_BYTES_DEV = 50_000_000
# Of Amazon Linux 2023.
GLIBC = (2, 34)


def bootstrap(name):
    return common.deploy.FUNCTIONS / name / "bootstrap"


def is_for_lambda(path):
    """Whether it was built for Lambda: the dev profile keeps its symbols, and is for stand-ins."""
    content = path.read_bytes()
    return content.startswith(b"\x7fELF") and b".symtab\x00" not in content


class Functions(unittest.TestCase):
    def each(self):
        for name in common.FUNCTIONS:
            with self.subTest(name):
                yield name, bootstrap(name)

    def test_sizes(self):
        built = [path for _, path in self.each() if path.is_file() and is_for_lambda(path)]
        if len(built) < len(common.FUNCTIONS):
            self.skipTest("infra/aws/build has not run")
        for path in built:
            self.assertLess(path.stat().st_size, MOST_BYTES, path.parent.name)
            self.assertLess(len(common.deploy.archive(path.parent)), MOST_ZIPPED, path.parent.name)

    def test_sizes_of_the_dev_profile(self):
        built = [path for _, path in self.each() if path.is_file() and not is_for_lambda(path)]
        if not built:
            self.skipTest("the dev profile's are not laid out")
        for path in built:
            stripped = common.scratch(self) / "bootstrap"
            subprocess.run(["strip", "-o", stripped, path], check=True)
            self.assertLess(stripped.stat().st_size, MOST_BYTES_DEV, path.parent.name)

    def test_they_start_on_amazon_linux_2023(self):
        built = [path for _, path in self.each() if path.is_file() and is_for_lambda(path)]
        if not built:
            self.skipTest("infra/aws/build has not run")
        for path in built:
            needed = {tuple(map(int, version.split(b"."))) for version in
                      re.findall(rb"GLIBC_(2\.\d+)", path.read_bytes())}
            self.assertLessEqual(max(needed, default=(0, 0)), GLIBC, path.parent.name)

    def test_an_archive_is_the_same_for_the_same_content_and_can_be_run(self):
        folder = common.scratch(self)
        (folder / "bootstrap").write_text("#!/bin/sh\n")
        first, second = common.deploy.archive(folder), common.deploy.archive(folder)
        self.assertEqual(first, second)
        (entry,) = zipfile.ZipFile(BytesIO(first)).infolist()
        self.assertEqual(entry.filename, "bootstrap")
        self.assertEqual(entry.external_attr >> 16 & 0o777, 0o755)

    def test_a_folder_without_a_program_is_refused(self):
        with self.assertRaisesRegex(common.deploy.DeployError, "infra/aws/build"):
            common.deploy.archive(common.scratch(self))


if __name__ == "__main__":
    unittest.main()
