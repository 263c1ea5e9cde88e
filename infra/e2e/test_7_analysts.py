"""The analysts' questions (infra/aws/athena), asked through Athena over the lake that the class went into; the answers equal
those of plain Python over the same rows."""

import sys
import unittest

import common
import world
from test_1_pipeline import ask

sys.path.insert(0, str(common.AWS / "tests"))
import answers  # noqa: E402

QUERIES = sorted((common.AWS / "athena").glob("*.sql"))


class Questions(unittest.TestCase):
    maxDiff = 2000

    @classmethod
    def setUpClass(cls):
        cls.there = world.sent()
        # Old generations go, for this Athena reads all files of a table.
        cls.there.compact()
        cls.there.compact()
        cls.rows = cls.there.rows(world.TENANT) + cls.there.rows(world.OTHER)
        learners = sorted({(row["course"], row["learner"]) for row in cls.rows if row["type"] == "quiz.answered"})
        cls.course, cls.learner = learners[len(learners) // 2]

    def test_every_question_is_answered_as_plain_python_answers_it(self):
        self.assertEqual(len(QUERIES), 10)
        for path in QUERIES:
            with self.subTest(path.stem):
                sql = path.read_text().replace("THE COURSE", self.course).replace("THE PSEUDONYM", self.learner)
                found = ask(self.there, sql)
                self.assertTrue(found)
                self.compare(path.stem, found)

    def compare(self, name, found):
        if name == "one_learners_history":
            expected = answers.one_learners_history(self.rows, self.course, self.learner)
            self.assertEqual(sorted(cell for row in found for cell in row if cell in set(expected)), sorted(expected))
            return
        expected = [tuple(shown(value) for value in row) for row in getattr(answers, name)(self.rows)]
        self.assertEqual(len(found), len(expected))
        cells = sorted(sorted(shown(number(cell)) for cell in row) for row in found)
        self.assertEqual([row for row in sorted(map(sorted, expected)) if not within(row, cells)], [])


def within(row, cells):
    """Whether some row of the answer has all of these cells; it has a tenant besides."""
    return any(all(cells_of.count(cell) >= row.count(cell) for cell in row) for cells_of in cells)


def number(cell):
    try:
        return float(cell)
    except ValueError:
        return cell


def shown(value):
    """Numbers alike, however they were counted and printed."""
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:.6f}" if isinstance(value, (int, float)) else "" if value is None else str(value)


if __name__ == "__main__":
    unittest.main()
