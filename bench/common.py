"""What the benchmarks share: the engine of the tests, and figures with their spread."""
import pathlib
import random
import statistics
import sys
import time

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "tests/e2e"))


def seconds_of(ask):
    """How long a request took, from outside; it must be answered with 200."""
    begin = time.perf_counter()
    reply = ask()
    taken = time.perf_counter() - begin
    if reply.status != 200:
        raise SystemExit(f"{reply.status}: {reply.body[:500]}")
    return taken


def quantile(values, share):
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


def spread(values, scale=1.0, digits=3):
    """"median (10%..90%)" of the values."""
    low, middle, high = (scale * found for found in (
        quantile(values, 0.1), statistics.median(values), quantile(values, 0.9)))
    return f"{middle:.{digits}f} ({low:.{digits}f}..{high:.{digits}f})"


def permutation_p(one, other, rounds=5000, seed=1):
    """How likely two samples of one distribution differ at least as much in their mean rank: the
    two-sided permutation test, exact up to the number of rounds."""
    ranks = {value: rank for rank, value in enumerate(sorted(set(one + other)))}
    together = [ranks[value] for value in one + other]
    draw, size, total = random.Random(seed), len(one), sum(together)

    def distance(part):
        return abs(part / size - (total - part) / (len(together) - size))
    seen = distance(sum(together[:size]))
    as_far = sum(distance(sum(draw.sample(together, size))) >= seen - 1e-9 for _ in range(rounds))
    return (as_far + 1) / (rounds + 1)
