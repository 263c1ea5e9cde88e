"""Caliper 1.1 and 1.2: media, assessment and grade events, bare or in envelopes."""

from collections import Counter

from events import Event, Refused, attempt, valid_length
from values import canonical, duration_seconds, flag, millis, number, response_text, text

MEDIA = {
    "Started": "video.played",
    "Restarted": "video.played",
    "Resumed": "video.played",
    "Paused": "video.paused",
    "Ended": "video.completed",
    "JumpedTo": "video.seeked",
    "ForwardedTo": "video.seeked",
    "Rewound": "video.seeked",
}
VOCABULARY = "http://purl.imsglobal.org/caliper/"
# METRICS.md names `group` alone. True would also take `object.extensions.isPartOf`.
COURSE_FROM_IS_PART_OF = False


def unpack(document):
    """(event, its id may be used) for a bare event or for each member of an envelope."""
    if isinstance(document, dict) and isinstance(document.get("data"), list):
        members = document["data"]
        seen = Counter(_id(member) for member in members if isinstance(member, dict))
        return [(member, seen[_id(member)] == 1 if isinstance(member, dict) else False) for member in members]
    return [(document, True)]


def read(document, id_is_unique):
    """The one event of a Caliper event."""
    if not isinstance(document, dict):
        raise Refused("bad_json")
    readers = {"MediaEvent": _media, "AssessmentEvent": _assessment, "AssessmentItemEvent": _item, "GradeEvent": _grade}
    reader = readers.get(document.get("type"))
    if reader is None:
        raise Refused("unsupported")
    event = Event(
        kind="",
        time_sent=document.get("eventTime"),
        learner=_person(document.get("actor")),
        course=_id(document.get("group")),
        source_id=(_id(document) if id_is_unique else None) or canonical(document),
        session=_id(document.get("session")),
        object=_id(document.get("object")),
    )
    if COURSE_FROM_IS_PART_OF and not event.course:
        event.course = _id(_part(_part(document, "object"), "extensions").get("isPartOf"))
    reader(event, document, document.get("action"))
    return [event]


def _media(event, document, action):
    media, target = _part(document, "object"), _part(document, "target")
    if media.get("type") == "AudioObject":
        raise Refused("unsupported")
    current = _position(target.get("currentTime"))
    event.kind = MEDIA.get(action, "video.interacted")
    if action == "Started" and current is None:
        event.kind = "video.initialized"
    event.position = current
    event.length = valid_length(_position(media.get("duration")))
    if event.kind == "video.seeked":
        extensions = _part(target, "extensions")
        old, new = _position(extensions.get("old_time")), _position(extensions.get("newTime"))
        event.seek_from, event.seek_to = (current, new) if new is not None else (old, current)


def _assessment(event, document, action):
    kinds = {"Started": "quiz.started", "Submitted": "quiz.submitted"}
    if action not in kinds:
        raise Refused("unsupported")
    event.kind = kinds[action]
    assignable = _part(document, "object").get("assignable")
    event.object = _id(assignable) or event.object


def _item(event, document, action):
    if action != "Completed":
        raise Refused("unsupported")
    item, generated = _part(document, "object"), _part(document, "generated")
    event.kind = "quiz.answered"
    event.question = event.object
    event.object = _id(item.get("isPartOf")) or event.question
    tried = generated.get("attempt") or (generated if generated.get("type") == "Attempt" else None)
    _attempt(event, tried)
    value = generated.get("value")
    event.response = response_text(generated.get("values") if value is None else value)
    extensions = _part(document, "extensions") | _part(item, "extensions") | _part(generated, "extensions")
    event.correct = flag(extensions.get("success"))
    if isinstance(tried, dict):
        event.elapsed = millis(duration_seconds(tried.get("duration")))


def _grade(event, document, action):
    tried, score = _part(document, "object"), _part(document, "generated")
    if action != "Graded" or not tried.get("assignable"):
        raise Refused("unsupported")
    assignable = tried["assignable"]
    event.learner = _person(tried.get("assignee"))
    event.object = _id(assignable)
    event.kind = "quiz.submitted"
    if isinstance(assignable, dict) and assignable.get("type") == "AssessmentItem":
        event.kind = "quiz.answered"
        event.question = event.object
        event.object = _id(assignable.get("isPartOf")) or event.question
        event.elapsed = millis(duration_seconds(tried.get("duration")))
    _attempt(event, tried)
    event.score = number(score.get("scoreGiven", score.get("totalScore")))
    event.max_score = number(score.get("maxScore"))


def _attempt(event, tried):
    """The count of an attempt, else its id."""
    if isinstance(tried, dict) and attempt(tried.get("count"))[0]:
        event.attempt_number = attempt(tried["count"])[0]
    else:
        event.attempt_id = _id(tried)


def _person(value):
    """The IRI of an actor; software is nobody."""
    if isinstance(value, dict) and value.get("type") not in (None, "Person", "Agent"):
        return None
    return _id(value)


def _position(value):
    return millis(duration_seconds(value)) if value is not None else None


def _id(value):
    """Of an object its id; a bare IRI is its own. That of a type says that the thing is anonymous."""
    iri = text(value.get("id")) if isinstance(value, dict) else value if isinstance(value, str) and value else None
    return None if iri and iri.startswith(VOCABULARY) else iri


def _part(whole, name):
    part = whole.get(name) if isinstance(whole, dict) else None
    return part if isinstance(part, dict) else {}
