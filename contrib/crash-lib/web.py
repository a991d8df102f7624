"""A news web of one's own, in one process with its counter: what was asked is known, whoever died meanwhile."""

import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from xml.sax.saxutils import escape

# One address for those that work and one for those that fail, so that a failure of one is not taken for one of all.
WELL, ILL = "127.0.0.1", "127.0.0.2"
KEY = "key-of-the-crash-test"

# Step by step: which stories each source has. `None` is a failure.
STORIES = {
    "alpha": [range(1, 6), range(3, 9)],    # some go, some come
    "beta": [range(1, 4), range(1, 4)],     # never changes, knows its ETag
    "gamma": [range(1, 4), None],           # worked once
    "delta": [None, None],                  # never worked
    "api": [range(1, 5), range(3, 7)],      # counts
}
# So many of a source's stories have no date: what is known of them is when they were first seen.
UNDATED = {("alpha", 4), ("alpha", 7), ("beta", 2), ("gamma", 3)}


def link(source, number):
    return f"https://{source}.example/stories/{number}"


def rss(source, numbers):
    items = []
    for n in numbers:
        # Days apart, in an order that the sources share.
        date = "" if (source, n) in UNDATED else f"<pubDate>Sun, {n:02} Nov 2020 10:{len(source):02}:00 GMT</pubDate>"
        items.append(f"<item><title>{escape(source)} {n}</title><link>{link(source, n)}</link>"
                     f"<guid>{link(source, n)}</guid>{date}<description>Story {n}, told by {source}.</description></item>")
    return f'<?xml version="1.0"?><rss version="2.0"><channel><title>{source}</title>{"".join(items)}</channel></rss>'


def articles(numbers):
    one = ('{{"source":{{"id":null,"name":"Api"}},"author":null,"title":"api {n}","description":"Story {n}.",'
           '"url":"{url}","urlToImage":null,"publishedAt":"2020-10-{n:02}T08:00:00Z","content":null}}')
    told = ",".join(one.format(n=n, url=link("api", n)) for n in numbers)
    return f'{{"status":"ok","totalResults":{len(numbers)},"articles":[{told}]}}'


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self):
        super().setup()
        with self.server.web.changed:
            self.server.web.open += 1

    def finish(self):
        try:
            super().finish()
        except OSError:
            pass
        finally:
            with self.server.web.changed:
                self.server.web.open -= 1
                self.server.web.changed.notify_all()

    def handle(self):
        try:
            super().handle()
        except OSError:
            pass  # whoever asked was killed

    def do_GET(self):
        web = self.server.web
        path = self.path.split("?")[0]
        if path == "/quiet":
            return self.answer(200, "text/plain", "")
        source = "api" if path == "/v2/top-headlines" else path.strip("/")
        with web.changed:
            web.asked[source] = web.asked.get(source, 0) + 1
            step = web.step
        stories = STORIES.get(source, [None, None])[step]
        if stories is None:
            return self.answer(500, "text/plain", "out of order")
        if source == "api":
            return self.answer(200, "application/json", articles(stories))
        etag = f'"{source}-{stories.start}-{stories.stop}"'
        if self.headers.get("If-None-Match") == etag:
            return self.answer(304, None, "", etag)
        self.answer(200, "application/rss+xml", rss(source, stories), etag)

    def answer(self, status, content_type, body, etag=None):
        body = body.encode()
        self.send_response(status)
        if etag:
            self.send_header("ETag", etag)
        if content_type:
            self.send_header("Content-Type", content_type)
        if status != 304:
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(b"" if status == 304 else body)

    def log_message(self, *args):
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request, address):
        pass


class Web:
    """Serves on a free port of both addresses; `step` says what the news are."""

    def __init__(self):
        self.changed = threading.Condition()
        self.step, self.open, self.asked = 0, 0, {}
        self.servers = self.listen()
        self.port = self.servers[0].server_port
        for server in self.servers:
            server.web = self
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def listen(self):
        for _ in range(50):
            first = Server((WELL, 0), Handler)
            try:
                return [first, Server((ILL, first.server_port), Handler)]
            except OSError:
                first.server_close()
        raise SystemExit("no port is free on both addresses")

    def url(self, source):
        return f"http://{ILL if source == 'delta' or source == 'gamma' else WELL}:{self.port}/{source}"

    def begin(self, step):
        """New news, and the counters at zero."""
        with self.changed:
            self.step, self.asked = step, {}

    def count(self):
        """What was asked so far, by source: also by those who are dead, whose requests are still being read."""
        import socket
        for host in (WELL, ILL):
            # Who connects now is served after everybody who connected before.
            with socket.create_connection((host, self.port), timeout=10) as line:
                line.sendall(b"GET /quiet HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                while line.recv(4096):
                    pass
        until = time.monotonic() + 10
        with self.changed:
            while self.open and time.monotonic() < until:
                self.changed.wait(0.2)
            return dict(self.asked)
