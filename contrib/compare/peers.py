"""The programs that are compared: where each is had from, how it is told what to do, and what it delivered."""
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
PYTHON = ["httpx==0.28.1", "aiohttp==3.14.5", "feedparser==6.0.14"]


class Missing(Exception):
    """A program is not there, and cannot be had."""


class Peer:
    """A program. `place` is a directory of its own for one cell of the tables; what it writes goes to `place/home`,
    which is emptied before each first run."""

    name = ""
    reads = True  # Does it read feeds, or only fetch?
    tree = False  # Is it several processes?

    def __init__(self, options):
        self.options = options
        self.version = self.find()

    def find(self):
        """Its version. Installs or builds what is missing, if that is wanted."""
        raise NotImplementedError

    def prepare(self, place, urls, at_once, timeout):
        """Writes its config; its command."""
        raise NotImplementedError

    def again(self, argv):
        """The command for a second run right after the first one."""
        return argv

    def env(self):
        return {}

    def items(self, place):
        """How many items it delivered."""
        raise NotImplementedError


class Newsagg(Peer):
    name = "newsagg"

    def find(self):
        return said(self.options.newsagg, "--version").split()[-1]

    def prepare(self, place, urls, at_once, timeout):
        sources = "".join(f'[[source]]\nname = "f{n}"\nkind = "feed"\nurl = "{url}"\n' for n, url in enumerate(urls))
        config = place / "newsagg.toml"
        config.write_text(f'[fetch]\nworkers = {at_once}\nper_host = {at_once}\ntimeout = "{timeout}s"\ndeadline = "10m"\n'
                          f'[[output]]\npath = "{place}/home/feed.json"\nformat = "jsonfeed"\n{sources}')
        return [self.options.newsagg, "once", "-c", config]

    def again(self, argv):
        # It would otherwise not ask so soon.
        return argv + ["--force"]

    def items(self, place):
        return len(json.loads((place / "home/feed.json").read_bytes())["items"])


class Curl(Peer):
    name = "curl"
    reads = False

    def find(self):
        return said(tool("curl", "curl", self.options), "--version").split()[1]

    def prepare(self, place, urls, at_once, timeout):
        files = "".join(f'url = "{url}"\noutput = "{place}/home/bodies/{n}"\n' for n, url in enumerate(urls))
        (place / "curl").write_text(f"create-dirs\n{files}")
        return [shutil.which("curl"), "-sS", "--fail", "--parallel", "--parallel-immediate", "--parallel-max", at_once,
                "--max-time", timeout, "-K", place / "curl"]

    def items(self, place):
        bodies = [path.read_bytes() for path in (place / "home/bodies").glob("*")]
        return sum(len(re.findall(b"<(?:item|entry)>", body)) for body in bodies)


class Tokio(Peer):
    name = "tokio + reqwest + feed-rs"

    def find(self):
        target = self.options.work / "tokio"
        self.program = target / "release/compare-tokio"
        if not self.program.exists():
            install(self.options, "cargo", "build", "--locked", "--quiet", "--release", "--manifest-path",
                    HERE / "tokio/Cargo.toml", "--target-dir", target)
        locked = (HERE / "tokio/Cargo.lock").read_text()
        versions = dict(re.findall(r'name = "([\w-]+)"\nversion = "([^"]+)"', locked))
        return ", ".join(versions[name] for name in ("tokio", "reqwest", "feed-rs"))

    def prepare(self, place, urls, at_once, timeout):
        (place / "feeds").write_text("\n".join(urls))
        return [self.program, place / "feeds", place / "home/feed.json", at_once, timeout]

    def items(self, place):
        return len(json.loads((place / "home/feed.json").read_bytes()))


class Gofeed(Tokio):
    name = "Go: net/http + gofeed"

    def find(self):
        self.program = self.options.work / "gofeed"
        package = "golang-github-mmcdole-gofeed-dev"
        go = tool("go", "golang-go", self.options)
        if not pathlib.Path("/usr/share/gocode/src/github.com/mmcdole/gofeed").is_dir():
            apt(self.options, package)
        if not self.program.exists():
            env = {**os.environ, "GO111MODULE": "off", "GOPATH": "/usr/share/gocode", "GOFLAGS": ""}
            install(self.options, go, "build", "-ldflags=-s -w", "-o", self.program, HERE / "gofeed.go", env=env)
        return said(go, "version").split()[2].removeprefix("go") + ", " + debian(package)


class Httpx(Tokio):
    name = "Python: httpx + feedparser"
    script, package = "with_httpx.py", "httpx"

    def find(self):
        place = self.options.work / "python"
        if not (place / self.package).is_dir():
            install(self.options, sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check",
                    "--root-user-action=ignore", "--target", place, *PYTHON)
        # Not a shim that looks for the right one first.
        self.program = os.path.realpath(sys.executable)
        found = {path.name.split("-")[0]: path.name.split("-")[1] for path in place.glob("*.dist-info")}
        python = ".".join(map(str, sys.version_info[:3]))
        return f"{python}, {found[self.package]}, {found['feedparser']}".replace(".dist", "")

    def env(self):
        work = self.options.work
        return {"PYTHONPATH": f"{work}/python", "PYTHONPYCACHEPREFIX": f"{work}/pycache"}

    def prepare(self, place, urls, at_once, timeout):
        program, *rest = super().prepare(place, urls, at_once, timeout)
        return [program, HERE / self.script, *rest]


class Aiohttp(Httpx):
    name = "Python: aiohttp + feedparser"
    script, package = "with_aiohttp.py", "aiohttp"


class Sfeed(Peer):
    name = "sfeed"
    tree = True

    def find(self):
        tool("curl", "curl", self.options)
        tool("sfeed_update", "sfeed", self.options)
        return debian("sfeed")

    def prepare(self, place, urls, at_once, timeout):
        feeds = "".join(f'\tfeed "f{n}" "{url}"\n' for n, url in enumerate(urls))
        (place / "sfeedrc").write_text(
            f'sfeedpath="{place}/home/feeds"\nmaxjobs={at_once}\n'
            # Its own, but for how long it waits.
            f'fetch() {{\n\tcurl -L --max-redirs 0 -H "User-Agent:" -f -s -m {timeout} "$2" 2>/dev/null\n}}\n'
            f"feeds() {{\n{feeds}}}\n")
        both = f"sfeed_update {place}/sfeedrc; code=$?; sfeed_atom {place}/home/feeds/* >{place}/home/feed.atom; exit $code"
        return ["/bin/sh", "-c", both]

    def items(self, place):
        return (place / "home/feed.atom").read_bytes().count(b"<entry>")


class Newsboat(Peer):
    name = "newsboat"

    def find(self):
        tool("newsboat", "newsboat", self.options)
        return debian("newsboat")

    def prepare(self, place, urls, at_once, timeout):
        (place / "urls").write_text("\n".join(urls))
        (place / "config").write_text(f"reload-threads {at_once}\ndownload-timeout {timeout}\ndownload-retries 1\n"
                                      f'error-log "{place}/home/err-log"\n')
        return [shutil.which("newsboat"), "-q", "-u", place / "urls", "-C", place / "config", "-c",
                place / "home/cache.db", "-x", "reload"]

    def items(self, place):
        with sqlite3.connect(place / "home/cache.db") as cache:
            return cache.execute("select count(*) from rss_item").fetchone()[0]


ALL = [Newsagg, Curl, Tokio, Gofeed, Httpx, Aiohttp, Sfeed, Newsboat]


def said(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def tool(name, package, options):
    """Its path, from Debian if need be."""
    if not shutil.which(name):
        apt(options, package)
    return shutil.which(name)


def apt(options, package):
    root = [] if os.geteuid() == 0 else ["sudo", "-n"]
    install(options, *root, "env", "DEBIAN_FRONTEND=noninteractive", "apt-get", "install", "-y", "-qq",
            "--no-install-recommends", package)


def debian(package):
    return said("dpkg-query", "-W", "-f", "${Version}", package).split("-")[0]


def install(options, *command, env=None):
    """Whatever gets a program, unless only what is there is to be used."""
    command = [str(word) for word in command]
    if options.quick:
        raise Missing("not installed, and --quick installs nothing")
    print("   " + " ".join(command), file=sys.stderr)
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    if done.returncode != 0:
        raise Missing((done.stderr.strip().splitlines() or ["it cannot be had"])[-1])
