"""The recipes that give the feed to others, and that wait for it."""
import html
import os
import re
import subprocess

from kitchen import free_port, same, title, until
from publisher import Site


def published(k, port):
    """How a web server gives out the feed."""
    url = f"http://127.0.0.1:{port}/feed.json"

    def ask(*field):
        done = subprocess.run(["curl", "-sS", "-i", *(word for line in field for word in ("-H", line)), url], env=k.env, capture_output=True)
        head, _, body = done.stdout.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        fields = [line.split(": ", 1) for line in lines[1:]]
        return done.returncode == 0 and (int(lines[0].split()[1]), {name.lower(): value for name, value in fields}, body)
    status, fields, body = until(ask, "the server")
    same((status, body), (200, (k.home / "news/feed.json").read_bytes()))
    same([fields.get(f) for f in ("access-control-allow-origin", "cache-control")], ["*", "public, max-age=300"])
    assert fields["content-type"].startswith("application/feed+json"), fields
    same(ask(f"If-None-Match: {fields['etag']}")[0], 304)
    same(ask("Accept-Encoding: gzip")[1].get("content-encoding"), "gzip")
    for other in ("l", "/../feed.jsonl"):
        assert "Quoted" not in k.run(f"curl -s --path-as-is {url}{other}"), "more is given out than the feed"


def check_page(k):
    k.cook()
    page = (k.home / "news/index.html").read_text()
    shown = re.findall(r"<h3.*?>(?:<a .*?>)?(.*?)(?:</a>)?</h3>", page)
    same([html.unescape(text) for text in shown][:len(k.items())], [title(item) for item in k.items()])
    assert "<script" not in page and page.endswith("</html>\n")


def check_nginx(k):
    port, home = free_port(), k.home
    conf = home / "nginx.conf"
    temp = "".join(f"{kind}_temp_path {home}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi"))
    conf.write_text(f"daemon off; pid {home}/pid; error_log {home}/error.log; events {{}}\nhttp {{ access_log off; {temp}\n"
                    f"server {{ listen 127.0.0.1:{port}; root {home}/empty; include {k.files[0]}; }} }}\n")
    if os.getuid() == 0:
        conf.write_text("user root;\n" + conf.read_text())
    k.start(["nginx", "-c", str(conf), "-e", f"{home}/error.log", "-p", str(home)])
    published(k, port)


def check_caddy(k):
    port = free_port()
    text = k.files[0].read_text().replace("pi.example", f"http://127.0.0.1:{port}")
    k.files[0].write_text("{\n admin off\n auto_https off\n}\n" + text)
    k.start(["caddy", "run", "--adapter", "caddyfile", "--config", str(k.files[0])], stderr=subprocess.DEVNULL)
    published(k, port)


def check_rsync(k):
    # The host is this one: what ssh would run there is run here.
    ssh = k.home / "bin/ssh"
    ssh.write_text('#!/bin/sh\necho "$1" >>"$CALLS/host"\nshift\nexec sh -c "$*"\n')
    ssh.chmod(0o755)
    (k.home / "www").mkdir()
    k.cook()
    sent = k.home / "www/feed.json"
    same((sent.read_bytes(), oct(sent.stat().st_mode)[-3:]), ((k.home / "news/feed.json").read_bytes(), "644"))
    same((k.home / "calls/host").read_text(), "web.example\n")


def check_git(k):
    commits = lambda: int(k.run("git -C news rev-list --count HEAD"))
    k.run("newsagg-history")
    k.run("newsagg-history")
    same(commits(), 1)
    k.publish("One more")
    k.run("newsagg-history")
    same(commits(), 2)
    same(k.run("git -C news show --numstat --format= HEAD").split(), ["1", "0", "feed.jsonl"])


def check_git_since(k):
    k.run("newsagg-history")
    before = [item.get("title", "null") for item in k.items()]
    k.publish("One more")
    k.run("newsagg-history")
    same(k.cook().splitlines(), before + ["One more"])


def check_path_unit(k):
    k.run(f"systemd-analyze verify --user --man=no {' '.join(map(str, k.files))}")
    same(k.said, "")
    path, service = (file.read_text() for file in k.files)
    same(re.findall("PathChanged=(.*)", path), ["%h/news/feed.jsonl"])
    [command] = re.findall("ExecStart=(.*)", service)
    k.run(command.replace("%h", str(k.home)))
    same(len(k.calls("notify-send")), 1)


def check_inotify(k):
    k.start(["newsagg-watch", "touch", f"{k.home}/told"])

    def told():
        # Until it watches, it misses changes.
        k.publish(f"One more {len(Site.stories)}")
        return (k.home / "told").exists()
    until(told, "the watcher")
