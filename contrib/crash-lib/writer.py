"""A newsagg in a few lines, well written or badly, so that the checks can show what they catch.

    writer.py good|in-place|unsynced|late once -c CONFIG

`in-place` truncates a document and writes it again; `unsynced` renames what was never synced; `late` saves
the quota after it is spent. `good` does nothing of this, and differs in nothing else.
"""

import json
import os
import re
import signal
import socket
import sys
import time

KIND = sys.argv[1]
HOUR = 3600


def main():
    signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
    if "--help" in sys.argv:
        return 0
    with open(os.path.join(os.path.dirname(sys.argv[4]), "writer.json")) as file:
        config = json.load(file)
    state = config["state"]
    if not os.path.isdir(state):
        os.makedirs(state, 0o700)
        sync(os.path.dirname(state))
    memory = load(os.path.join(state, "sources"), {"sources": {}})
    quotas = load(os.path.join(state, "quotas"), {"spent": []})
    now = time.time()
    told, stories = [], []
    for name, url in config["sources"].items():
        remembered = memory["sources"].setdefault(name, {"items": {}, "since": None})
        fetched, why = ask(name, url, quotas, config["quota"], os.path.join(state, "quotas"))
        if fetched is not None:
            seen = {id: item["first_seen"] for id, item in remembered["items"].items()}
            remembered["items"] = {id: {"title": title, "first_seen": seen.get(id, stamp(now))} for id, title in fetched}
        # A quota that is used up is nobody's failure.
        if why == "quota":
            pass
        elif why:
            remembered["since"] = remembered["since"] or stamp(now)
        else:
            remembered["since"] = None
        told.append({"name": name, "state": "stale" if why else "ok", "since": remembered["since"]})
        stories += [{"id": id, "title": item["title"],
                     "_newsagg": {"source": name, "first_seen": item["first_seen"], "date_origin": "feed"}}
                    for id, item in remembered["items"].items()]
    told = [{key: value for key, value in source.items() if value} for source in told]
    lines = "".join(json.dumps(story) + "\n" for story in stories)
    save(os.path.join(config["out"], "feed.json"), json.dumps({"_newsagg": {"sources": told}, "items": stories}))
    save(os.path.join(config["out"], "items.jsonl"), lines)
    save(os.path.join(state, "sources"), json.dumps(memory))
    return 0


def stamp(now):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(now))


def ask(name, url, quotas, allowed, ledger):
    """(the stories or nothing, why not)"""
    if name == "api":
        quotas["spent"] = [at for at in quotas["spent"] if at > time.time() - HOUR]
        if len(quotas["spent"]) >= allowed:
            return None, "quota"
        quotas["spent"].append(time.time())
        if KIND != "late":
            save(ledger, json.dumps(quotas))
    status, body = get(url)
    if name == "api" and KIND == "late":
        save(ledger, json.dumps(quotas))
    if status != 200:
        return None, "failed"
    if name == "api":
        return [(article["url"], article["title"]) for article in json.loads(body)["articles"]], None
    return re.findall(r"<item><title>(.*?)</title><link>(.*?)</link>", body) and [
        (link, title) for title, link in re.findall(r"<item><title>(.*?)</title><link>(.*?)</link>", body)], None


def get(url):
    host, port, path = re.match(r"http://([^:]*):(\d+)(/.*)", url).groups()
    with socket.create_connection((host, int(port)), timeout=10) as line:
        line.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = b""
        while part := line.recv(65536):
            answer += part
    head, _, body = answer.partition(b"\r\n\r\n")
    return int(head.split()[1]), body.decode()


def load(path, otherwise):
    try:
        with open(path) as file:
            return json.load(file)
    except FileNotFoundError:
        return otherwise


def sync(directory):
    fd = os.open(directory, os.O_RDONLY)
    os.fsync(fd)
    os.close(fd)


def save(path, text):
    """Beside, sync, rename, sync the directory; the traces of the dead are removed."""
    if KIND == "in-place":
        with open(path, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        return
    directory, name = os.path.split(path)
    for other in os.listdir(directory):
        if re.fullmatch(rf"\.{re.escape(name)}\.\d+\.new", other):
            os.unlink(os.path.join(directory, other))
    beside = os.path.join(directory, f".{name}.{os.getpid()}.new")
    fd = os.open(beside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o644)
    try:
        rest = text.encode()
        while rest:
            rest = rest[os.write(fd, rest):]
        if KIND != "unsynced":
            os.fsync(fd)
        os.rename(beside, path)
    except OSError:
        os.unlink(beside)
        raise
    finally:
        os.close(fd)
    sync(directory)


def guarded():
    try:
        return main()
    except OSError as error:
        print(error, file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(guarded())
