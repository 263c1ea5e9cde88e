"""The quiz metrics of METRICS.md, derived anew from all answers of a course to one question."""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass

from values import by_bytes

SAME_SUBMISSION = 5000
WHOLE = 1_000_000
SHOWN = 50


@dataclass(slots=True)
class Attempt:
    """One attempt: its place among the learner's attempts, and its values."""

    place: tuple
    score: object  # millionths, or None
    correct: object  # True, False, or None for unknown
    response: object
    elapsed: object


def question_view(quiz, question, answers):
    """All numbers of one question; `answers` are the learners' own `quiz.answered`, each once."""
    by_learner = defaultdict(list)
    for event in answers:
        by_learner[event.learner].append(event)
    attempts = {learner: attempts_of(own) for learner, own in by_learner.items()}
    first = [own[0] for own in attempts.values()]
    last = [own[-1] for own in attempts.values()]
    counts = Counter(len(own) for own in attempts.values())
    view = {
        "quiz": quiz,
        "question": question,
        "learners": len(attempts),
        "attempts": sum(len(own) for own in attempts.values()),
        "attempts_per_learner": [{"attempts": k, "learners": counts[k]} for k in sorted(counts)],
        "facility": _mean_score(first),
        "final_facility": _mean_score(last),
        "correct_first_attempt": sum(1 for a in first if a.correct is True) / len(attempts),
    }
    view["responses_first"], view["responses_first_other"] = _responses(first)
    view["responses_last"], view["responses_last_other"] = _responses(last)
    view["elapsed"] = _elapsed([a for own in attempts.values() for a in own])
    return view


def attempts_of(own):
    """One learner's attempts at one question, in order."""
    groups = defaultdict(list)
    loose = []
    for event in sorted(own, key=lambda event: event.order):
        if event.attempt_number is not None:
            groups["number", event.attempt_number].append(event)
        elif event.attempt_id is not None:
            groups["id", event.attempt_id].append(event)
        else:
            loose.append(event)
    made = [_attempt(key[1] if key[0] == "number" else None, events) for key, events in groups.items()]
    made += [_attempt(None, events) for events in _submissions(loose)]
    return sorted(made, key=lambda attempt: attempt.place)


def _submissions(loose):
    """Equal responses, each within 5 s of the equal one before, are one submission."""
    by_response = defaultdict(list)
    for event in loose:
        chains = by_response[event.response]
        if chains and event.time - chains[-1][-1].time <= SAME_SUBMISSION:
            chains[-1].append(event)
        else:
            chains.append([event])
    return [chain for chains in by_response.values() for chain in chains]


def _attempt(number, events):
    """Numbers ascending come first, then the others by earliest time."""
    earliest = min(event.order for event in events)
    spoken_for = max(events, key=lambda event: (_says(event),) + event.order)
    score = score_of(spoken_for)
    correct = spoken_for.correct
    if correct is None and score is not None:
        correct = score == WHOLE
    return Attempt(
        place=(0, number) + earliest if number is not None else (1, 0) + earliest,
        score=score,
        correct=correct,
        response=spoken_for.response,
        elapsed=spoken_for.elapsed,
    )


def _says(event):
    """Which event of an attempt gives its values: with a score, else with `correct`, else any."""
    if _has_ratio(event):
        return 2
    if event.correct is not None:
        return 1
    return 2 if event.scaled is not None else 0


def _has_ratio(event):
    return event.score is not None and event.max_score is not None and event.max_score > 0


def score_of(event):
    """Millionths: score / max_score; else 1 or 0 by `correct`; else `scaled`; else None."""
    if _has_ratio(event):
        ratio = event.score / event.max_score
    elif event.correct is not None:
        ratio = 1.0 if event.correct else 0.0
    elif event.scaled is not None:
        ratio = event.scaled
    else:
        return None
    if not math.isfinite(ratio):
        return WHOLE if ratio > 0 else 0
    return min(max(math.floor(ratio * WHOLE + 0.5), 0), WHOLE)


def _mean_score(attempts):
    scores = [attempt.score for attempt in attempts if attempt.score is not None]
    return sum(scores) / (len(scores) * WHOLE) if scores else None


def _responses(attempts):
    """(the most given, how many learners gave others)."""
    counts = Counter(attempt.response[:200] for attempt in attempts if attempt.response is not None)
    ranked = sorted(counts, key=lambda response: (-counts[response], by_bytes(response)))
    shown = [{"response": response, "learners": counts[response]} for response in ranked[:SHOWN]]
    return shown, sum(counts[response] for response in ranked[SHOWN:])


def _elapsed(attempts):
    """Whole seconds from 0 to 3,600, as {"seconds", "attempts"}, and the lower median."""
    seconds = sorted(min(a.elapsed // 1000, 3600) for a in attempts if a.elapsed is not None and a.elapsed >= 0)
    counts = Counter(seconds)
    median = seconds[(len(seconds) - 1) // 2] if seconds else None
    rows = [{"seconds": second, "attempts": counts[second]} for second in sorted(counts)]
    return {"median": median, "histogram": rows}
