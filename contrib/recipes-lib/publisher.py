"""A publisher on loopback whose stories the checks choose, and whoever a recipe sends something to."""
import email.utils
import html
import http.server
import pathlib

# What a publisher may write: something for every shell, bar and markup that a title passes through.
HOSTILE = ("""-n <b>"Quoted"</b> & 'single' \\n $(touch pwned) `touch pwned` #(touch pwned) #[bg=red] """
           """%{A1:touch pwned:} ${exec touch pwned} %d 100% \\""")
HOSTILE_LINK = "https://site.example/a?x=1&y='$(touch%20pwned)'"

FEEDS = {"/feed.json": "application/feed+json", "/feed.atom": "application/atom+xml"}


class Site(http.server.BaseHTTPRequestHandler):
    """A publisher whose stories the checks choose, and whoever a recipe sends something to."""
    stories, requests, status, files = [], [], 200, pathlib.Path()

    def do_GET(self):
        if self.path == "/site.xml":
            return self.answer(200, rss(Site.stories).encode(), "application/rss+xml")
        if self.path in FEEDS:
            return self.answer(200, Site.files.joinpath(self.path[1:]).read_bytes(), FEEDS[self.path])
        Site.requests.append((self.path, b"", dict(self.headers)))
        self.answer(404 if self.path == "/gone.xml" else Site.status)

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        Site.requests.append((self.path, body, dict(self.headers)))
        self.answer(Site.status)

    def answer(self, status, body=b"", kind="text/plain"):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def rss(stories):
    # A title is HTML in XML: escaped for both, it is the text itself.
    twice = lambda text: html.escape(html.escape(text))
    items = "".join(f"<item>{f'<title>{twice(title)}</title>' if title else ''}<link>{html.escape(link)}</link><guid>{html.escape(link)}</guid>"
                    f"<pubDate>{email.utils.formatdate(at, usegmt=True)}</pubDate><description>About it: {twice(title or 'a photograph')}</description></item>"
                    for title, link, at in stories)
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>Site</title>{items}</channel></rss>'

SITE = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Site)
