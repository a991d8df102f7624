"""The recipes for monitoring."""
import contextlib
import pathlib
import re
import shutil
import subprocess
import time
import urllib.request

from kitchen import Skip, counts, free_port, same, until


def check_status_service(k):
    (k.home / "bin/sudo").write_text('#!/bin/sh\n[ "$1 $2" = "-u newsagg" ] && shift 2 && exec "$@"\n')
    (k.home / "bin/sudo").chmod(0o755)
    shutil.move(k.home / ".config/newsagg", k.home / "etc")
    with (k.home / "etc/newsagg.toml").open("a") as config:
        config.write('[state]\ndir = "~/news"\n')
    k.run("newsagg once -q -c ~/etc/newsagg.toml")
    assert "harbour" in k.cook()


def check_nagios(k):
    plugin = str(k.files[0])
    every = len(counts(k.items()))
    said = k.run(plugin)
    assert said.startswith(f"OK: {every} of {every} sources are well, last round 20") and said.count("\n") == 1, said
    assert f"| well={every};;;0;{every}" in said, said
    said = k.run(f"{plugin} 1ms", code=2)
    assert said.startswith("CRITICAL: overdue; "), said
    k.source("gone", "/gone.xml")
    said = k.run(plugin, code=1)
    assert said.startswith(f"WARNING: {every} of {every + 1} ") and "; gone failed | " in said, said
    (k.home / ".config/newsagg/newsagg.toml").write_text("[fetch")
    assert k.run(plugin, code=3).startswith("UNKNOWN: "), "a broken config"


def check_monit(k):
    rc = k.home / "monitrc"
    rc.write_text(f"set daemon 30\ninclude {k.files[0]}\n")
    rc.chmod(0o600)
    assert "syntax OK" in k.run(f"monit -t -c {rc}")
    [command] = re.findall('path "(.*?)"', k.files[0].read_text())
    k.run(command)
    k.source("gone", "/gone.xml")
    k.run(command, code=1)


def check_ping(k):
    k.cook()
    same([path for path, *_ in k.requests()], ["/ping/your-uuid/0"])
    (k.home / ".config/newsagg/newsagg.toml").write_text("[fetch")
    k.run("\n".join(k.blocks))
    same([path for path, *_ in k.requests()], ["/ping/your-uuid/2"])


def metrics(k, output):
    """A round that writes the output, too."""
    with (k.home / ".config/newsagg/newsagg.toml").open("a") as config:
        config.write(output)
    k.run("newsagg once -q")


def check_alerts(k):
    metrics(k, '[[output]]\npath = "~/newsagg.prom"\nformat = "prometheus"\n')
    assert "2 rules found" in k.run(f"promtool check rules {k.files[0]}")
    known = re.findall("^# TYPE (\\w+)", (k.home / "newsagg.prom").read_text(), re.M)
    named = re.findall(r"\bnewsagg_\w+", k.files[0].read_text())
    same([name for name in named if name not in known], [])


def check_node_exporter(k):
    folder, port = k.home / "prometheus/node-exporter", free_port()
    folder.mkdir(parents=True)
    metrics(k, k.files[0].read_text())
    k.run(f"promtool check metrics <{folder}/newsagg.prom")
    k.start(["prometheus-node-exporter", "--collector.disable-defaults", "--collector.textfile", f"--collector.textfile.directory={folder}",
             f"--web.listen-address=127.0.0.1:{port}"], stderr=subprocess.DEVNULL)

    def scraped():
        with contextlib.suppress(OSError):
            return urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics").read().decode()
    text = until(scraped, "node_exporter")
    assert "node_textfile_scrape_error 0" in text and 'newsagg_source_up{kind="hackernews",source="hn"} 1' in text, text


def check_systemd_cat(k):
    if not pathlib.Path("/run/systemd/journal/stdout").exists():
        raise Skip("there is no journal")
    since = time.strftime("%F %T")
    k.cook()
    until(lambda: "stories from" in k.run(f"journalctl -t newsagg -o cat --since '{since}'"), "the journal")
