"""Domain events: raised by the evaluator's function, delivered by EventBridge to a queue and by SNS to another, each as its JSON
Schema says; a second evaluation of the same numbers tells nothing again."""

import json
import os
import unittest

import common
import jsonschema
import school
import world
from common import client, until

SCHEMAS = {schema["title"]: schema for schema in (
    json.loads(path.read_text()) for path in (common.ROOT / "schemas/domain").glob("*.schema.json"))}
# The others are many: a mail for each would bury people.
MAILED = {"learner.at_risk", "question.broken", "course.activity_dropped"}


class DomainEvents(unittest.TestCase):
    def test_the_evaluator_raises_events_that_reach_both_queues_once(self):
        there = world.sent()
        # A question that nobody answers right is told of by mail too; a video that is watched, to the platform alone.
        there.send([{"id": "whole", "type": "video.watched", "time": school.at(), "learner": "learner-1", "course": "hard",
                     "session": "s", "video": "short", "from": 0, "to": 10, "length": 10}], world.OTHER)
        there.send([{"id": f"wrong-{at}", "type": "quiz.answered", "time": school.at(), "learner": f"learner-{at}",
                     "course": "hard", "quiz": "q", "question": "q-1", "attempt": 1, "response": "b", "correct": False}
                    for at in range(12)], world.OTHER)
        there.drained()
        mails = there.queue(there.outputs["EventsTopicArn"])
        there.received(there.outputs["LmsQueueUrl"])
        there.invoke("evaluator", {})
        queued = self.delivered(there, there.outputs["LmsQueueUrl"])
        self.assertLessEqual({"video.completed", "question.broken"}, {event["detail-type"] for event in queued})
        for event in queued:
            self.valid(event)
        self.assertEqual({event["detail"]["tenant"] for event in queued} - {world.TENANT, world.OTHER}, set())
        ids = [event["detail"]["id"] for event in queued]
        self.assertEqual(len(ids), len(set(ids)))
        mailed = [json.loads(message["Message"]) for message in self.delivered(there, mails)]
        for event in mailed:
            self.valid(event)
        self.assertEqual({event["detail"]["id"] for event in mailed},
                         {event["detail"]["id"] for event in queued if event["detail-type"] in MAILED})
        there.invoke("evaluator", {})
        self.assertEqual(self.delivered(there, there.outputs["LmsQueueUrl"]), [])
        kinds = sorted({event["detail-type"] for event in queued})
        common.say(f"{len(queued)} domain events ({', '.join(kinds)}), {len(mailed)} of them by the topic")

    def test_a_learner_at_risk_reaches_the_topic_and_the_queue(self):
        """Whatever the class did: the example of the schema, put on the bus as the evaluator puts events."""
        there = world.world()
        mails = there.queue(there.outputs["EventsTopicArn"])
        example = SCHEMAS["learner.at_risk"]["examples"][0] | {"id": "ab" * 16}
        self.put(there, "learner.at_risk", example)
        for queue, read in ((mails, lambda body: json.loads(body["Message"])), (there.outputs["LmsQueueUrl"], lambda body: body)):
            found = until(lambda: [event for event in map(read, there.received(queue))  # noqa: B023
                                   if event["detail"] == example], "the event")
            self.valid(found[0])

    def valid(self, event):
        self.assertEqual(event["source"], "trilha")
        jsonschema.validate(event["detail"], SCHEMAS[event["detail-type"]],
                            jsonschema.Draft202012Validator, format_checker=jsonschema.FormatChecker())

    def delivered(self, there, queue):
        """What came before a mark that is put on the bus now: whoever reads the mark has read all that was before it. It may
        come out of order, so that the rest is read until nothing is left."""
        name = self.mark(there)
        events = []

        def marked():
            events.extend(there.received(queue))
            return any(name in json.dumps(event) for event in events)

        until(marked, "the mark")
        events.extend(there.received(queue))
        return [event for event in events if '"mark-' not in json.dumps(event).replace('\\"', '"')]

    def mark(self, there):
        name = f"mark-{os.urandom(6).hex()}"
        self.put(there, "question.broken", {"id": name})
        return name

    @staticmethod
    def put(there, kind, detail):
        client("events").put_events(Entries=[{"EventBusName": there.outputs["EventBusName"], "Source": "trilha",
                                              "DetailType": kind, "Detail": json.dumps(detail)}])


if __name__ == "__main__":
    unittest.main()
