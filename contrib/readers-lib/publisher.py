"""A loopback publisher whose feeds are as hostile as feeds can be, and whose servers fail in every way."""
import http.server
import json
import threading

WORDS = ["]]>", "<script>alert(1)</script>", "<b>bold", "R&D", "&amp;", "&lt;i&gt;", "\"quoted\" 'it'", "日本語", "👩\u200d🚀", "עברית",
         "العربية", "e\u0301", "<!-- -->", "\\n\\t\\\\", "a|b", "\u202eevil\u2066", "\x1b[31mred\x07", "tab\tline\nend", "\ufffe\uffff", "100%", "  "]


def items():
    """Every word as a title, a summary, a name and a tag, and every field that there is or is not."""
    for n, word in enumerate(WORDS):
        item = {"id": f"id {n}", "title": f"{n} {word} end", "content_text": f"{word} and {WORDS[-n]}", "url": f"https://a.example/{n}?x=1&y='2'",
                "date_published": f"2026-11-{n + 1:02}T06:00:00+01:00", "authors": [{"name": f"Ann {word}"}, {"name": "Bob"}], "tags": [f"tag {word}", "news"]}
        yield item
    yield {"id": "https://a.example/global", "url": "https://a.example/global", "title": "an id that is an address", "date_published": "2026-10-01T00:00:00Z"}
    yield {"id": "linked", "url": "https://a.example/talk", "external_url": "https://b.example/page", "title": "talked about", "date_published": "2026-10-02T00:00:00Z",
           "date_modified": "2026-10-03T01:02:03Z", "image": "https://b.example/x.png", "language": "de-CH",
           "attachments": [{"url": "https://b.example/1.mp3?a&b", "mime_type": "audio/mpeg", "size_in_bytes": 1234, "duration_in_seconds": 60},
                           {"url": "https://b.example/2.pdf", "mime_type": "application/pdf"}]}
    yield {"id": "plain sound", "url": "https://a.example/sound", "title": "sound", "date_published": "2026-10-02T00:00:01Z",
           "attachments": [{"url": "https://b.example/3.ogg", "mime_type": "audio/ogg", "size_in_bytes": 5}]}
    yield {"id": "odd", "language": "not a language!", "title": "odd language", "date_published": "2026-10-02T00:00:02Z"}
    yield {"id": "future", "title": "a date in the future", "url": "https://a.example/future", "date_published": "2999-01-01T00:00:00Z"}
    yield {"id": "undated", "title": "no date"}
    yield {"id": "untitled", "content_text": "a post without a title", "date_published": "2026-10-04T00:00:00Z"}
    yield {"id": "bare", "url": "https://a.example/bare"}


def feed(stories):
    return json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": "all", "items": stories}).encode()


OTHER = b"""<rss version="2.0"><channel><title>other</title><item><title>the same id</title><guid>https://a.example/global</guid>
<link>https://c.example/other</link><pubDate>Thu, 01 Oct 2026 01:00:00 GMT</pubDate><comments>https://c.example/talk</comments></item></channel></rss>"""
EMPTY = b"""<rss version="2.0"><channel><title>empty</title></channel></rss>"""


class Site(http.server.BaseHTTPRequestHandler):
    stale = False

    def do_GET(self):
        name = self.path.strip("/").split("?")[0]
        status, body = {"all": (200, feed(list(items()))), "other": (200, OTHER), "empty": (200, EMPTY), "failed": (500, b""),
                        "limited": (429, b""), "off": (410, b""), "stale": (503 if Site.stale else 200, OTHER.replace(b"/global", b"/old").replace(b"/other", b"/old"))}[name]
        self.send_response(status)
        if status == 429:
            self.send_header("Retry-After", "3600")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


NAMES = ["all", "other", "stale", "failed", "limited", "off", "empty"]


def start():
    """The port of each source: a server that wants to be left alone is left alone with all that it has."""
    ports = {}
    for name in NAMES:
        site = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
        threading.Thread(target=site.serve_forever, daemon=True).start()
        ports[name] = site.server_port
    return ports


FILES = {"jsonfeed": "feed.json", "jsonl": "items.jsonl", "atom": "feed.atom", "rss": "feed.rss", "tsv": "items.tsv", "opml": "feeds.opml"}


def config(ports, names):
    text = "[state]\ndir = \"state\"\n[fetch]\nretries = 0\n"
    for form, path in FILES.items():
        text += f"[[output]]\npath = \"{path}\"\nformat = \"{form}\"\ntitle = \"News & <views>\"\n"
    for name in names:
        text += f"[[source]]\nname = \"{name}\"\nkind = \"feed\"\nurl = \"http://127.0.0.1:{ports[name]}/{name}?token=s3cret&x=1\"\ntags = [\"of {name}\", \"a/b, c\"]\n"
    return text
