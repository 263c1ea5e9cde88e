"""xAPI: Video Profile and quiz statements."""

from events import Event, Refused, attempt, valid_length, valid_rate, valid_threshold
from values import canonical, duration_seconds, flag, millis, number, response_text, text

PROFILE = "https://w3id.org/xapi/video/"
EXTENSION = PROFILE + "extensions/"
VERBS = {
    "played": "video.played",
    "paused": "video.paused",
    "seeked": "video.seeked",
    "completed": "video.completed",
    "terminated": "video.terminated",
    "initialized": "video.initialized",
}
ANSWERED = ("answered", "answer", "evaluated", "responded")
SUBMITTED = ("submit", "submitted")


def read(statement):
    """The one event of a statement."""
    if not isinstance(statement, dict):
        raise Refused("bad_json")
    verb = text(_part(statement, "verb").get("id")) or ""
    kind = _kind(statement, verb)
    statement_id = (text(statement.get("id")) or "").lower()
    event = Event(
        kind=kind,
        time_sent=statement.get("timestamp") or statement.get("stored"),
        learner=_learner(_part(statement, "actor")),
        course=_course(statement),
        source_id=statement_id or canonical(statement),
        statement_id=statement_id,
        object=text(_part(statement, "object").get("id")),
    )
    if kind.startswith("video."):
        _video(event, statement)
    else:
        _quiz(event, statement)
    return [event]


def _kind(statement, verb):
    """Which event a verb on an object is; Refused("unsupported") for none of ours."""
    last = _tail(verb)
    object_ = _part(statement, "object")
    type_ = text(_part(object_, "definition").get("type")) or ""
    if verb.startswith(PROFILE) or _tail(type_) == "video":
        return VERBS.get(last, "video.interacted")
    is_answer = last in ANSWERED or (last in SUBMITTED and _tail(type_) == "cmi.interaction")
    if not is_answer:
        raise Refused("unsupported")
    return "quiz.submitted" if object_.get("objectType") == "GroupActivity" else "quiz.answered"


def _video(event, statement):
    result = _part(_part(statement, "result"), "extensions")
    context = _part(_part(statement, "context"), "extensions")

    def extension(name, *places):
        for place in places:
            if place.get(EXTENSION + name) is not None:
                return place[EXTENSION + name]
        return None

    registration = _part(statement, "context").get("registration")
    event.session = text(extension("session-id", context, result)) or text(registration)
    event.position = millis(extension("time", result, context))
    event.seek_from = millis(extension("time-from", result, context))
    event.seek_to = millis(extension("time-to", result, context))
    event.length = valid_length(millis(extension("length", context, result)))
    event.threshold = valid_threshold(number(extension("completion-threshold", context, result)))
    event.rate = valid_rate(_speed(extension("speed", context, result)))
    segments = extension("played-segments", result, context)
    event.played_segments = segments if isinstance(segments, str) else None


def _speed(value):
    """"1.25x" or 1.25."""
    return number(value.strip().removesuffix("x")) if isinstance(value, str) else number(value)


def _quiz(event, statement):
    own, result = _part(statement, "object"), _part(statement, "result")
    parents = _activities(statement, "parent")
    score = _part(result, "score")
    if event.kind == "quiz.answered":
        event.question = event.object
        quizzes = [p for p in parents if not _is_course(p) and not _is_attempt(p)]
        event.object = text(quizzes[0].get("id")) if quizzes else event.question
        event.stands_for_quiz = event.object == event.question
    attempts = [text(p.get("id")) for p in parents if _is_attempt(p)]
    extensions = _part(_part(own, "definition"), "extensions")
    numbered = [value for key, value in extensions.items() if _tail(key) == "attempt-id"]
    event.attempt_number, event.attempt_id = attempt(numbered[0] if numbered else attempts[0] if attempts else None)
    event.response = response_text(result.get("response"))
    event.correct = flag(result.get("success"))
    event.score, event.max_score = number(score.get("raw")), number(score.get("max"))
    event.scaled = number(score.get("scaled"))
    event.elapsed = millis(duration_seconds(result.get("duration")))


def _learner(actor):
    account = _part(actor, "account")
    name = text(account.get("name"))
    if name:
        return None if name == "anonymous" else (text(account.get("homePage")) or "") + "|" + name
    mail = text(actor.get("mbox"))
    return mail.lower() if mail else text(actor.get("mbox_sha1sum")) or text(actor.get("openid"))


def _course(statement):
    parents, groupings = _activities(statement, "parent"), _activities(statement, "grouping")
    courses = [activity for activity in parents + groupings if _is_course(activity)]
    found = (courses or parents)[:1]
    return text(found[0].get("id")) if found else None


def _activities(statement, relation):
    """The activities of a relation; a single object stands for a list of one."""
    listed = _part(_part(statement, "context"), "contextActivities").get(relation)
    listed = listed if isinstance(listed, list) else [listed]
    return [activity for activity in listed if isinstance(activity, dict)]


def _is_course(activity):
    return (text(_part(activity, "definition").get("type")) or "").endswith("/course")


def _is_attempt(activity):
    return (text(_part(activity, "definition").get("type")) or "").endswith("/attempt")


def _part(whole, name):
    part = whole.get(name)
    return part if isinstance(part, dict) else {}


def _tail(iri):
    return iri.rstrip("/").rsplit("/", 1)[-1]
