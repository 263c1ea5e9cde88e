"""A small made-up class, and the answers to infra/aws/athena in plain Python: no SQL, nothing in common with it."""

import random
from collections import Counter, defaultdict
from datetime import datetime, timedelta, timezone
from hashlib import md5
from math import floor

LATE, FUTURE, OTHER_PROTOCOL = 1 << 8, 1 << 1, 1 << 10
START = datetime(2026, 3, 2, 0, 0, tzinfo=timezone.utc)  # A Monday.
LENGTHS = {"v1": 61_300, "v2": 245_000, "v3": 33_000}
COURSES = {"bio": -180, "qui": 120}
LONGEST = 36_000_000


def blank(number, **fields):
    """A row with what every row has."""
    # Ids lie in no order: what stands first of one time is not what came first.
    row = {"event_id": md5(str(number).encode()).hexdigest(), "arrival": fields.get("time"), "role": "learner", "protocol": "native",
           "flags": 0, "beyond_state": False, "settings_version": 1, "fold_version": 1, "shard": "s/0",
           "sequence_number": f"{number:056}", "record_index": 0, "tenant": "ufx"}
    row.update(fields)
    row["zone_offset_minutes"] = COURSES[row["course"]]
    row["day"] = row["time"].strftime("%Y-%m-%d") if row.get("time") else "unknown"
    return row


def break_ties(rows):
    """Each row's place, by id, among its learner's of the same time, as the compaction tells it."""
    seen = Counter()
    for row in sorted(rows, key=lambda row: row["event_id"]):
        moment = row["tenant"], row["learner"], row.get("time")
        row["tie_break"] = seen[moment]
        seen[moment] += 1


class Class:
    """Rows of a class, from a seed. What must not count is among them."""

    def __init__(self, seed):
        self.chance, self.rows = random.Random(seed), []
        for course in COURSES:
            for video, length in LENGTHS.items():
                self.add(course, "staff1", START, "object.described", role="staff", object=video, title=f"Old {video}",
                         length_millis=length)
                self.add(course, "staff1", START + timedelta(hours=1), "object.described", role="staff", object=video,
                         title=f"Video {video}", section="One", length_millis=length)
            for number in range(14):
                self.learner(course, f"{course}{number:02}")
        self.oddities()
        break_ties(self.rows)

    def add(self, course, learner, time, kind, **fields):
        kinds = {"role": "learner"} | fields
        self.rows.append(blank(len(self.rows), course=course, learner=learner, time=time, type=kind, **kinds))

    def moment(self):
        return START + timedelta(milliseconds=self.chance.randrange(24 * 86_400_000))

    def learner(self, course, learner):
        self.add(course, learner, START + timedelta(days=self.chance.randrange(9)), "course.enrolled")
        if self.chance.random() < 0.5:
            self.add(course, learner, START + timedelta(days=9 + self.chance.randrange(15)), "course.completed")
        for _ in range(self.chance.randrange(7)):
            self.watches(course, learner, f"{learner}-{len(self.rows)}")
        for question in ("q1", "q2"):
            self.answers(course, learner, question)
        for _ in range(self.chance.randrange(4)):
            self.add(course, learner, self.moment(), "activity.viewed", object="forum")

    def watches(self, course, learner, session):
        video = self.chance.choice(["v1", "v2"])
        length = LENGTHS[video] + self.chance.choice([0, 0, 4_900])
        common = {"video": video, "object": video, "session": session, "length_millis": length}
        beats, acts = self.heartbeats, self.controls
        acts, moment = self.chance.choice([[beats], [acts], [beats, acts]]), self.moment()
        for act in acts:
            act(course, learner, moment, common)
        if self.chance.random() < 0.5:
            # Sittings without an id, about as far from each other as makes one of two or not.
            nameless = common | {"session": None}
            for _ in range(4):
                self.chance.choice([beats, self.controls])(course, learner, moment, nameless)
                last = max(row["time"] for row in self.rows if row["learner"] == learner and row.get("video") == video
                           and row["session"] is None)
                moment = last + timedelta(minutes=30, seconds=self.chance.randrange(-20, 100))

    def heartbeats(self, course, learner, time, common):
        position = self.chance.randrange(common["length_millis"])
        for _ in range(self.chance.randrange(1, 12)):
            span = self.chance.choice([200, 900, 10_000, 15_100, 400_000])
            rate = self.chance.choice([None, 1.0, 1.5])
            self.add(course, learner, time, "video.watched", position_millis=position, to_millis=position + span,
                     rate=rate, **common)
            position += span + self.chance.choice([0, 0, 700, -800, 5_000, -30_000])
            position, time = max(position, 0), time + timedelta(seconds=self.chance.choice([0, 0, *range(1, 20)]))

    def controls(self, course, learner, time, common):
        for _ in range(self.chance.randrange(2, 9)):
            kind = self.chance.choice(["played", "played", "paused", "seeked", "completed", "terminated"])
            position = self.chance.randrange(common["length_millis"])
            to = self.chance.randrange(common["length_millis"]) if kind == "seeked" else None
            rate = self.chance.choice([None, 1.25, 9.0, 0.1]) if kind == "played" else None
            self.add(course, learner, time, f"video.{kind}", position_millis=position, to_millis=to, rate=rate,
                     **common)
            time += timedelta(milliseconds=self.chance.choice([0, self.chance.randrange(1, 90_000)]))

    def answers(self, course, learner, question):
        if self.chance.random() < 0.2:
            return
        for attempt in range(1, self.chance.randrange(2, 8)):
            time, correct = self.moment(), self.chance.choice([True, False, None])
            score = self.chance.choice([None, 0.0, 1.0, 2.0, 2.9999999, 3.5])
            most, scaled = self.chance.choice([3.0, 3.0, 0.0]), self.chance.choice([None, 0.3, 1 / 3])
            for _ in range(self.chance.choice([1, 1, 2])):  # A regrade now and then.
                self.add(course, learner, time, "quiz.answered", quiz="quiz", question=question, object=question,
                         attempt=attempt, correct=correct, score=score, max_score=None if score is None else most,
                         scaled=scaled)
                correct, scaled = self.chance.choice([(correct, scaled), (None, 0.7)])
                time, score = time + timedelta(hours=1), 3.0

    def oddities(self):
        """Rows that some questions, or all of them, must leave out."""
        moment = START + timedelta(days=3, hours=2)
        video = {"video": "v1", "object": "v1", "session": "odd", "length_millis": 61_300, "position_millis": 0,
                 "to_millis": 60_000}
        self.add("bio", "staff1", moment, "video.watched", role="staff", **video)
        # 455 ms of the clock are 500.5 of content, a tenth more: half a millisecond is one.
        played = video | {"to_millis": None}
        self.add("bio", "odd6", moment, "video.played", **played)
        self.add("bio", "odd6", moment + timedelta(milliseconds=455), "video.paused", **played | {"position_millis": 9_000})
        nobody_knows = video | {"video": "v4", "object": "v4", "length_millis": None}
        self.add("bio", "bio01", moment, "video.watched", **nobody_knows)
        self.add("bio", "odd1", moment, "video.watched", flags=OTHER_PROTOCOL, **video)
        self.add("bio", "odd2", moment, "video.watched", beyond_state=True, **video)
        self.add("bio", "odd3", moment, "activity.viewed", flags=LATE, object="forum")
        self.add("bio", "odd4", moment + timedelta(days=40), "activity.viewed", flags=FUTURE, object="forum",
                 arrival=moment)
        self.add("bio", "odd5", None, "activity.viewed", object="forum", arrival=moment)
        self.add("bio", "staff1", moment, "course.enrolled", role="staff")
        self.add("bio", "odd1", moment, "course.enrolled", flags=OTHER_PROTOCOL)
        answer = {"quiz": "quiz", "question": "q1", "object": "q1", "attempt": 1, "correct": True}
        self.add("bio", "odd6", moment, "quiz.answered", beyond_state=True, **answer)
        self.add("bio", "odd7", moment, "quiz.answered", flags=OTHER_PROTOCOL, **answer)
        self.add("bio", "staff1", moment, "quiz.answered", role="staff", **answer)
        # The score speaks for the attempt, though a verdict came later; and few answer the last question.
        self.add("bio", "odd8", moment, "quiz.answered", **answer | {"score": 1.5, "max_score": 3.0, "correct": None})
        self.add("bio", "odd8", moment + timedelta(hours=1), "quiz.answered", **answer)
        self.add("bio", "odd8", moment, "quiz.answered", **answer | {"question": "q9", "object": "q9"})


# ------------------------------------------------------------------------------------------------------ answers


def counting(rows):
    return [row for row in rows if row["role"] == "learner" and not row["flags"] & OTHER_PROTOCOL]


def local(row):
    """When it counts, by the clock of its course."""
    time = row["arrival"] if row["flags"] & FUTURE else row["time"]
    return (time + timedelta(minutes=row["zone_offset_minutes"])).replace(tzinfo=None)


def acts(rows):
    """(course, learner, moment) of what counts in minutes and days."""
    silent = ("course.enrolled", "course.unenrolled", "course.completed", "object.described")
    return [(row["course"], row["learner"], local(row)) for row in counting(rows)
            if row.get("time") and not row["flags"] & LATE and row["type"] not in silent]


def monday(moment):
    return moment.date() - timedelta(days=moment.weekday())


def by_order(row):
    return row["time"], row["event_id"]


def segments(rows):
    """{(course, learner, video): [(start, end) …]} in milliseconds, and each learner's length."""
    sessions, lengths = defaultdict(list), {}
    for row in counting(rows):
        if row.get("video") and not row["beyond_state"] and row.get("time"):
            key = row["course"], row["learner"], row["video"]
            sessions[(*key, row["session"])].append(row)
            if row.get("length_millis"):
                lengths[key] = max(lengths.get(key, 0), row["length_millis"])
    found = defaultdict(list)
    for (*key, name), events in sessions.items():
        events.sort(key=by_order)
        for part in [events] if name else between_gaps(events):
            beats = [row for row in part if row["type"] == "video.watched"]
            for start, end in runs(beats) if beats else pairs(part):
                start, end = max(start, 0), min(end, lengths.get(tuple(key), LONGEST))
                if end - start >= 250:
                    found[tuple(key)].append((start, end))
    return found, lengths


def between_gaps(events):
    """Sessions without an id: one ends where more than half an hour went by, and what it takes to play what lies between."""
    before = None
    part = []
    for row in events:
        if before:
            here = row["to_millis"] if row["type"] == "video.watched" else row["position_millis"]
            there = before["to_millis"] if before["type"] in ("video.watched", "video.seeked") else before["position_millis"]
            rate = before.get("rate") or 1.0
            played = max(here - there, 0) / (rate if 0.25 <= rate <= 4 else 1.0)
            if (row["time"] - before["time"]) / timedelta(milliseconds=1) > 30 * 60 * 1000 + played:
                yield part
                part = []
        part.append(row)
        before = row
    yield part


def runs(beats):
    """Heartbeats, joined where one continues the one before."""
    joined = []
    for row in beats:
        start, end = row["position_millis"], min(row["to_millis"], row["position_millis"] + 300_000)
        if joined and abs(start - joined[-1][2]) <= 1000:
            joined[-1] = [joined[-1][0], max(joined[-1][1], end), end]
        else:
            joined.append([start, end, end])
    return [(start, end) for start, end, _ in joined]


def pairs(events):
    """What lies between an act that opens and the next one."""
    opened = None
    for row in events:
        if opened:
            start, time, rate = opened
            wall = (row["time"] - time) // timedelta(milliseconds=1)
            if row["position_millis"] >= start:
                yield start, min(row["position_millis"], start + int(wall * rate * 1.1 + 0.5) + 5000)
        kind = row["type"].removeprefix("video.")
        if kind == "played":
            rate = row.get("rate") or 1.0
            opened = row["position_millis"], row["time"], rate if 0.25 <= rate <= 4 else 1.0
        elif kind == "seeked":
            opened = opened and (row["to_millis"], row["time"], opened[2])
        else:
            opened = None


def lengths_of_videos(lengths):
    """What most learners report; of equals the greater."""
    votes = defaultdict(Counter)
    for (course, _, video), length in lengths.items():
        votes[course, video][length] += 1
    return {key: max(count.items(), key=lambda item: (item[1], item[0]))[0] for key, count in votes.items()}


def watched_seconds(rows):
    """{(course, learner, video): seconds}: second k counts when a segment covers its middle."""
    return {key: len({second for start, end in parts for second in range(start // 1000, end // 1000 + 1)
                      if start <= second * 1000 + 500 < end}) for key, parts in segments(rows)[0].items()}


def unwatched_videos(rows):
    length = lengths_of_videos(segments(rows)[1])
    titles, sections = described(rows, "title"), described(rows, "section")
    catalogue = {(row["course"], row["object"]) for row in rows
                 if row["type"] == "object.described" and row.get("length_millis") is not None}
    enrolled = defaultdict(set)
    for row in counting(rows):
        if row["type"] == "course.enrolled":
            enrolled[row["course"]].add(row["learner"])
    viewers, completed = Counter(), Counter()
    for (course, _, video), seconds in watched_seconds(rows).items():
        viewers[course, video] += 1
        if (course, video) in length:
            whole = max(1, (length[course, video] + 500) // 1000)
            completed[course, video] += seconds / whole >= 0.95
    known = {key: completed[key] if key in length or key not in viewers else None for key in catalogue | viewers.keys()}
    return {(*key, *((titles.get(key), sections.get(key)) if key in catalogue else (None, None)), viewers[key], done,
             done / viewers[key] if viewers[key] and done is not None else None, len(enrolled[key[0]]))
            for key, done in known.items()}


def described(rows, field):
    """What was said last of each object."""
    said = [row for row in rows if row["type"] == "object.described" and row.get(field) is not None]
    return {(row["course"], row["object"]): row[field] for row in sorted(said, key=lambda row: row["time"])}


def drop_off_points(rows):
    found, lengths = segments(rows)
    most, viewers, titles = lengths_of_videos(lengths), defaultdict(Counter), described(rows, "title")
    for (course, learner, video), parts in found.items():
        limit = lengths.get((course, learner, video), LONGEST)
        bins = {number for start, end in parts for number in range(start // 5000, end // 5000 + 1)
                if is_touched(start, end, 5000 * number, min(5000 * number + 5000, limit))}
        viewers[course, video].update(bins)
    answer = set()
    for (course, video), count in viewers.items():
        known = most.get((course, video))
        bins = -(-known // 5000) if known else max(count, default=0) + 1
        falls = [(count[k - 1] - count[k], -k) for k in range(1, bins)]
        lost, place = max(falls, default=(0, 0))
        if lost > 0:
            answer.add((course, video, titles.get((course, video)), -place * 5, lost, count[-place - 1]))
    return answer


def is_touched(start, end, low, high):
    covered = min(end, high) - max(start, low)
    return high > low and (covered >= 250 or start <= low and end >= high)


def attempts(rows):
    """{(course, question, learner): [(points, is right) …]} in the order of attempts."""
    grouped = defaultdict(list)
    for row in counting(rows):
        if row["type"] == "quiz.answered" and not row["beyond_state"]:
            grouped[row["course"], row["question"], row["learner"], row["attempt"]].append(row)
    answer = defaultdict(list)
    for (course, question, learner, _), events in sorted(grouped.items(), key=lambda item: item[0][3] or 0):
        scored = [row for row in events if points_of(row) is not None]
        marked = [row for row in events if row.get("correct") is not None]
        best = max(scored or marked or events, key=by_order)
        verdict = None if best.get("correct") is None else float(best["correct"])
        points = points_of(best) if scored else verdict
        right = best["correct"] if best.get("correct") is not None else None if points is None else points == 1.0
        answer[course, question, learner].append((points, right))
    return answer


def points_of(row):
    """By points, as far as there are some, in whole millionths; `scaled` only where nothing else says anything."""
    share = None
    if row.get("score") is not None and (row.get("max_score") or 0) > 0:
        share = row["score"] / row["max_score"]
    elif row.get("correct") is None:
        share = row.get("scaled")
    return None if share is None else min(max(floor(share * 1e6 + 0.5), 0), 10**6) / 1e6


def mean(values):
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def hardest_questions(rows):
    by_question = defaultdict(list)
    for (course, question, _), tries in attempts(rows).items():
        by_question[course, question].append(tries)
    return {(course, question, len(all_tries), sum(map(len, all_tries)), mean(tries[0][0] for tries in all_tries),
             mean(tries[-1][0] for tries in all_tries),
             sum(tries[0][1] is True for tries in all_tries) / len(all_tries))
            for (course, question), all_tries in by_question.items() if len(all_tries) >= 5}


def attempts_distribution(rows):
    learners, right = Counter(), Counter()
    for (course, question, _), tries in attempts(rows).items():
        learners[course, question, min(len(tries), 5)] += 1
        right[course, question, min(len(tries), 5)] += tries[-1][1] is True
    return {(*key, number, right[key]) for key, number in learners.items()}


def completion_by_course_and_week(rows):
    first = {}
    for row in counting(rows):
        if row["type"] in ("course.enrolled", "course.completed"):
            key = row["course"], row["learner"], row["type"]
            moment = (row["time"] + timedelta(minutes=row["zone_offset_minutes"])).replace(tzinfo=None)
            first[key] = min(first.get(key, moment), moment)
    count = Counter((course, monday(moment), kind) for (course, _, kind), moment in first.items())
    answer, totals = set(), Counter()
    for course, week in sorted({key[:2] for key in count}):
        enrolled, completed = (count[course, week, f"course.{kind}"] for kind in ("enrolled", "completed"))
        totals[course, 0] += enrolled
        totals[course, 1] += completed
        rate = totals[course, 1] / totals[course, 0] if totals[course, 0] else None
        answer.add((course, week, enrolled, completed, totals[course, 0], totals[course, 1], rate))
    return answer


def active_learners_by_day(rows):
    days = defaultdict(list)
    for course, learner, moment in acts(rows):
        days[course, moment.date()].append(learner)
    return {(*key, len(set(learners)), len(learners)) for key, learners in days.items()}


def cohort_retention(rows):
    weeks = defaultdict(set)
    for course, learner, moment in acts(rows):
        weeks[course, learner].add(monday(moment))
    active = Counter((course, min(found), week) for (course, _), found in weeks.items() for week in found)
    return {(course, cohort, active[course, cohort, cohort], (week - cohort).days // 7, number,
             number / active[course, cohort, cohort]) for (course, cohort, week), number in active.items()}


def time_on_task(rows):
    minutes = defaultdict(lambda: defaultdict(set))
    for course, learner, moment in acts(rows):
        minutes[course, monday(moment)][learner].add(moment.replace(second=0, microsecond=0))
    answer = set()
    for key, by_learner in minutes.items():
        counts = sorted(map(len, by_learner.values()))
        median = counts[(len(counts) + 1) // 2 - 1]
        answer.add((*key, len(counts), sum(counts), sum(counts) / len(counts), median, counts[-1]))
    return answer


def late_night_study(rows):
    minutes = defaultdict(set)
    for course, learner, moment in acts(rows):
        minutes[course].add((learner, moment.replace(second=0, microsecond=0)))
    answer = set()
    for course, found in minutes.items():
        night = [(learner, minute) for learner, minute in found if minute.hour >= 23 or minute.hour < 5]
        answer.add((course, len({learner for learner, _ in found}), len({learner for learner, _ in night}), len(found),
                    len(night), len(night) / len(found)))
    return answer


def one_learners_history(rows, course, learner):
    """Ids of what the learner did, in order."""
    mine = [row for row in rows if (row["course"], row["learner"]) == (course, learner)]
    return [row["event_id"] for row in sorted(mine, key=by_order)]
