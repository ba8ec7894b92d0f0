#!/usr/bin/env python3
"""What structured output costs, over SmolLM2's vocabulary of 49,152 tokens.

    structured.py [--schemas N] [--pairs N]

1. Compiling: the engine's own histogram over N different schemas (tests/e2e/schemas.py), and the
   time a request for one token takes with and without a schema, in turns. To hold: p99 < 50 ms.
2. Masks: seconds per step with and without a schema, in turns, for 1 and for 16 requests at once.
   To hold: less than 10% of a step.

Ends with 1 when something does not hold.
"""
import argparse
import concurrent.futures
import statistics
import sys

from common import quantile, seconds_of, spread
from engine import SMOLLM2, Engine
import schemas

COMPILE = "redline_engine_grammar_compile_seconds"
STEP = "redline_engine_step_seconds"
TOKENS = 48
# Answers that go on and on: objects of strings, numbers and choices.
ENDLESS = {"type": "array", "minItems": 1000, "items": {
    "type": "object", "additionalProperties": False, "required": ["name", "count", "state"],
    "properties": {"name": {"type": "string", "maxLength": 30},
                   "count": {"type": "integer", "minimum": 0, "maximum": 100_000},
                   "state": {"enum": ["open", "closed", "merged"]}}}}


def structured(schema):
    return {"response_format": {"type": "json_schema",
                                "json_schema": {"name": "bench", "schema": schema}}}


def share_within(before, after, limit):
    """The share of compilations that took at most `limit` seconds (a bound of the histogram)."""
    bucket = f'{COMPILE}_bucket{{le="{limit}"}}'
    count = f"{COMPILE}_count"
    return (after[bucket] - before[bucket]) / (after[count] - before[count])


def measure_compiling(engine, count):
    """The share of schemas compiled within 50 ms."""
    before = engine.metrics()
    extra = []
    for number in range(count):
        fields = structured(schemas.schema(number))
        asked = [lambda: engine.chat(max_tokens=1), lambda: engine.chat(max_tokens=1, **fields)]
        if number % 2:
            without, with_schema = (seconds_of(ask) for ask in asked)
        else:
            with_schema, without = (seconds_of(ask) for ask in reversed(asked))
        extra.append(with_schema - without)
    after = engine.metrics()
    mean = ((after[f"{COMPILE}_sum"] - before[f"{COMPILE}_sum"])
            / (after[f"{COMPILE}_count"] - before[f"{COMPILE}_count"]))
    within = {limit: share_within(before, after, limit) for limit in (0.005, 0.01, 0.025, 0.05, 0.1)}
    print(f"compiling, {count} schemas")
    print(f"  by the engine     mean {mean * 1e3:.2f} ms; " + ", ".join(
        f"{100 * share:.1f}% within {limit * 1e3:.0f} ms" for limit, share in within.items()))
    print(f"  longer than plain {spread(extra, 1e3, 1)} ms, p99 {1e3 * quantile(extra, 0.99):.1f} ms"
          " (median (10%..90%), from outside, first mask included)")
    return within[0.05]


def seconds_per_step(engine, num_requests, fields):
    before = engine.metrics()
    with concurrent.futures.ThreadPoolExecutor(num_requests) as pool:
        for reply in pool.map(lambda seed: engine.chat(
                "List some issues.", max_tokens=TOKENS, temperature=1, seed=seed, ignore_eos=True,
                **fields), range(num_requests)):
            if reply.status != 200 or reply.json["usage"]["completion_tokens"] != TOKENS:
                raise SystemExit(f"{reply.status}: {reply.body[:500]}")
    after = engine.metrics()
    return ((after[f"{STEP}_sum"] - before[f"{STEP}_sum"])
            / (after[f"{STEP}_count"] - before[f"{STEP}_count"]))


def measure_masks(engine, num_requests, num_pairs):
    """The median of what a step takes longer, as a share of a step without a schema."""
    ratios = []
    for number in range(num_pairs + 1):
        turns = [{}, structured(ENDLESS)]
        if number % 2:
            turns.reverse()
        taken = {bool(fields): seconds_per_step(engine, num_requests, fields) for fields in turns}
        ratios.append(taken[True] / taken[False] - 1)
    ratios = ratios[1:]  # the first pair fills the caches
    print(f"  {num_requests:2} at once  {spread(ratios, 100, 1)} % longer, {num_pairs} pairs")
    return statistics.median(ratios)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--schemas", type=int, default=200)
    parser.add_argument("--pairs", type=int, default=7)
    arguments = parser.parse_args()
    if not SMOLLM2.exists():
        print("SKIPPED LOUDLY: SmolLM2 is absent: scripts/fetch_test_data.sh")
        return 0
    failed = []
    with Engine(model=SMOLLM2) as engine:
        engine.chat(max_tokens=1, **structured({"type": "object"}))  # builds the vocabulary's trie
        if measure_compiling(engine, arguments.schemas) < 0.99:
            failed.append("p99 of compiling is over 50 ms")
        print("masks: median (10%..90%) of what a step takes longer with a schema")
        for num_requests in (1, 16):
            if measure_masks(engine, num_requests, arguments.pairs) >= 0.10:
                failed.append(f"{num_requests} at once: masks cost 10% of a step or more")
    print("\n" + ("\n".join(failed) or "all holds"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
