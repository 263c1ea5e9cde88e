"""The golden records, read by another program than the one that wrote them."""

import pathlib
import unittest

import zstandard
from read_record import read

SCHEMAS = pathlib.Path(__file__).parents[2] / "schemas"
GOLDEN = SCHEMAS / "golden"
DICTIONARY = {1: None, 2: zstandard.ZstdCompressionDict((SCHEMAS / "record.zdict").read_bytes())}


def unzstd(form, frame, length):
    return zstandard.ZstdDecompressor(dict_data=DICTIONARY[form]).decompress(frame, length)


class Golden(unittest.TestCase):
    def setUp(self):
        self.tenant, self.events = read((GOLDEN / "record-v2.bin").read_bytes())

    def test_what_all_events_have(self):
        self.assertEqual((self.tenant, len(self.events)), ("escola", 3))
        for at, event in enumerate(self.events, start=1):
            self.assertEqual((event["id"], event["learner"]), (f"{at:02x}" * 16, "ab" * 16))
            self.assertEqual((event["course"], event["session"]), ("turma-1", "s1"))
            self.assertEqual((event["time"], event["arrival"]), (1_772_479_800_250 + at, 1_772_479_801_000))
            self.assertEqual((event["zone"], event["settings"], event["flags"]), (-180, 1, 1))
            self.assertEqual((event["role"], event["protocol"]), ("learner", "xapi"))
        self.assertEqual([event.get("source_id") for event in self.events], ["id-1", None, "id-3"])
        self.assertEqual([event.get("source_in_id") for event in self.events], [None, True, None])

    def test_a_video_event(self):
        event = self.events[0]
        self.assertEqual((event["type"], event["object"]), ("video.paused", "v1"))
        self.assertEqual((event["position"], event["length"]), (12_500, 300_000))
        self.assertEqual((event["rate"], event["threshold"]), (1.25, 0.8))
        self.assertEqual(event["segments"], [(0, 5_000), (10_000, 12_500)])
        self.assertNotIn("to", event)

    def test_an_answer(self):
        event = self.events[1]
        self.assertEqual((event["type"], event["object"], event["question"]), ("quiz.answered", "q", "q1"))
        self.assertEqual((event["attempt"], event["response"], event["elapsed"]), (2, "b", 4_200))
        self.assertEqual((event["score"], event["max_score"]), (0.5, 2.0))
        self.assertEqual((event["judged"], event.get("right")), (True, None))

    def test_an_enrolment(self):
        self.assertEqual(self.events[2]["type"], "course.enrolled")
        self.assertNotIn("object", self.events[2])

    def test_a_compressed_record_of_several_learners(self):
        for name in ("record-v2-zstd.bin", "record-v2-dictionary.bin"):
            with self.subTest(name):
                self.several_learners((GOLDEN / name).read_bytes())

    def several_learners(self, record):
        tenant, events = read(record, unzstd)
        self.assertEqual((tenant, len(events)), ("escola", 60))
        for at, event in enumerate(events):
            like = dict(self.events[at % 3])
            like |= {"id": f"{at:02x}" * 16, "learner": f"ab{at % 4:02x}" + "00" * 13 + f"{at % 4:02x}"}
            # The time as sent did not move with the arrival.
            like["arrival"] = 1_772_479_801_000 + 1_500 * at
            self.assertEqual(event, like)

    def test_a_flipped_byte_is_noticed(self):
        record = bytearray((GOLDEN / "record-v2.bin").read_bytes())
        record[40] ^= 1
        with self.assertRaisesRegex(ValueError, "checksum"):
            read(bytes(record))


if __name__ == "__main__":
    unittest.main()
