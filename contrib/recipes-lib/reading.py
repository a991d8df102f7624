"""The recipes that read the feed: jq, text, fzf."""
import json
import re
import time

from kitchen import counts, link, same, title
from publisher import HOSTILE_LINK


def check_config(k):
    path = k.home / ".config/newsagg/newsagg.toml"
    path.write_text(k.blocks[0])
    said = k.run("newsagg check")
    assert "2 sources" in said and f"{k.home}/news/feed.jsonl  jsonl" in said, said


def check_jq_titles(k):
    same(k.cook().splitlines(), [item.get("title") or "null" for item in k.items()])


def check_jq_links(k):
    lines = k.cook().splitlines()
    same(lines, [f"{title(item)}  {link(item)}" for item in k.items()])
    assert any("external_url" in item for item in k.items())


def check_jq_since(k):
    feed = json.loads((k.home / "news/feed.json").read_text())
    for item, seen in zip(feed["items"], ["2020-01-01T00:00:00Z", time.strftime("%FT%TZ", time.gmtime(time.time() - 3900))]):
        item["_newsagg"]["first_seen"] = seen
    (k.home / "news/feed.json").write_text(json.dumps(feed))
    same(len(k.cook().splitlines()), len(feed["items"]) - 2)


def check_jq_per_source(k):
    lines = [line.split("\t") for line in k.cook().splitlines()]
    same({source: int(count) for count, source in lines}, counts(k.items()))
    same([int(count) for count, _ in lines], sorted(counts(k.items()).values(), reverse=True))


def check_jq_by_day(k):
    out = k.cook()
    days = sorted({item["date_published"][:10] for item in k.items()}, reverse=True)
    same(re.findall("^## (.*)$", out, re.M), days)
    assert len(days) > 1 and len(re.findall(r"^\* <http", out, re.M)) == len(k.items()), out
    assert r"-n \<b\>" in out and r"\`touch pwned\`" in out, out


def check_jq_also(k):
    several = [item for item in k.items() if item["_newsagg"].get("also")]
    lines = k.cook().splitlines()
    assert several and all(re.match(r"\w+, \w+", line) for line in lines), lines
    same([line.split(": ", 1)[1] for line in lines], [item["title"] for item in several])


def check_jq_discussed(k):
    comments = sorted((item["_newsagg"]["comments"] for item in k.items() if "comments" in item["_newsagg"]), reverse=True)
    same([int(line.split("\t")[0]) for line in k.cook().splitlines()], comments[:10])
    assert len(comments) > 10


def check_jq_not_well(k):
    same(k.cook(), "")
    k.source("gone", "/gone.xml")
    said = k.cook()
    assert re.fullmatch(r"gone: failed since 20\S+Z: .*404.*\n", said), said


def check_text(k):
    lines = k.cook().splitlines()
    of = counts(k.items())
    same({line.split()[1]: int(line.split()[0]) for line in lines[:len(of)]}, of)
    same(lines[len(of):], [title(item) for item in k.items()[:5]])


def check_ages(k):
    lines = [line.split("\t") for line in k.cook().splitlines()]
    same([line[2] for line in lines], [title(item) for item in k.items()[:5]])
    for age, *_ in lines:
        assert re.fullmatch(r"now|\d+ (min|h|d|w|y)", age), age


def check_fzf_open(k):
    # On a terminal: with `--filter`, fzf 0.38 prints other lines.
    for words in ("ferry", "Quoted"):
        [wanted] = [item for item in k.items() if words in title(item)]
        k.screen("\n".join(k.blocks), lambda screen: b"\r" if title(wanted)[:20] in screen else None, FZF_DEFAULT_OPTS=f"--query={words}")
        same(k.calls("xdg-open"), [[link(wanted)]])


def check_fzf_preview(k):
    k.publish("Whelks", HOSTILE_LINK)
    shown = lambda screen: b"\r" if "About it: Whelks" in screen else None
    k.screen("\n".join(k.blocks), shown, FZF_DEFAULT_OPTS="--query=Whelks")
    same(k.calls("xdg-open"), [[HOSTILE_LINK.replace("'", "%27")]])
