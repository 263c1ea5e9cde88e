"""The analysts' questions (infra/aws/athena), asked through Athena over the lake that the class went into; the answers equal
those of plain Python over the same rows."""

import sys
import unittest

import common
import world
from test_1_pipeline import ask

sys.path.insert(0, str(common.AWS / "tests"))
import answers  # noqa: E402

# The answers in Python say neither: the tenants' courses have different names, and so have the quizzes' questions.
UNCOMPARED = {"tenant", "quiz"}
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
            self.assertEqual([row["event_id"] for row in found], expected)
            return
        expected = sorted(tuple(map(shown, row)) for row in getattr(answers, name)(self.rows))
        told = sorted(tuple(shown(number(cell)) for column, cell in row.items() if column not in UNCOMPARED) for row in found)
        self.assertEqual(told, expected)


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
