"""Reads stream records by schemas/record.md, and shares no code with what writes them."""

import struct
import zlib

ROLES = ["learner", "staff", "test"]
PROTOCOLS = ["native", "xapi", "caliper", "edx"]
VIDEO = ["watched", "played", "paused", "seeked", "completed", "terminated", "initialized", "interacted"]
TYPES = {
    **{code: f"video.{name}" for code, name in enumerate(VIDEO)},
    16: "quiz.answered", 17: "quiz.started", 18: "quiz.submitted", 32: "activity.viewed",
    33: "course.enrolled", 34: "course.unenrolled", 35: "course.completed", 36: "object.described",
}
TEXTS = {0: "session", 2: "object", 8: "question", 10: "response", 16: "title", 17: "source_id", 18: "attempt_id",
         22: "section", 23: "url"}
NUMBERS = {7: "rate", 13: "score", 14: "max_score", 19: "scaled", 20: "threshold"}
MARKS = {6: "source_in_id", 11: "judged", 12: "right"}
BITS = 25


def wrapped(value):
    return (value + 2**63) % 2**64 - 2**63


class Input:
    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        taken = self.data[self.at:self.at + count]
        if len(taken) != count:
            raise ValueError("cut")
        self.at += count
        return taken

    def varint(self):
        value, shift = 0, 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & 0x7f) << shift
            if byte < 0x80:
                return value
            shift += 7

    def signed(self):
        value = self.varint()
        return value >> 1 if value % 2 == 0 else -(value >> 1) - 1

    def text(self):
        return self.take(self.varint()).decode()


def unzigzag(value):
    return value >> 1 if value % 2 == 0 else -(value >> 1) - 1


def read(record, unzstd=None):
    """(tenant, events) of a record; `unzstd(form, frame, length)` is called for a body that is compressed."""
    if record[:4] != b"TRLH" or record[4] != 2:
        raise ValueError("not a record of version 2")
    if struct.unpack(">I", record[6:10])[0] != zlib.crc32(record[10:], zlib.crc32(record[4:6])):
        raise ValueError("checksum")
    head = Input(record[10:])
    count = head.varint()
    form = record[5]
    length = None if form == 0 else head.varint()
    ids = [head.take(16) for _ in range(count)]
    body = head.data[head.at:]
    body = Input(body if length is None else unzstd(form, body, length))
    tenant = body.text()
    texts = read_texts(body)
    learners = [body.take(16) for _ in range(body.varint())]
    shapes = [read_shape(body, texts) for _ in range(body.varint())]
    numbers = [struct.unpack("<d", body.take(8))[0] for _ in range(body.varint())]
    shape_of = [body.varint() for _ in range(count)] if len(shapes) > 1 else [0] * count
    learner_of = [body.varint() for _ in range(count)] if len(learners) > 1 else [0] * count
    arrivals = [body.signed() for _ in range(count)]
    cells = {}
    for bit in range(BITS):
        if bit in MARKS:
            continue
        has = [at for at in range(count) if shapes[shape_of[at]]["present"] >> bit & 1]
        cells[bit] = {at: body.varint() for at in has}
    events, arrival, lead, ends, lengths = [], 0, 0, {}, {}
    for at in range(count):
        shape = shapes[shape_of[at]]
        arrival = wrapped(arrival + arrivals[at])
        whose = learner_of[at]
        event = {key: value for key, value in shape.items() if key != "present"}
        event |= {"id": ids[at].hex(), "learner": learners[whose].hex(), "arrival": arrival}
        for bit, name in MARKS.items():
            if shape["present"] >> bit & 1:
                event[name] = True
        for bit, name in TEXTS.items():
            if at in cells[bit]:
                event[name] = texts[cells[bit][at]]
        for bit, name in NUMBERS.items():
            if at in cells[bit]:
                cell = cells[bit][at]
                event[name] = numbers[cell >> 1] if cell & 1 else unzigzag(cell >> 1) / 1000
        if at in cells[1]:
            lead = wrapped(lead + unzigzag(cells[1][at]))
            event["time"] = wrapped(arrival + lead)
        for bit, name in ((3, "position"), (4, "to")):
            if at in cells[bit]:
                ends[whose] = event[name] = wrapped(ends.get(whose, 0) + unzigzag(cells[bit][at]))
        if at in cells[5]:
            key = event["object"]
            lengths[key] = event["length"] = wrapped(lengths.get(key, 0) + unzigzag(cells[5][at]))
        if at in cells[9]:
            event["attempt"] = cells[9][at]
        for bit, name in ((15, "elapsed"), (24, "place")):
            if at in cells[bit]:
                event[name] = unzigzag(cells[bit][at])
        events.append(event)
    for at, event in enumerate(events):
        if at in cells[21]:
            event["segments"] = read_pairs(body, cells[21][at])
    if body.at != len(body.data):
        raise ValueError("bytes left over")
    return tenant, events


def read_texts(body):
    codes = [body.varint() for _ in range(body.varint())]
    return [as_text(code & 3, body.take(code >> 2)) for code in codes]


def as_text(kind, data):
    if kind == 0:
        return data.decode()
    digits = data.hex()
    if kind == 1:
        return digits
    return "-".join([digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]])


def read_shape(body, texts):
    shape = {"type": TYPES[body.take(1)[0]], "present": body.varint(), "course": texts[body.varint()]}
    shape |= {"flags": body.varint(), "zone": body.signed(), "settings": body.varint()}
    who = body.take(1)[0]
    return shape | {"role": ROLES[who >> 2], "protocol": PROTOCOLS[who & 3]}


def read_pairs(body, count):
    pairs, before = [], 0
    for _ in range(count):
        start = wrapped(before + body.signed())
        before = wrapped(start + body.signed())
        pairs.append((start, before))
    return pairs
