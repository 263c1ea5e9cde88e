"""Native JSON: DESIGN.md, section 2."""

from events import Event, Refused, VIDEO, attempt, valid_length, valid_rate, valid_threshold
from values import canonical, flag, millis, number, response_text, text

OTHERS = (
    "quiz.started",
    "quiz.submitted",
    "activity.viewed",
    "course.enrolled",
    "course.unenrolled",
    "course.completed",
    "object.described",
)


def read(document):
    """The one event of a native object."""
    if not isinstance(document, dict):
        raise Refused("bad_json")
    kind = document.get("type")
    if kind not in VIDEO + OTHERS + ("quiz.answered",):
        raise Refused("unsupported")
    event = Event(
        kind=kind,
        time_sent=document.get("time"),
        learner=text(document.get("learner")),
        course=text(document.get("course")),
        source_id=text(document.get("id")) or canonical(document),
        session=text(document.get("session")),
        role=document.get("role") or "learner",
    )
    if kind in VIDEO:
        _video(event, document)
    elif kind.startswith("quiz."):
        _quiz(event, document)
    else:
        event.object = text(document.get("object"))
    return [event]


def _video(event, document):
    event.object = text(document.get("video"))
    event.position = millis(document.get("position"))
    event.seek_from = millis(document.get("from"))
    event.seek_to = millis(document.get("to"))
    event.length = valid_length(millis(document.get("length")))
    event.rate = valid_rate(number(document.get("rate")))
    event.threshold = valid_threshold(number(document.get("threshold")))


def _quiz(event, document):
    event.question = text(document.get("question")) if event.kind == "quiz.answered" else None
    event.object = text(document.get("quiz")) or event.question
    if event.kind == "quiz.answered" and not event.question:
        raise Refused("no_object")
    event.attempt_number, event.attempt_id = attempt(document.get("attempt"))
    event.response = response_text(document.get("response"))
    event.correct = flag(document.get("correct"))
    event.score = number(document.get("score"))
    event.max_score = number(document.get("max_score"))
    event.elapsed = millis(document.get("elapsed"))
