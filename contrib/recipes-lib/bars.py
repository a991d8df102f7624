"""The recipes for status bars."""
import json
import re
import subprocess

from kitchen import link, markup, same, title
from publisher import HOSTILE


def check_bar(k):
    k.publish("<b> & %{A1:touch pwned:} #(touch pwned)")
    first = k.items()[0]
    same(k.run("newsagg-bar plain"), f"site: {first['title']}\n")
    same(k.run("newsagg-bar pango"), f"site: {markup(first['title'])}\n")
    same(k.run("newsagg-bar polybar"), f"site: {first['title'].replace('%{', '% {')}\n")
    same(k.run("newsagg-bar tmux"), f"site: {first['title'].replace('#', '##')}\n")
    lines = k.run("newsagg-bar plain 20 3").splitlines()
    same([len(line) for line in lines], [20, 20, 20])
    assert lines[0].endswith("…"), lines
    shown = json.loads(k.run("newsagg-bar waybar"))
    same((shown["text"], shown["class"], len(shown["tooltip"].splitlines())), (f"site: {markup(first['title'])}", "ok", 15))
    k.source("gone", "/gone.xml")
    shown = json.loads(k.run("newsagg-bar waybar"))
    same((shown["class"], shown["tooltip"].splitlines()[-1]), ("unwell", "not well: gone"))
    (k.home / "news/feed.json").write_text('{"_newsagg":{"sources":[]},"items":[]}')
    same(json.loads(k.run("newsagg-bar waybar"))["text"], "newsagg: no news")
    same(k.run("newsagg-bar plain"), "")


def check_waybar(k):
    text = re.sub(r"^//.*$", "", k.files[0].read_text(), flags=re.M)
    module = json.loads("{" + text + "}")["custom/news"]
    same(module["return-type"], "json")
    [line] = k.run(module["exec"]).splitlines()
    same(set(json.loads(line)), {"text", "tooltip", "class"})
    k.run(module["on-click"])
    same(k.calls("xdg-open"), [[link(k.items()[0])]])


def check_i3blocks(k):
    bar = k.start(["i3blocks", "-c", str(k.files[0])], stdout=subprocess.PIPE, text=True)
    # Before the command has answered, the block has no name yet.
    line = next(line for line in bar.stdout if '"news"' in line)
    block = json.loads(line.lstrip(","))[-1]
    wanted = "site: " + HOSTILE
    same((block["full_text"], block["markup"]), (markup(wanted[:59] + "…"), "pango"))


def check_tmux(k):
    k.publish("#(touch pwned) #[bg=red] %d ${x} #{q}")
    try:
        shown = lambda screen: b"" if "site: #(touch pwned) #[bg=red] %d ${x} #{q}" in screen else None
        k.screen(f"tmux -S {k.home}/socket -f {k.files[0]} new-session cat", shown)
    finally:
        subprocess.run(["tmux", "-S", k.home / "socket", "kill-server"], capture_output=True)


def check_conky(k):
    k.publish("${exec touch pwned} \\# $(touch pwned)")
    with k.files[0].open("a") as conf:
        conf.write("conky.config.out_to_console = true conky.config.out_to_x = false conky.config.update_interval = 0.1\n")
    conky = k.start(["conky", "-q", "-c", str(k.files[0])], stdout=subprocess.PIPE, text=True)
    seen = []
    for line in conky.stdout:
        seen = seen + [line.rstrip()] if line.startswith("site: ${exec") or seen else []
        if len(seen) == 10:
            break
    cut = lambda text: text if len(text) <= 70 else text[:69] + "…"
    same(seen, [cut(f"{item['_newsagg']['source']}: {title(item)}").rstrip() for item in k.items()[:10]])
