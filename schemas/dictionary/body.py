"""Writes the bodies of stream records by schemas/record.md, and shares no code with the product."""

TYPES = {
    "watched": 0, "played": 1, "paused": 2, "seeked": 3, "completed": 4, "terminated": 5, "initialized": 6,
    "answered": 16, "started": 17, "submitted": 18, "viewed": 32, "enrolled": 33,
}
SESSION, TIME, OBJECT, POSITION, TO, LENGTH, SOURCE_IN_ID, RATE, QUESTION, ATTEMPT, RESPONSE, JUDGED, RIGHT, SCORE = range(14)
MAX_SCORE, ELAPSED, TITLE, SOURCE, ATTEMPT_ID = range(14, 19)
MARKS = (SOURCE_IN_ID, JUDGED, RIGHT)
TEXTS = {SESSION: "session", OBJECT: "object", QUESTION: "question", RESPONSE: "response", TITLE: "title",
         SOURCE: "source", ATTEMPT_ID: "attempt_id"}
THOUSANDTHS = {RATE: "rate", SCORE: "score", MAX_SCORE: "max_score"}
DIGITS = set("0123456789abcdef")


def varint(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7f | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def signed(value):
    return varint(value << 1 if value >= 0 else -value * 2 - 1)


def packed_text(text):
    """(kind, bytes) of a text."""
    plain = text.replace("-", "")
    if [len(part) for part in text.split("-")] == [8, 4, 4, 4, 12] and set(plain) <= DIGITS:
        return 2, bytes.fromhex(plain)
    if len(text) >= 8 and len(text) % 2 == 0 and set(text) <= DIGITS:
        return 1, bytes.fromhex(text)
    return 0, text.encode()


class Table:
    def __init__(self):
        self.places = {}

    def place(self, value):
        return self.places.setdefault(value, len(self.places))


def body(tenant, events):
    """The body of a record: events are dicts with `type`, `learner` (16 bytes), `course`, `arrival`, `time` (ms),
    `zone` (minutes), `protocol` (0 to 3), and what else they have by the names above."""
    texts, learners, shapes = Table(), Table(), Table()
    ends, lengths, arrival, lead = {}, {}, 0, 0
    shape_of, learner_of, arrivals, cells = [], [], [], {}
    for event in events:
        row = {}
        learner = learners.place(event["learner"])
        arrivals.append(event["arrival"] - arrival)
        arrival = event["arrival"]
        course = texts.place(event["course"])
        row[TIME] = signed(event["time"] - arrival - lead)
        lead = event["time"] - arrival
        for bit, name in TEXTS.items():
            if name in event:
                row[bit] = varint(texts.place(event[name]))
        for bit, name in ((POSITION, "position"), (TO, "to")):
            if name in event:
                row[bit] = signed(event[name] - ends.get(learner, 0))
                ends[learner] = event[name]
        if "length" in event:
            row[LENGTH] = signed(event["length"] - lengths.get(event["object"], 0))
            lengths[event["object"]] = event["length"]
        for bit, name in THOUSANDTHS.items():
            if name in event:
                row[bit] = varint(round(event[name] * 1000) << 2)
        if "attempt" in event:
            row[ATTEMPT] = varint(event["attempt"])
        if "elapsed" in event:
            row[ELAPSED] = signed(event["elapsed"])
        marks = {SOURCE_IN_ID: "source" not in event, JUDGED: "right" in event, RIGHT: event.get("right", False)}
        present = sum(1 << bit for bit in row) + sum(1 << bit for bit, is_set in marks.items() if is_set)
        shape_of.append(shapes.place((TYPES[event["type"]], present, course, event["zone"], event["protocol"])))
        learner_of.append(learner)
        for bit, cell in row.items():
            cells.setdefault(bit, []).append(cell)
    return b"".join([
        varint(len(tenant)), tenant.encode(), table_of_texts(texts.places),
        varint(len(learners.places)), *learners.places,
        varint(len(shapes.places)), *map(shape, shapes.places), varint(0),
        *(map(varint, shape_of) if len(shapes.places) > 1 else ()),
        *(map(varint, learner_of) if len(learners.places) > 1 else ()),
        *map(signed, arrivals), *(cell for bit in sorted(cells) for cell in cells[bit]),
    ])


def table_of_texts(texts):
    packed = [packed_text(text) for text in texts]
    codes = [varint(len(data) << 2 | kind) for kind, data in packed]
    return b"".join([varint(len(packed)), *codes, *(data for _, data in packed)])


def shape(of):
    kind, present, course, zone, protocol = of
    return b"".join([bytes([kind]), varint(present), varint(course), varint(0), signed(zone), varint(1), bytes([protocol])])
