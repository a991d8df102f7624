"""What came of the points, counted and told."""

import collections

from judge import KINDS

# Of the points that went wrong in the same way, and of what is wrong with one, so many are told.
TOLD = 3
# These are tried with sizes that no file may reach: to miss is no mistake.
SIZED = ("CUT", "FULL")


class Tally:
    def __init__(self):
        self.tried, self.missed, self.found = collections.Counter(), [], collections.Counter()
        self.calls = collections.defaultdict(collections.Counter)
        self.bad = collections.defaultdict(list)

    def take(self, point, reached, found):
        if not reached:
            if point.fault not in SIZED:
                self.missed.append(point)
            return
        self.tried[point.fault] += 1
        self.calls[point.fault][point.call] += 1
        for kind in {kind for kind, _ in found}:
            self.found[kind] += 1
        if found:
            # The same way: the same call of another scenario, or another one of its kind.
            self.bad[point.fault, point.call, found[0][0]].append((point, found))

    def total(self):
        return sum(self.tried.values())

    def tell(self):
        for (fault, call, kind), bad in sorted(self.bad.items()):
            print(f"WRONG   {fault} at {call}: {kind}, {len(bad)} points")
            for point, _ in bad[:TOLD]:
                print(f"        {point}")
            tell_some([f"{kind}: {what}" for kind, what in bad[0][1]], "          ")
        for fault, count in sorted(self.tried.items()):
            calls = ", ".join(f"{call} {n}" for call, n in self.calls[fault].most_common())
            print(f"{fault:8}{count:5} points: {calls}")
        tell_some([f"not reached: {point}" for point in self.missed], "        ")

    def summary(self):
        kinds = ", ".join(f"{self.found[kind]} {kind}" for kind in KINDS)
        return f"{self.total()} points, {kinds}"


def tell_some(lines, indent):
    for line in lines[:TOLD]:
        print(f"{indent}{line}")
    if len(lines) > TOLD:
        print(f"{indent}and {len(lines) - TOLD} more")
