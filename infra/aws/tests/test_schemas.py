"""The JSON Schemas of the domain events, and examples of each."""

import json
import unittest

import common

FOLDER = common.ROOT / "schemas/domain"
KINDS = {"video.completed", "learner.at_risk", "question.broken", "course.activity_dropped"}


@unittest.skipUnless(FOLDER.is_dir(), "schemas/domain is not there")
class DomainEvents(unittest.TestCase):
    def schemas(self):
        schemas = [json.loads(path.read_text()) for path in sorted(FOLDER.glob("*.schema.json"))]
        return {schema["title"]: schema for schema in schemas}

    def test_every_kind_has_a_valid_schema(self):
        from jsonschema import Draft202012Validator

        schemas = self.schemas()
        self.assertEqual(set(schemas), KINDS)
        for name, schema in schemas.items():
            Draft202012Validator.check_schema(schema)
            self.assertIn("id", schema["required"], name)

    def test_examples_are_valid_and_less_is_not(self):
        from jsonschema import Draft202012Validator

        for name, schema in self.schemas().items():
            examples = schema.get("examples") or [
                json.loads(path.read_text()) for path in sorted(FOLDER.glob(f"**/{name}*.json"))
                if not path.name.endswith(".schema.json")]
            self.assertTrue(examples, f"{name} has no example")
            validator = Draft202012Validator(schema)
            for example in examples:
                self.assertEqual([error.message for error in validator.iter_errors(example)], [], name)
                for field in schema["required"]:
                    less = {key: value for key, value in example.items() if key != field}
                    self.assertFalse(validator.is_valid(less), f"{name} without {field}")


if __name__ == "__main__":
    unittest.main()
