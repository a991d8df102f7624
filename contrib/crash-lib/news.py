"""The documents as the checks see them: stories by source, and what may differ between two runs."""

import json
from datetime import datetime, timezone


class Broken(Exception):
    """A document that is not whole."""


def moment(text):
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(timezone.utc).timestamp()


class Paper:
    """One document. `sources` is what it says of each source, by name; `items` are in its order."""

    def __init__(self, items, sources):
        self.items, self.sources = items, sources

    def __eq__(self, other):
        return self.items == other.items and self.sources == other.sources

    def without_sources(self):
        return Paper(self.items, {})

    def named(self):
        """The sources that stories are from."""
        return {item["_newsagg"]["source"] for item in self.items}

    def of(self, source):
        return {item["id"]: item for item in self.items if item["_newsagg"]["source"] == source}


def read(path):
    """A Paper; None if there is no document. Raises Broken."""
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        return None
    return parse(text, path.suffix == ".jsonl", path.name)


def parse(text, by_line, name):
    try:
        if by_line:
            if text and not text.endswith(b"\n"):
                raise Broken(f"{name}: the last line is cut")
            items, sources = [json.loads(line) for line in text.splitlines()], {}
        else:
            document = json.loads(text)
            items, sources = document["items"], {told["name"]: told for told in document["_newsagg"]["sources"]}
        for item in items:
            item["id"], item["title"], item["_newsagg"]["source"]
    except (ValueError, KeyError, TypeError) as error:
        raise Broken(f"{name}: {len(text)} bytes, {error}") from error
    return Paper(items, sources)


def first_seen(item):
    return item and item["_newsagg"].get("first_seen")


def alike(found, wanted, before, begin, end):
    """Whether a story is the wanted one: `first_seen` is that of the first time, or lies in the disturbed span."""
    if found == wanted:
        return True
    if before is not None and first_seen(before) == first_seen(wanted):
        return False
    found, wanted = json.loads(json.dumps(found)), json.loads(json.dumps(wanted))
    seen = found["_newsagg"].pop("first_seen", None)
    if seen is None or not begin - 1 <= moment(seen) <= end + 1:
        return False
    if wanted["_newsagg"]["date_origin"] == "first_seen" and found.get("date_published") == seen:
        found["date_published"] = wanted.get("date_published")
    wanted["_newsagg"].pop("first_seen", None)
    return found == wanted


def differences(found, wanted, before, begin, end, except_for=()):
    """What is wrong, each with its kind, with `found` where `wanted` should be; `before` is the document of the round before."""
    wrong = []
    order = [item["id"] for item in found.items]
    if len(set(order)) != len(order):
        wrong.append(("twice", "a story stands there twice"))
    for source in (wanted.named() | found.named()) - set(except_for):
        old = before.of(source) if before else {}
        mine, theirs = found.of(source), wanted.of(source)
        wrong += [("lost", f"{id} is not there") for id in theirs.keys() - mine.keys()]
        wrong += [("damaged", f"{id} should not be there") for id in mine.keys() - theirs.keys()]
        wrong += [("lost", f"{id} is {mine[id]['_newsagg']}, not {theirs[id]['_newsagg']}")
                  for id in mine.keys() & theirs.keys() if not alike(mine[id], theirs[id], old.get(id), begin, end)]
    for name, told in wanted.sources.items():
        if name in except_for:
            continue
        mine = dict(found.sources.get(name, {}))
        since, known = mine.pop("since", None), (before.sources.get(name, {}) if before else {}).get("since")
        right = {key: value for key, value in told.items() if key != "since"}
        if mine != right:
            wrong.append(("lost", f"{name} is said to be {mine}, not {right}"))
        elif (since is None) != (told.get("since") is None):
            wrong.append(("lost", f"{name}: since {since}, not {told.get('since')}"))
        elif since == told.get("since"):
            pass
        elif since and known and told["since"] == known and since != known:
            wrong.append(("lost", f"{name} failed since {known}, but is said to since {since}"))
        elif since and not known and not begin - 1 <= moment(since) <= end + 1:
            wrong.append(("lost", f"{name} is said to fail since {since}"))
    return wrong
