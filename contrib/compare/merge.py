"""What the two textbook programs share: reading with feedparser, merging, one JSON file."""
import json
import sys
import time

import feedparser


def write(urls, bodies, out):
    """`bodies` has bytes or an exception for each of `urls`. The exit code."""
    items, failed = {}, False
    for url, body in zip(urls, bodies):
        if isinstance(body, BaseException):
            print(f"{url}: {body!r}", file=sys.stderr)
            failed = True
            continue
        for entry in feedparser.parse(body).entries:
            date = entry.get("published_parsed") or entry.get("updated_parsed")
            items.setdefault(entry.get("link") or entry.get("id"), {
                "url": entry.get("link"),
                "title": entry.get("title"),
                "summary": entry.get("summary"),
                "date": date and time.strftime("%Y-%m-%dT%H:%M:%SZ", date),
                "source": url,
            })
    newest_first = sorted(items.values(), key=lambda item: item["date"] or "", reverse=True)
    with open(out, "w") as file:
        json.dump(newest_first, file)
    return int(failed)
