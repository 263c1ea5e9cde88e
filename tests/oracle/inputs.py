"""Raw files to JSON documents: plain or gzip; an array, one object, or NDJSON with comments."""

import gzip
import json

BAD = object()  # stands for a line that is not JSON


def documents(paths):
    """Each JSON document of the files in order; BAD for each line that is none."""
    for path in paths:
        with open(path, "rb") as file:
            content = file.read()
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        yield from _split(content.decode("utf-8", "replace").lstrip("\ufeff"))


def _split(content):
    try:
        yield from _flat(_load(content))
        return
    except ValueError:
        pass
    for line in content.splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        try:
            yield from _flat(_load(line))
        except ValueError:
            yield BAD


def _load(content):
    return json.loads(content, parse_constant=_refuse)


def _refuse(name):
    raise ValueError(name + " is not JSON")


def _flat(document):
    return document if isinstance(document, list) else [document]
