"""Numbers, times, durations and texts as METRICS.md reads them ("Arithmetic", "Time")."""

import json
import math
import re
from datetime import datetime, timedelta, timezone

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)
NUMBER = re.compile(r"^[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?$")
TIME = re.compile(
    r"^(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:[.,](\d+))?\s*(?:([Zz])|([+-])(\d\d):?(\d\d)?)?$"
)
DURATION = re.compile(
    r"^P(?:([\d.]+)Y)?(?:([\d.]+)M)?(?:([\d.]+)W)?(?:([\d.]+)D)?"
    r"(?:T(?:([\d.]+)H)?(?:([\d.]+)M)?(?:([\d.]+)S)?)?$"
)


def number(value):
    """A finite double from a JSON number or a numeric string; else None."""
    if isinstance(value, bool):
        return None
    if isinstance(value, str):
        text = value.strip()
        value = float(text) if NUMBER.match(text) else None
    if isinstance(value, (int, float)):
        value = float(value)
        return value if math.isfinite(value) else None
    return None


def millis(value):
    """Seconds to integer milliseconds: floor(x * 1000 + 0.5) in doubles; None for no number."""
    seconds = number(value)
    return None if seconds is None else math.floor(seconds * 1000 + 0.5)


def time_millis(text):
    """RFC 3339 to milliseconds since 1970, half a millisecond rounds up; no zone means UTC."""
    match = TIME.match(text.strip()) if isinstance(text, str) else None
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, _, sign, hours, minutes = match.groups()
    try:
        whole = datetime(int(year), int(month), int(day), int(hour), int(minute), int(second), tzinfo=timezone.utc)
    except ValueError:
        return None
    offset = timedelta(hours=int(hours or 0), minutes=int(minutes or 0)) if sign else timedelta(0)
    whole = whole + offset if sign == "-" else whole - offset
    milliseconds = 0
    if fraction:
        scale = 10 ** len(fraction)
        milliseconds = (int(fraction) * 2000 + scale) // (2 * scale)
    return int((whole - EPOCH) / timedelta(seconds=1)) * 1000 + milliseconds


def time_text(milliseconds):
    """Milliseconds since 1970 as RFC 3339, to the second."""
    return (EPOCH + timedelta(milliseconds=milliseconds)).strftime("%Y-%m-%dT%H:%M:%SZ")


def duration_seconds(value):
    """An ISO 8601 duration, or a plain number of seconds, as a double; else None."""
    if not isinstance(value, str):
        return number(value)
    match = DURATION.match(value.strip())
    if not match or value.strip() in ("P", "PT"):
        return number(value)
    years, months, weeks, days, hours, minutes, seconds = (float(part or 0) for part in match.groups())
    return (
        ((years * 365 + months * 30 + weeks * 7 + days) * 24 + hours) * 3600 + minutes * 60 + seconds
    )


def flag(value):
    """A JSON boolean, or its name as a string in any case; else None."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.strip().lower() in ("true", "false"):
        return value.strip().lower() == "true"
    return None


def text(value):
    """A non-empty text from a string or a number; else None."""
    if isinstance(value, bool) or value is None:
        return None
    if isinstance(value, (int, float)):
        return json.dumps(value)
    return value if isinstance(value, str) and value != "" else None


def response_text(value):
    """A response: text as it is, a list sorted by bytes and joined by ", ", other JSON as JSON."""
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, list):
        return ", ".join(sorted((response_text(item) or "" for item in value), key=by_bytes))
    return json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"))


def by_bytes(string):
    """The sort key of "byte order": UTF-8."""
    return string.encode("utf-8", "surrogatepass")


def canonical(document):
    """The content with sorted keys: the source id of what has no id."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))
