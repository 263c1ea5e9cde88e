"""Open edX tracking logs, in log form and in-process form."""

import json

from events import Event, Refused, attempt, valid_length
from values import canonical, millis, number, response_text, text

KINDS = {
    "play_video": "video.played",
    "edx.video.played": "video.played",
    "pause_video": "video.paused",
    "edx.video.paused": "video.paused",
    "seek_video": "video.seeked",
    "edx.video.position.changed": "video.seeked",
    "stop_video": "video.completed",
    "edx.video.stopped": "video.completed",
    "load_video": "video.initialized",
    "edx.video.loaded": "video.initialized",
}
INTERACTED = (
    "complete_video",
    "edx.video.completed",
    "speed_change_video",
    "edx.video.speed.changed",
    "show_transcript",
    "hide_transcript",
    "edx.video.transcript.shown",
    "edx.video.transcript.hidden",
    "edx.video.closed_captions.shown",
    "edx.video.closed_captions.hidden",
    "video_show_cc_menu",
    "video_hide_cc_menu",
    "edx.video.language_menu.shown",
    "edx.video.language_menu.hidden",
    "fullscreen",
    "not_fullscreen",
)


def read(line):
    """The events of one log line: one for a video, one per question for a result."""
    if not isinstance(line, dict):
        raise Refused("bad_json")
    name = text(line.get("event_type")) or text(line.get("name"))
    kind = KINDS.get(name) or ("video.interacted" if name in INTERACTED else None)
    payload = _payload(line.get("event", line.get("data")))
    context = line.get("context") if isinstance(line.get("context"), dict) else {}
    base = dict(
        time_sent=line.get("time") or line.get("timestamp"),
        learner=text(context.get("user_id")) or text(line.get("username")) or text(context.get("username")),
        course=text(context.get("course_id")),
        source_id=canonical(line),
        session=text(line.get("session")) or text(context.get("session")),
    )
    if kind:
        return [_video(kind, base, payload)]
    source = line.get("event_source") or context.get("event_source")
    if name == "problem_check" and source == "server":
        return _answers(base, payload)
    raise Refused("unsupported")


def _payload(value):
    """A dict; or a JSON string of one, also encoded twice; anything else is None."""
    for _ in range(2):
        if isinstance(value, str):
            try:
                value = json.loads(value)
            except ValueError:
                return None
    return value if isinstance(value, dict) else None


def _video(kind, base, payload):
    if payload is None:
        raise Refused("bad_payload")
    event = Event(kind=kind, object=text(payload.get("id")), **base)
    current = payload.get("currentTime", payload.get("current_time"))
    event.position = millis(current)
    event.length = valid_length(millis(payload.get("duration")))
    if kind == "video.seeked":
        event.seek_from = millis(payload.get("old_time", current))
        event.seek_to = millis(payload.get("new_time"))
    return event


def _answers(base, payload):
    correct_map = payload.get("correct_map") if payload else None
    if not isinstance(correct_map, dict) or not correct_map:
        raise Refused("bad_payload")
    submission = payload.get("submission") if isinstance(payload.get("submission"), dict) else {}
    answers = payload.get("answers") if isinstance(payload.get("answers"), dict) else {}
    events = []
    for key, verdict in correct_map.items():
        event = Event(kind="quiz.answered", object=text(payload.get("problem_id")), question=key, **base)
        event.attempt_number, event.attempt_id = attempt(payload.get("attempts"))
        own = submission.get(key) if isinstance(submission.get(key), dict) else {}
        answer = own.get("answer")
        event.response = response_text(answers.get(key) if answer is None else answer)
        event.correct, event.score = _verdict(verdict if isinstance(verdict, dict) else {})
        event.max_score = 1.0
        events.append(event)
    return events


def _verdict(verdict):
    correctness = verdict.get("correctness")
    if correctness == "partially-correct":
        points = number(verdict.get("npoints"))
        return False, 0.5 if points is None else points
    return correctness == "correct", 1.0 if correctness == "correct" else 0.0
