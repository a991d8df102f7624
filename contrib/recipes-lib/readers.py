"""The recipes for feed readers."""
import contextlib
import sqlite3
import time
import tomllib
import xml.etree.ElementTree as xml

from kitchen import link, same, title


def newsboat(k):
    """The titles that newsboat has, from an empty cache."""
    cache = k.home / ".newsboat/cache.db"
    cache.unlink(missing_ok=True)
    k.run("newsboat -x reload")
    with contextlib.closing(sqlite3.connect(cache)) as cache:
        return sorted(row[0] for row in cache.execute("select title from rss_item"))


def lines_bring_the_news(k, count):
    """Each line of the urls file alone brings all stories; newsboat makes a title of the link where there is none."""
    urls = [line for line in k.files[0].read_text().splitlines() if not line.startswith("#")]
    same(len(urls), count)
    for url in urls:
        k.files[0].write_text(url + "\n")
        same(newsboat(k), sorted(item.get("title") or link(item).rsplit("/")[-1].capitalize() for item in k.items()))


def check_newsboat_file(k):
    lines_bring_the_news(k, 2)


def check_newsboat_exec(k):
    lines_bring_the_news(k, 1)


def check_newsboat_import(k):
    (k.home / ".newsboat").mkdir()
    (k.home / ".newsboat/urls").write_text('https://a.example/feed "tag one"\nhttps://b.example/feed\n')
    k.run("\n".join(k.blocks))
    same(k.said, 'newsagg: not in the list, which is of feeds: "hn" (hackernews)\n')
    sources = tomllib.loads((k.home / "feeds.toml").read_text())["source"]
    same([source["url"] for source in sources], ["https://a.example/feed", "https://b.example/feed"])
    listed = [outline.get("text") for outline in xml.parse(k.home / "feeds.opml").iter("outline")]
    same(listed, ["harbour", "lantern", "copperfield", "site"])


def check_sfeed(k):
    lines = k.cook().splitlines()
    same(len(lines), len(k.items()))
    for line, item in zip(lines, k.items()):
        assert title(item)[:60].strip() in line and link(item) in line, line
    fields = [line.split("\t") for line in (k.home / ".sfeed/feeds/news").read_text().splitlines()]
    same({len(line) for line in fields}, {9})
    same([time.strftime("%FT%TZ", time.gmtime(int(line[0]))) for line in fields], [item["date_published"] for item in k.items()])
    same([(line[1], line[3].replace("\\\\", "\\")) for line in fields], [(title(item), item["content_text"]) for item in k.items()])
