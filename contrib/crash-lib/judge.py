"""A round is disturbed at one point; then everything that must hold nevertheless is looked at.

What is wrong is a list of findings, each a kind of `KINDS` and a sentence.
"""

import json
import time

import news
import order
import strace
from scenario import SILENT

KINDS = ("damaged", "lost", "twice", "under-counted", "untidy")
OUTPUTS = ("feed.json", "items.jsonl")


def first_line(text):
    return text.strip().splitlines()[0] if text.strip() else "not a word on stderr"


class Judge:
    """The checks for one yard. `offers` says which options the program has."""

    def __init__(self, yard, offers, quotas=True):
        self.yard, self.offers, self.quotas = yard, offers, quotas
        self.force = ("--force",) if offers("--force") else ()
        yard.pictures["nothing"] = {"out": None, "said": None}

    def papers(self):
        return {name: news.read(self.yard.root / "out" / name) for name in OUTPUTS}

    def again(self, scenario):
        return scenario.args if scenario.prints else self.force

    def offline(self):
        return news.parse(self.yard.run(("--offline", "-o", "-", "-f", "jsonl")).stdout, True, "--offline")

    def report(self):
        return ("--report", str(self.yard.root / "report.json")) if self.offers("--report") else ()

    def overdrawn(self, scenario):
        """A quota that was spent twice, or that the program believes to be larger than it is."""
        if not self.quotas:
            return []
        asked = self.yard.web.count().get("api", 0)
        found = []
        if asked > scenario.left:
            found.append(("under-counted", f"{asked} requests to the API where {scenario.left} were left"))
        for window in self.said_to_be_left():
            if window["left"] > max(scenario.left - asked, 0):
                what = f"{asked} requests to the API where {scenario.left} were left, and {window['left']} are said to be left now"
                found.append(("under-counted", what))
        return found

    def said_to_be_left(self):
        """What the report of the last round says of the API's quota."""
        try:
            told = json.loads((self.yard.root / "report.json").read_bytes())
        except FileNotFoundError:
            return []
        return next(source["quota"] for source in told["sources"] if source["name"] == "api")

    # Without a fault.

    def prepare(self, scenarios):
        """What stands before each round, and what the round comes to; the findings are those of a whole program."""
        found = []
        for scenario in scenarios:
            found += self.arrange(scenario)
        # Times are told in seconds: what was first seen before must differ from what is seen now.
        time.sleep(1.1)
        for scenario in scenarios:
            found += [(kind, f"{scenario.name}: {what}") for kind, what in self.undisturbed(scenario)]
        return found

    def arrange(self, scenario):
        yard, found = self.yard, []
        yard.restore("nothing")
        yard.configure(scenario.quota)
        yard.web.begin(0)
        rounds = [self.force] * scenario.spent + [scenario.args] * scenario.prints
        for args in rounds:
            ran = yard.run(args)
            if ran.code != 0:
                found.append(("untidy", f"{scenario.name}: a round before it ended with {ran.code}: {first_line(ran.stderr)}"))
        scenario.before = self.papers()
        if scenario.torn:
            self.tear(scenario)
        if scenario.hurt:
            self.hurt()
        yard.keep(scenario.name)
        scenario.left = scenario.quota - yard.web.count().get("api", 0)
        return found

    def tear(self, scenario):
        """Kills a round in the last write to the state that grows a file."""
        yard, now = self.yard, f"{scenario.name}, whole"
        yard.keep(now)
        yard.web.begin(scenario.step)
        yard.run((*self.force, *SILENT))
        size = max(path.stat().st_size for path in (yard.root / "state").rglob("*") if path.is_file())
        yard.restore(now)
        yard.run((*self.force, *SILENT), fsize=size - 20)

    def hurt(self):
        for path in (self.yard.root / "state").rglob("*"):
            if path.is_file() and path.stat().st_size:
                content = bytearray(path.read_bytes())
                content[len(content) // 2] ^= 1
                path.write_bytes(content)

    def begin(self, scenario):
        self.yard.restore(scenario.name)
        self.yard.configure(scenario.quota)
        self.yard.settle()
        self.yard.web.begin(scenario.step)

    def undisturbed(self, scenario):
        yard = self.yard
        tops = [str(yard.root / top) for top in yard.WATCHED]
        self.begin(scenario)
        existing = [yard.root / name for name in yard.names()]
        ran = yard.run(scenario.args, traced=True)
        scenario.watch = strace.watched(ran.log, tops)
        found = order.read(ran.log, yard.root, tops[:2], existing)
        scenario.printed = ran.stdout
        rounds = [ran, yard.run((*self.again(scenario), *self.report()))]
        scenario.wanted = self.papers()
        rounds.append(yard.run((*self.again(scenario), *self.report())))
        for n, ran in enumerate(rounds):
            if ran.code != 0:
                found.append(("untidy", f"round {n + 1} ended with {ran.code}: {first_line(ran.stderr)}"))
            if n and ran.stdout:
                found.append(("twice", f"round {n + 1} printed {len(ran.stdout)} bytes that were printed before"))
        if self.papers() != scenario.wanted and scenario.ample:
            found.append(("untidy", "one more round changed the documents"))
        if self.offers("--offline"):
            scenario.stored = self.offline()
        scenario.names = yard.names()
        return found + self.overdrawn(scenario)

    # With one.

    def disturb(self, scenario, point):
        """(whether the point was reached, what is wrong)"""
        yard = self.yard
        self.begin(scenario)
        begin = time.time()
        if point.fault in ("CUT", "FULL"):
            ran = yard.run(scenario.args, fsize=point.n, full=point.fault == "FULL")
            reached = ran.code == -25 if point.fault == "CUT" else "file too large" in ran.stderr.lower()
        else:
            ran = yard.run(scenario.args, inject=point.inject(), watch=scenario.watch)
            killed = ran.code == (-9 if point.n else 0)
            reached = killed if point.fault in ("KILL", "POWER") else any("INJECTED" in call.result for call in ran.log)
        if ran.code is None:
            return True, [("untidy", "it hangs")]
        if not reached:
            return False, []
        if point.fault == "POWER":
            yard.cut()
        found = self.at_once(scenario, point, ran, begin)
        return True, found + self.afterwards(scenario, ran, begin)

    def at_once(self, scenario, point, ran, begin):
        """Whatever happened, the documents are whole, and old or new."""
        killed, found = ran.code in (-9, -25) or point.fault == "POWER", []
        must = point.fault == "EINTR" and point.call in strace.AGAIN
        if not killed and ran.code not in (0, 1) or must and ran.code != 0:
            found.append(("untidy", f"it ended with {ran.code}: {first_line(ran.stderr)}"))
        if ran.code == 1 and not ran.stderr:
            found.append(("untidy", "it failed without a word"))
        if "panicked" in ran.stderr:
            found.append(("untidy", f"it panicked: {first_line(ran.stderr)}"))
        if not scenario.prints:
            for name in OUTPUTS:
                wrong = self.old_or_new(scenario, name, ran, begin, must)
                found += [("damaged", f"{name}: {what}") for what in wrong]
        stray = self.yard.names() - scenario.names - self.yard.pictures[scenario.name].keys()
        if not killed and stray and not point.call.startswith("unlink"):
            found.append(("untidy", f"it ended by itself and left {sorted(stray)}"))
        return found

    def old_or_new(self, scenario, name, ran, begin, must):
        try:
            paper = news.read(self.yard.root / "out" / name)
        except news.Broken as broken:
            return [str(broken)]
        old, new, end = scenario.before[name], scenario.wanted[name], time.time()
        if scenario.silent:
            return [] if paper == old else ["it is not what it was"]
        if paper is None:
            return [] if old is None and ran.code != 0 else ["it is gone"]
        wrong = news.differences(paper, new, old, begin, end)
        if not wrong or (old is not None and paper == old and ran.code != 0):
            return []
        if ran.code == 0 and not must and ran.stderr:
            # It went on without something, and said so: the part of each source is the old one or the new one.
            same = [source for source in paper.named() | new.named()
                    if paper.of(source) == (old.of(source) if old else {})]
            wrong = news.differences(paper.without_sources(), new.without_sources(), old, begin, end, same)
        return [f"neither old nor new: {what}" for _, what in wrong]

    def afterwards(self, scenario, ran, begin):
        """The next rounds make good what the fault spoilt, and nothing is spent twice."""
        yard, found = self.yard, []
        rounds = [yard.run((*self.again(scenario), *self.report())) for _ in range(2)]
        for n, after in enumerate(rounds):
            if after.code != 0:
                found.append(("untidy", f"round {n + 1} afterwards ended with {after.code}: {first_line(after.stderr)}"))
        try:
            found += self.once_each(scenario, ran, *rounds) if scenario.prints else self.same_news(scenario, begin)
        except news.Broken as broken:
            found.append(("damaged", f"afterwards, {broken}"))
        if stray := yard.names() - scenario.names:
            found.append(("untidy", f"afterwards there are also {sorted(stray)}"))
        if gone := scenario.names - yard.names():
            found.append(("lost", f"afterwards there is no {sorted(gone)}"))
        return found + self.overdrawn(scenario)

    def same_news(self, scenario, begin):
        """The documents and what is stored are those of an undisturbed round."""
        found, end = [], time.time()
        # Where the API cannot be asked again, its news may have died with the round.
        but = () if scenario.ample else ("api",)
        papers = self.papers()
        for name in OUTPUTS:
            if papers[name] is None:
                found.append(("lost", f"afterwards {name} is not there"))
                continue
            wrong = news.differences(papers[name], scenario.wanted[name], scenario.before[name], begin, end, but)
            found += [(kind, f"afterwards, {name}: {what}") for kind, what in wrong]
        if scenario.stored is not None:
            before = scenario.before["items.jsonl"]
            wrong = news.differences(self.offline(), scenario.stored, before, begin, end, but)
            found += [(kind, f"afterwards, --offline: {what}") for kind, what in wrong]
        return found

    def once_each(self, scenario, ran, first, second):
        """Each new story was printed; twice only where the fault came between printing and remembering."""
        def ids(text, cut=False):
            text = text[:text.rfind(b"\n") + 1] if cut else text
            return [item["id"] for item in news.parse(text, True, "stdout").items]
        disturbed, after, last = ids(ran.stdout, ran.code != 0), ids(first.stdout), ids(second.stdout)
        wanted = ids(scenario.printed)
        found = [("lost", f"{id} was never printed") for id in wanted if id not in disturbed + after]
        found += [("twice", f"{id} was printed, but is not new") for id in {*disturbed, *after} - set(wanted)]
        found += [("twice", f"{id} was printed by both rounds afterwards") for id in last if id in after]
        if ran.code == 0 and not ran.stderr:
            found += [("twice", f"{id} was printed again") for id in after if id in disturbed]
        return found
