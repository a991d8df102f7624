"""What was measured, as Markdown, and where newsagg is not the best."""
import re
import statistics

OWN = "newsagg"


class Summary:
    """Of a program at one size and latency."""

    def __init__(self, outcomes, size, items, ideal):
        walls = [outcome.wall for outcome in outcomes]
        self.wall, self.least, self.most = statistics.median(walls), min(walls), max(walls)
        self.cpu = statistics.median(outcome.cpu for outcome in outcomes)
        self.peak = outcomes[0].peak
        self.ratio = self.wall / ideal if ideal else None
        self.size, self.runs = size, len(outcomes)
        # Of the last one: the first may have found everything cold.
        self.counts = outcomes[-1].counts
        self.problems = [f"exit code {code}" for code in sorted({o.code for o in outcomes} - {0})]
        least = min(outcome.items for outcome in outcomes)
        if least != items or max(outcome.items for outcome in outcomes) != items:
            self.problems.append(f"{least:,} of {items:,} items")


def markdown(machine, peers, cells, again, faults):
    parts = [machine + ".", programs(peers), overview(peers, cells), not_best(peers, cells),
             second_runs(peers, again), with_faults(peers, faults), details(peers, cells)]
    return "\n\n".join(part for part in parts if part)


def programs(peers):
    return table("program | version", "--- | ---", [[label(peer), peer.version] for peer in peers])


def label(peer):
    return peer.name if peer.reads else f"{peer.name} (reads nothing)"


def overview(peers, cells):
    """One table for each thing that counts, the sizes side by side."""
    wanted = [
        ("Wall clock in ms, each answer after 500 ms, and by the ideal", 0.5,
         lambda cell: f"{number(cell.wall * 1e3)} ×{cell.ratio:.3f}"),
        ("Wall clock in ms, answered at once", 0.0, lambda cell: number(cell.wall * 1e3)),
        ("CPU in ms, answered at once", 0.0, lambda cell: number(cell.cpu * 1e3)),
        ("Peak memory in MB, answered at once", 0.0, lambda cell: f"{cell.peak:.1f}"),
    ]
    parts = []
    for title, latency, show in wanted:
        sizes = [size for size, other in cells if other == latency]
        rows = [[label(peer)] + [marked(cells[size, latency][peer.name], show) for size in sizes] for peer in peers]
        head = "program | " + " | ".join(f"{size:,} feeds" for size in sizes)
        parts.append(f"**{title}**\n\n" + table(head, "--- |" + " ---: |" * len(sizes), rows))
    return "\n\n".join(parts)


def marked(cell, show):
    return show(cell) + (" (!)" if cell.problems else "")


def details(peers, cells):
    parts = []
    for (size, latency), cell in cells.items():
        rows = []
        for peer in peers:
            one = cell[peer.name]
            rows.append([
                label(peer), number(one.wall * 1e3), f"{number(one.least * 1e3)} to {number(one.most * 1e3)}",
                f"{one.ratio:.3f}" if one.ratio else "", number(one.cpu * 1e3), f"{one.cpu * 1e3 / size:.2f}",
                f"{one.peak:.1f}", f"{one.counts['connections']:,}", f"{one.counts['most_at_once']}",
                f"{one.runs}", "; ".join(one.problems) or "all delivered"])
        head = ("program | wall ms | range | by the ideal | CPU ms | a feed | peak MB | connections | at once | runs | items")
        parts.append(f"**{size:,} feeds, answered {told(latency)}**\n\n" + table(head, "--- |" + " ---: |" * 9 + " ---", rows))
    return "<details><summary>Everything measured</summary>\n\n" + "\n\n".join(parts) + "\n\n</details>"


def not_best(peers, cells):
    """Everything that another program did better, if by more than its figures are shown with."""
    measures = [("wall", "wall clock", 1e3, "ms"), ("cpu", "CPU", 1e3, "ms"), ("peak", "memory", 1, "MB")]
    rows = []
    for key, what, scale, unit in measures:
        for (size, latency), cell in cells.items():
            shown = {peer: number(getattr(cell[peer.name], key) * scale) for peer in peers}
            own = getattr(cell[OWN], key)
            better = [f"{label(peer)} {shown[peer]}" for peer in peers
                      if getattr(cell[peer.name], key) < own and shown[peer] != shown[peers[0]] and not cell[peer.name].problems]
            if better:
                rows.append([f"{what}, {size:,} feeds {told(latency)}", f"{shown[peers[0]]} {unit}", ", ".join(better)])
    title = "**Where newsagg is not the best** (a difference of a percent or two is the machine's)"
    return f"{title}\n\n" + (table("what | newsagg | better", "--- | ---: | ---", rows) if rows else "Nowhere here.")


def told(latency):
    return f"after {latency * 1e3:.0f} ms" if latency else "at once"


def second_runs(peers, again):
    rows = []
    for peer in peers:
        runs = again[peer.name]
        with_validators = [run.counts["conditional"] for run in runs[1:]]
        since = next((f"from run {n} on" for n, count in enumerate(with_validators, 2) if count == 20), "no")
        rows.append([label(peer), since, *(f"{run.counts['bytes_sent']:,}" for run in runs),
                     *(number(run.cpu * 1e3) for run in runs)])
    head = "program | sends validators | bytes, run 1 | run 2 | run 3 | CPU ms, run 1 | run 2 | run 3"
    return "**20 feeds, and the same again: nothing is new**\n\n" + table(head, "--- | ---" + " | ---:" * 6, rows)


def with_faults(peers, faults):
    rows = []
    for peer in peers:
        outcome, items, named, timeout = faults[peer.name]
        rows.append([label(peer), f"{outcome.code}", f"{outcome.wall:.1f}", f"{min(outcome.items, items)} of {items}", f"{named} of 4"])
    head = "program | exit code | wall s | items of the 16 others | names who failed"
    title = f"20 feeds: one never answers, one answers 500, one is cut off, one has a host without an address; timeout {timeout} s"
    return f"**{title}**\n\n" + table(head, "--- |" + " ---: |" * 4, rows)


def number(value):
    """As many digits as mean something."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}"


def table(head, rule, rows):
    return "\n".join([f"| {head} |", f"| {rule.rstrip(' |')} |"] + ["| " + " | ".join(row) + " |" for row in rows])


def failures(cells, again):
    """What newsagg did not do as it should."""
    bad = [f"{size} feeds, {latency} s: {problem}" for (size, latency), cell in cells.items() for problem in cell[OWN].problems]
    first, second, _ = again[OWN]
    if second.counts["conditional"] != 20 or second.counts["bytes_sent"] * 20 > first.counts["bytes_sent"]:
        bad.append("the second run asked for everything again")
    return bad


def write(readme, text):
    begin, end = "<!-- measured -->", "<!-- until here -->"
    old = readme.read_text()
    new = re.sub(f"{begin}.*{end}", lambda _: f"{begin}\n{text}\n{end}", old, flags=re.S)
    if begin not in old:
        raise SystemExit(f"{readme} has no {begin}")
    readme.write_text(new)
