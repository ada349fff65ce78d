"""Reads what happened in a run of chaos.py again, in the order of time, and says what was wrong."""
from crew import now, parts, records


class Stall:
    """The longest time for which something was due and did not happen."""

    def __init__(self):
        self.since, self.longest = None, 0

    def due(self, at):
        if self.since is None:
            self.since = at

    def done(self, at):
        if self.since is not None and at - self.since > self.longest:
            self.longest = at - self.since
        self.since = None


def judge(chaos):
    from chaos import ALL, LIMIT
    held, following, state = {}, {}, {}
    reached = {p: 0 for p in ALL}
    acked = {p: -1 for p in ALL}
    numbers = {p: {} for p in ALL}
    partition = {p: Stall() for p in ALL}
    member, counts = {}, {"m": 0, "assign": 0, "revoke": 0, "lost": 0, "killed": 0}
    last = now()

    def look(p, at, progress):
        stall = partition[p]
        if progress:
            stall.done(at)
        if acked[p] >= reached[p]:
            stall.due(at)
        else:
            stall.done(at)

    # What a frozen process wrote is written when it goes on.
    for at, name, word, rest in sorted(chaos.events):
        counts[word] = counts.get(word, 0) + 1
        mine = held.setdefault(name, set())
        if word == "started":
            member.setdefault(name, Stall()).due(at)
        elif word == "assign":
            for p in parts(rest):
                if p in mine:
                    chaos.problem(f"{name}: {p} is assigned twice")
                mine.add(p)
                following[name, p] = None
            if mine and name in member:
                member[name].done(at)
        elif word in ("revoke", "lost"):
            for p in parts(rest):
                if p not in mine:
                    chaos.problem(f"{name}: {p} is revoked and was not held")
                mine.discard(p)
            if not mine and state.get(name) != "gone":
                member[name].due(at)
        elif word in ("killed", "closed"):
            state[name] = "gone"
            mine.clear()
            if name in member:
                member[name].done(at) if word == "closed" else setattr(member[name], "since", None)
        elif word == "frozen":
            if name in member:
                member[name].since = None
        elif word == "thawed":
            if not mine:
                member[name].due(at)
        elif word == "acked":
            for p, offset, value in records(rest):
                acked[p] = max(acked[p], offset)
                numbers[p][offset] = value
                look(p, at, False)
        elif word == "m":
            for p, offset, value in records(rest):
                if p not in mine:
                    chaos.problem(f"{name}: offset {offset} of {p}, which it does not hold")
                    continue
                expected = following[name, p]
                if expected is None and offset > reached[p]:
                    chaos.problem(f"{name}: begins {p} at {offset}, nobody had more than {reached[p]}")
                elif expected is not None and offset != expected:
                    chaos.problem(f"{name}: {p}: offset {offset} where {expected} was to come")
                following[name, p] = offset + 1
                progress = offset + 1 > reached[p]
                reached[p] = max(reached[p], offset + 1)
                numbers[p].setdefault(offset, value)
                if numbers[p][offset] != value:
                    chaos.problem(f"{name}: {p}: offset {offset} is {value}, not {numbers[p][offset]}")
                look(p, at, progress)
        last = max(last, at) if word != "note" else last
    total = sum(len(offsets) for offsets in chaos.acked.values())
    lost = [(p, o) for p, offsets in chaos.acked.items() for o in offsets if o not in chaos.seen.get(p, ())]
    if lost:
        chaos.problem(f"{len(lost)} of {total} messages were never consumed, the first {sorted(lost)[:5]}")
    if not total:
        chaos.problem("nothing was produced")
    for what, stalls in (("partition", partition), ("member", member)):
        for key, stall in stalls.items():
            stall.done(last)
            # A partition may be given to a member that is killed in its turn: that costs the time once more.
            if stall.longest / 1e6 > LIMIT * (2 if what == "partition" else 1):
                chaos.problem(f"{what} {key} stood still for {stall.longest / 1e6:.1f} s")
    longest = {what: max((s.longest for s in stalls.values()), default=0) / 1e6 for what, stalls in (("p", partition), ("m", member))}
    print(f"  {total} messages, {sum(len(s) for s in chaos.seen.values())} offsets consumed; {counts['assign']} assignments, "
          f"{counts['revoke']} revocations, {counts['lost']} lost, {counts['killed']} members killed or closed; "
          f"longest standstill: a partition {longest['p']:.1f} s, a member {longest['m']:.1f} s; limit {LIMIT:.0f} s", flush=True)
