"""What feedparser makes of documents, in the lines that `newsagg parse` prints."""
import calendar, json, sys, time

import feedparser


def instant(entry):
    date = entry.get("published_parsed") or entry.get("updated_parsed")
    try:
        return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(calendar.timegm(date))) if date else None
    except (ValueError, OverflowError):
        return None


for path in sys.argv[1:]:
    try:
        with open(path, "rb") as file:
            feed = feedparser.parse(file.read())
        items = [{"title": entry.get("title"), "url": entry.get("link"), "date_published": instant(entry)}
                 for entry in feed.entries]
        line = {"file": path, "ok": bool(feed.version), "title": feed.feed.get("title"), "items": items}
    except Exception as error:
        line = {"file": path, "ok": False, "error": str(error)}
    print(json.dumps(line), flush=True)
