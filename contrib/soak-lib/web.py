"""A news web whose faults change over time, and that knows what it published, to whom it said what, and who came too often.

It runs on a thread of its own, on one loopback address for each source, so that what one of them says of its server
is not meant for the others. Whatever looks at it from outside holds `lock`."""

import asyncio
import gzip
import json
import random
import socket
import struct
import threading
import time
from xml.sax.saxutils import escape

KEYS = ("a-key-of-the-soak", "another-key-of-the-soak")
# What can go wrong. Those in BAD_WEATHER cost a timeout each and are only had now and then.
FAULTS = ("500", "503", "404", "410", "403", "reset", "cut", "garbage", "html", "empty", "moved", "loop", "429", "large",
          "badgzip", "nothing", "halfhead")
BAD_WEATHER = ("hang", "drip")
# A feed shows so many stories.
WINDOW = 12
# `large` is more than the config's max_body.
MAX_BODY = 256 * 1024
IP_FREEBIND = 15


class Story:
    """One story as it was published. It is not dropped before it was had by somebody who knows that."""

    def __init__(self, n, link, dated):
        self.n, self.link, self.dated, self.born, self.had = n, link, dated, time.time(), 0


class Source:
    """A publisher on an address of its own."""

    def __init__(self, web, n, kind):
        self.web, self.n, self.kind = web, n, kind
        self.name, self.address = f"s{n:02}", f"{web.net}.{n + 2}"
        self.luck = random.Random(web.seed * 1000 + n)
        self.stories, self.published, self.version = [], [], 0
        self.fault, self.left = None, 0
        self.asked, self.wait_until = 0, 0.0
        self.steady = n % 5 == 0
        # A document has at least so many bytes, most of them in its summaries.
        self.pad = web.pad
        for _ in range(WINDOW // 2):
            self.publish()

    @property
    def url(self):
        return f"http://{self.address}:{self.web.port}/{self.name}/feed"

    def publish(self, link=None):
        """A new story on top. Where there is no room, the oldest must have been had twice: as a document and as one that
        did not change, or in two documents."""
        if len(self.stories) >= WINDOW:
            if self.stories[-1].had < 2:
                return
            self.stories.pop()
        n = len(self.published)
        link = link or f"https://{self.name}.example/stories/{n}"
        story = Story(n, link, dated=n % 7 != 3)
        self.stories.insert(0, story)
        self.published.append(story)
        self.version += 1

    def weather(self, bad):
        """Good for a while, then something for a while."""
        self.left -= 1
        if self.left > 0 and (bad or self.fault not in BAD_WEATHER):
            return
        if self.fault is None and not self.steady:
            self.fault = self.luck.choice(FAULTS + BAD_WEATHER * 2 if bad else FAULTS)
            self.left = self.luck.randint(1, 6)
        else:
            self.fault, self.left = None, self.luck.randint(5, 25)

    def document(self):
        """Type and text."""
        write = {"rss": self.rss, "atom": self.atom, "json": self.jsonfeed, "newsapi": self.articles}[self.kind]
        return write()

    def words(self, story):
        told = "of what happened in the town and what was said of it "
        filler = told * (1 + story.n % 9 + self.pad // len(told) // WINDOW)
        return f"{self.name} tells story {story.n}", f"Story {story.n}, {filler}by {self.name}."

    def rss(self):
        items = []
        for story in self.stories:
            title, text = self.words(story)
            date = f"<pubDate>{stamp(story.born, '%a, %d %b %Y %H:%M:%S GMT')}</pubDate>" if story.dated else ""
            items.append(f"<item><title>{escape(title)}</title><link>{escape(story.link)}</link><guid isPermaLink='false'>"
                         f"{self.name}-{story.n}</guid>{date}<description>{escape(text)}</description></item>")
        return "application/rss+xml", (f"<?xml version='1.0'?><rss version='2.0'><channel><title>{self.name}</title>"
                                       f"<link>https://{self.name}.example/</link>{''.join(items)}</channel></rss>")

    def atom(self):
        items = []
        for story in self.stories:
            title, text = self.words(story)
            date = f"<updated>{stamp(story.born)}</updated>" if story.dated else ""
            items.append(f"<entry><title>{escape(title)}</title><link href=\"{escape(story.link)}\"/><id>{self.name}-{story.n}"
                         f"</id>{date}<summary>{escape(text)}</summary></entry>")
        return "application/atom+xml", (f"<?xml version='1.0'?><feed xmlns='http://www.w3.org/2005/Atom'><title>{self.name}"
                                        f"</title><id>{self.name}</id>{''.join(items)}</feed>")

    def jsonfeed(self):
        items = []
        for story in self.stories:
            title, text = self.words(story)
            item = {"id": f"{self.name}-{story.n}", "url": story.link, "title": title, "summary": text}
            if story.dated:
                item["date_published"] = stamp(story.born)
            items.append(item)
        return "application/feed+json", json.dumps({"version": "https://jsonfeed.org/version/1.1", "title": self.name,
                                                    "items": items})

    def articles(self):
        one = lambda story: {"source": {"id": None, "name": self.name}, "author": None, "title": self.words(story)[0],
                             "description": self.words(story)[1], "url": story.link, "urlToImage": None,
                             "publishedAt": stamp(story.born), "content": None}
        items = [one(story) for story in self.stories]
        return "application/json", json.dumps({"status": "ok", "totalResults": len(items), "articles": items})


class Web:
    """All publishers. `kinds` says how many of each kind there are; `quotas` which quota each key has: a list of
    (count, seconds) for each of KEYS. No document is smaller than `pad` bytes. With `faults` there is weather, and some have no
    validators. On addresses of `net`, which need not be there yet; `port` 0 is a free one."""

    def __init__(self, kinds, quotas=(), seed=1, pad=0, faults=False, net="127.0.0", port=0):
        self.lock, self.seed, self.quotas = threading.RLock(), seed, quotas
        self.luck = random.Random(seed)
        self.spent = {key: [] for key in KEYS}
        self.too_many, self.hops_too_many, self.too_soon, self.requests, self.statuses = [], [], [], 0, {}
        self.net, self.port, self.faults, self.weather, self.pad = net, port, faults, faults, pad
        names = [kind for kind, count in kinds.items() for _ in range(count)]
        self.sources = [Source(self, n, kind) for n, kind in enumerate(names)]
        self.by_name = {source.name: source for source in self.sources}
        self.loop = asyncio.new_event_loop()
        self.listen()
        threading.Thread(target=self.loop.run_forever, daemon=True).start()

    def listen(self):
        for _ in range(50):
            port, sockets = self.port, []
            try:
                for source in self.sources:
                    line = socket.socket()
                    line.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                    line.setsockopt(socket.SOL_IP, IP_FREEBIND, 1)
                    line.bind((source.address, port))
                    port = line.getsockname()[1]
                    sockets.append(line)
            except OSError:
                continue
            self.port = port
            for line in sockets:
                self.loop.run_until_complete(asyncio.start_server(self.converse, sock=line, backlog=64))
            return
        raise SystemExit("no port is free on all addresses")

    # Between rounds.

    def turn(self, n, part=0.12):
        """Before round `n`: the weather changes, and some publish."""
        with self.lock:
            bad = n % 80 >= 60
            for source in self.sources:
                source.weather(bad)
                if self.luck.random() < part:
                    source.publish(self.borrowed(source))

    def borrowed(self, source):
        """Now and then a story that another has, too: its link, with a trace of the way it took."""
        other = self.sources[(source.n + 1) % len(self.sources)]
        if self.luck.random() < 0.1 and other.stories and other is not source:
            return other.stories[0].link.split("?")[0] + "?utm_source=" + source.name
        return None

    def calm(self):
        """No faults from now on."""
        with self.lock:
            self.faults = False

    def forgive(self):
        """Whoever was killed may not have written down that it was told to wait."""
        with self.lock:
            for source in self.sources:
                source.wait_until = 0.0

    # A connection.

    async def converse(self, reader, writer):
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if not await self.answer(head.decode("latin-1"), writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError, OSError, asyncio.LimitOverrunError):
            pass
        finally:
            writer.close()

    async def answer(self, head, writer):
        """False if the connection is to be closed."""
        lines = head.split("\r\n")
        target = lines[0].split(" ")[1]
        fields = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines[1:] if line)}
        path = target.split("?")[0]
        # NewsAPI's path has no room for a name: the address says who it is.
        address = writer.get_extra_info("sockname")[0]
        source = self.sources[int(address.split(".")[3]) - 2]
        with self.lock:
            self.requests += 1
            source.asked += 1
            now = time.monotonic()
            if now < source.wait_until - 0.05:
                self.too_soon.append((source.name, round(source.wait_until - now, 2)))
            if source.kind == "newsapi":
                self.count(fields.get("x-api-key"), now, hop=source.name in path)
            fault = source.fault if self.faults and not path.endswith("/elsewhere") else None
            kind, text = source.document()
            stories, etag = list(source.stories), f'"{source.name}-{source.version}"'
            if fault == "moved":
                where = f"http://{source.address}:{self.port}/{source.name}/elsewhere"
                return await self.send(writer, 302 if source.version % 2 else 307, {"Location": where}, b"")
        if fault:
            return await self.fail(fault, source, writer, text.encode())
        if fields.get("if-none-match") == etag:
            good = await self.send(writer, 304, {"ETag": etag}, None)
        else:
            body, extra = text.encode(), {}
            if "gzip" in fields.get("accept-encoding", "") and source.n % 2:
                body, extra = gzip.compress(body, 1), {"Content-Encoding": "gzip"}
            untagged = source.kind == "newsapi" or self.weather and source.n % 11 == 4
            validators = {} if untagged else {"ETag": etag}
            good = await self.send(writer, 200, {"Content-Type": kind, **validators, **extra}, body, source.n % 3 == 0)
        with self.lock:
            for story in stories:
                story.had += 1
        return good

    def count(self, key, now, hop):
        """A request that a quota counts. A redirect's hop goes where the answer before it leads, whatever is left, and is
        counted after the fact."""
        times = self.spent.setdefault(key, [])
        times.append(now)
        windows = self.quotas[KEYS.index(key)] if key in KEYS and self.quotas else []
        for most, span in windows:
            # What left in time may be read late here, when the machine is busy.
            inside = sum(at > now - span + min(1.0, span / 10) for at in times[-2 * most:])
            if inside > most:
                (self.hops_too_many if hop else self.too_many).append((key, most, span, inside))

    async def send(self, writer, status, fields, body, chunked=False):
        self.statuses[status] = self.statuses.get(status, 0) + 1
        head = f"HTTP/1.1 {status} Whatever\r\n" + "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        if body is not None and chunked:
            middle = len(body) // 2
            parts = [part for part in (body[:middle], body[middle:]) if part]
            body = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts) + b"0\r\n\r\n"
            head += "Transfer-Encoding: chunked\r\n"
        elif body is not None:
            head += f"Content-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"\r\n" + (body or b""))
        await writer.drain()
        return True

    async def fail(self, fault, source, writer, body):
        """Something goes wrong in this way."""
        key = f"fault {fault}"
        self.statuses[key] = self.statuses.get(key, 0) + 1
        if fault.isdigit():
            fields = {"Content-Type": "text/html"}
            if fault == "429":
                span = source.luck.randint(1, 3)
                fields["Retry-After"] = str(span)
                with self.lock:
                    source.wait_until = time.monotonic() + span
            return await self.send(writer, int(fault), fields, b"<!doctype html><h1>no</h1>")
        if fault == "reset":
            option = struct.pack("ii", 1, 0)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, option)
            writer.transport.abort()
        elif fault == "hang":
            await asyncio.sleep(5)
        elif fault == "drip":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: 100000\r\n\r\n")
            for at in range(0, 200, 10):
                writer.write(body[at:at + 10])
                await writer.drain()
                await asyncio.sleep(0.1)
        elif fault == "cut":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/xml\r\nContent-Length: %d\r\n\r\n" % len(body))
            writer.write(body[:source.luck.randrange(len(body))])
            await writer.drain()
        elif fault == "halfhead":
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Ty")
            await writer.drain()
        elif fault == "garbage":
            return await self.send(writer, 200, {"Content-Type": "text/xml"}, source.luck.randbytes(3000))
        elif fault == "html":
            return await self.send(writer, 200, {"Content-Type": "text/html"}, b"<!doctype html><p>Under construction" * 9)
        elif fault == "empty":
            return await self.send(writer, 200, {"Content-Type": "text/xml"}, b"")
        elif fault == "badgzip":
            broken = gzip.compress(body)[:-20] + b"nonsense"
            return await self.send(writer, 200, {"Content-Type": "text/xml", "Content-Encoding": "gzip"}, broken)
        elif fault == "loop":
            return await self.send(writer, 302, {"Location": f"/{source.name}/round-{source.luck.randrange(3)}"}, b"")
        elif fault == "large":
            return await self.send(writer, 200, {"Content-Type": "text/xml"}, body + b" " * MAX_BODY)
        return False


def stamp(at, form="%Y-%m-%dT%H:%M:%SZ"):
    return time.strftime(form, time.gmtime(at))
