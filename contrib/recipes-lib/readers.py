"""The recipes for feed readers."""
import contextlib
import json
import sqlite3
import time
import xml.etree.ElementTree as xml

from kitchen import link, same, title


def check_atom(k):
    atom = "{http://www.w3.org/2005/Atom}"
    entries = xml.fromstring(k.run("newsagg-atom news/feed.json")).findall(f"{atom}entry")
    text = lambda name: [entry.find(atom + name).text for entry in entries]
    same(text("title"), [title(item) for item in k.items()])
    same([entry.find(f"{atom}link").get("href") for entry in entries], [link(item) for item in k.items()])
    same(text("published"), [item["date_published"] for item in k.items()])
    same(len(set(text("id"))), len(entries))
    # Read back, they are what they were.
    k.run("newsagg-atom news/feed.json >feed.atom")
    back = json.loads(k.run("newsagg parse feed.atom"))["items"]
    same([(item["title"], item["content_text"]) for item in back], [(title(item), item["content_text"]) for item in k.items()])


def newsboat(k):
    """The titles that newsboat has, from an empty cache."""
    cache = k.home / ".newsboat/cache.db"
    cache.unlink(missing_ok=True)
    k.run("newsboat -x reload")
    with contextlib.closing(sqlite3.connect(cache)) as cache:
        return sorted(row[0] for row in cache.execute("select title from rss_item"))


def check_newsboat_exec(k):
    urls = [line for line in k.files[0].read_text().splitlines() if line.startswith('"')]
    same(len(urls), 2)
    for url in urls:
        k.files[0].write_text(url + "\n")
        same(newsboat(k), sorted(map(title, k.items())))


def check_newsboat_file(k):
    (k.home / ".newsboat").mkdir()
    k.cook()
    k.cook()
    same(len((k.home / ".newsboat/urls").read_text().splitlines()), 1)
    same(newsboat(k), sorted(map(title, k.items())))


def check_sfeed(k):
    lines = k.cook().splitlines()
    same(len(lines), len(k.items()))
    for line, item in zip(lines, k.items()):
        assert title(item)[:60].strip() in line and link(item) in line, line
    fields = [line.split("\t") for line in (k.home / ".sfeed/feeds/news").read_text().splitlines()]
    same({len(line) for line in fields}, {9})
    same([time.strftime("%FT%TZ", time.gmtime(int(line[0]))) for line in fields], [item["date_published"] for item in k.items()])
    same([(line[1], line[3].replace("\\\\", "\\")) for line in fields], [(title(item), item["content_text"]) for item in k.items()])
