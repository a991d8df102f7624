"""One recipe in a home directory of its own, and what a check needs to try it."""
import contextlib
import fcntl
import html
import json
import os
import pty
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import termios
import threading
import time

from publisher import HOSTILE, HOSTILE_LINK, SITE, Site

# How long anything may take, seconds. It is only waited for if something is wrong.
PATIENCE = 20
# What needs a desktop or an account: instead, its arguments and input are written down.
STAND_INS = ["xdg-open", "notify-send", "sendmail"]


class Skip(Exception):
    """Something is not there that the recipe needs."""


class Kitchen:
    """One recipe in a home directory of its own: its files are in place, the feed is there."""

    def __init__(self, name, blocks, tmp, base, empty):
        self.name, self.home, self.started = name, tmp / name, []
        shutil.copytree(base, self.home)
        Site.files, Site.status, Site.requests = self.home / "news", 200, []
        del Site.stories[2:]
        site = f"http://127.0.0.1:{SITE.server_port}"
        self.site, home = site, str(self.home)
        self.replace = {"https://ntfy.sh/": f"{site}/ntfy", "https://hc-ping.com": f"{site}/ping", "https://pi.example/": f"{site}/",
                        "/var/lib/newsagg": f"{home}/news", "/var/lib/prometheus": f"{home}/prometheus", "/srv/www": f"{home}/www",
                        "/usr/sbin/sendmail": "sendmail", "/home/you/": f"{home}/", "/usr/bin/newsagg": f"{home}/bin/newsagg", "/etc/newsagg/": f"{home}/etc/"}
        self.env = {"HOME": home, "TMPDIR": home, "LANG": "C.UTF-8", "TERM": "xterm", "CALLS": f"{home}/calls", "USER": "you",
                    "XDG_RUNTIME_DIR": home, "PATH": f"{home}/.local/bin:{home}/bin:{os.environ['PATH']}:/usr/sbin:/sbin"}
        mine = [block for block in blocks if block.attributes.get("test") == name]
        names = {name, *(other for block in mine for other in block.list("uses"))}
        self.blocks, self.files = [], []
        for block in blocks:
            if block.attributes.get("test") not in names:
                continue
            own = block.attributes["test"] == name
            text = "" if own and empty else self.here(block.text)
            if block.path and name != "config" and block.path != "~/.config/newsagg/newsagg.toml":
                path = self.place(block.path)
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text or ("#!/bin/sh\n" if block.text.startswith("#!") else ""))
                path.chmod(0o755 if block.text.startswith("#!") else 0o644)
                self.files += [path] * own
            elif own:
                self.blocks.append(text)

    def place(self, path):
        return self.home / (path[2:] if path.startswith("~/") else "root" + path)

    def here(self, text):
        for what, instead in self.replace.items():
            text = text.replace(what, instead)
        return text

    def run(self, command, code=0, **more):
        """What a shell command prints. It must end with `code`."""
        done = subprocess.run(["sh", "-c", command], cwd=self.home, env=self.env | more, text=True, timeout=PATIENCE,
                              stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        assert done.returncode == code, f"{command}\n  exit code {done.returncode}, not {code}; {done.stdout[-1000:]}{done.stderr[-2000:]}"
        self.said = done.stderr
        return done.stdout

    def cook(self, **more):
        """Runs the block as it stands."""
        out = self.run("\n".join(self.blocks), **more)
        assert not self.said, self.said
        return out

    def start(self, command, **more):
        """Runs a command beside the check, which may read what it says for as long as PATIENCE."""
        process = subprocess.Popen(command, cwd=self.home, env=self.env, start_new_session=True, **more)
        end = threading.Timer(PATIENCE, process.kill)
        end.start()
        self.started.append((process, end))
        return process

    def screen(self, command, keys=lambda screen: None, **more):
        """Runs a command on a terminal; `keys` says what to type, once what it waits for is on the screen, then b"" to leave."""
        pid, terminal = pty.fork()
        if pid == 0:
            os.chdir(self.home)
            os.execve("/bin/sh", ["sh", "-c", command], self.env | more)
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 240, 0, 0))
        seen, end, typed = b"", time.monotonic() + PATIENCE, None
        try:
            while typed != b"" and time.monotonic() < end:
                if not select.select([terminal], [], [], 0.1)[0]:
                    continue
                try:
                    seen += os.read(terminal, 65536)
                except OSError:
                    return seen.decode(errors="replace")
                typed = keys(re.sub(r"\x1b(\[[0-9;?]*[ -/]*[@-~]|[()].|[=>])", "", seen.decode(errors="replace")))
                if typed:
                    os.write(terminal, typed)
                    keys = lambda screen: None
            assert typed == b"", f"not on the screen after {PATIENCE} s: {seen.decode(errors='replace')[-3000:]}"
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
            os.close(terminal)

    def close(self):
        for process, end in self.started:
            end.cancel()
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def publish(self, title, link=None):
        """A new story, newest of all, and a round that reads it and prints nothing."""
        number = len(Site.stories)
        Site.stories.append((title, link or f"https://site.example/{number}", time.time() - 20 + number))
        self.run("newsagg once -q --force")
        assert any(item.get("title") == title for item in self.items()), "the new story is not in the feed"

    def source(self, name, path):
        """One more source, that a round then asks."""
        with (self.home / ".config/newsagg/newsagg.toml").open("a") as config:
            config.write(f'[[source]]\nname = "{name}"\nkind = "feed"\nurl = "{self.site}{path}"\n')
        self.run("newsagg once -q")

    def items(self):
        return json.loads((self.home / "news/feed.json").read_text())["items"]

    def calls(self, tool):
        """The arguments of each call of a stand-in since it was last looked."""
        path = self.home / "calls" / tool
        calls = path.read_text().split("\1\0")[:-1] if path.exists() else []
        path.unlink(missing_ok=True)
        return [call.split("\0")[:-1] for call in calls]

    def requests(self):
        """What came to the site since it was last looked."""
        requests, Site.requests = Site.requests, []
        return requests


def make_base(tmp, newsagg, port, config):
    """A home directory with a config, stand-ins and the news of one round."""
    base = tmp / "base"
    for folder in ("news", "bin", "calls", "empty", ".config/newsagg", ".local/bin", ".local/state"):
        (base / folder).mkdir(parents=True)
    (base / "bin/newsagg").symlink_to(newsagg)
    for name in STAND_INS:
        path = base / "bin" / name
        path.write_text(f'#!/bin/sh\n{{ printf "%s\\0" "$@"; printf "\\1\\0"; }} >>"$CALLS/{name}"\n'
                        + (f'cat >>"$CALLS/{name}.stdin"\n' if name == "sendmail" else "")
                        + f'[ ! -e "$CALLS/{name}.exit" ] || exit "$(cat "$CALLS/{name}.exit")"\n')
        path.chmod(0o755)
    web = f"http://127.0.0.1:{port}"
    outputs = config.partition("[[source]]")[0]
    feeds = {"harbour": f"{web}/feeds/harbour.rss", "lantern": f"{web}/feeds/lantern.atom", "copperfield": f"{web}/feeds/copperfield.json",
             "site": f"http://127.0.0.1:{SITE.server_port}/site.xml"}
    sources = f'[[source]]\nname = "hn"\nkind = "hackernews"\nbase_url = "{web}/hn"\n' + "".join(
        f'[[source]]\nname = "{name}"\nkind = "feed"\nurl = "{url}"\n' for name, url in feeds.items())
    (base / ".config/newsagg/newsagg.toml").write_text(outputs + sources)
    Site.stories[:] = [(HOSTILE, HOSTILE_LINK, time.time() - 60), (None, "https://site.example/photograph", time.time() - 90)]
    env = {"HOME": str(base), "PATH": os.environ["PATH"]}
    subprocess.run([newsagg, "once", "-q"], env=env, check=True, timeout=PATIENCE)
    return base


def until(found, what):
    """What `found` says, as soon as it says something."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        if result := found():
            return result
        time.sleep(0.02)
    raise AssertionError(f"waited {PATIENCE} s for {what}")


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def link(item):
    return item.get("external_url") or item.get("url")


def title(item):
    return item.get("title") or item["content_text"]


def markup(text):
    """As `@html` of jq escapes it; what that makes of an apostrophe depends on its version."""
    apostrophe = subprocess.run(["jq", "-rn", '"\'" | @html'], capture_output=True, text=True, check=True).stdout.strip()
    return html.escape(text).replace("&#x27;", apostrophe)


def same(got, wanted):
    assert got == wanted, f"got    {got!r}\n  wanted {wanted!r}"


def counts(items):
    of = {}
    for item in items:
        of[item["_newsagg"]["source"]] = of.get(item["_newsagg"]["source"], 0) + 1
    return of
