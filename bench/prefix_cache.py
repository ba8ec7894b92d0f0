#!/usr/bin/env python3
"""What the prefix cache saves, and what it betrays.

    prefix_cache.py [--pairs N] [--samples N]

1. SmolLM2, prompts of 2,000 tokens: time to the first token of a prompt that nobody sent before and
   of the same prompt again, in turns. To hold: the second takes at most 10% of the first.
2. Can tenant B tell by the time an answer takes which prompts tenant A sent? Two samples, of prompts
   that A sent and of new ones, and a permutation test. To hold: p > 0.01; and for A itself, as a
   check that the test can see a hit, p < 0.01.

Ends with 1 when something does not hold.
"""
import argparse
import random
import statistics
import sys

from common import permutation_p, seconds_of, spread
from engine import SMOLLM2, Engine
import tiny_model

PROMPT_TOKENS = 2000
PROBE_TOKENS = 512
TENANT_HEADER = "X-Redline-Tenant"


def prompts(vocab_size, num_tokens, seed):
    draw = random.Random(seed)
    while True:
        yield [draw.randrange(20, vocab_size) for _ in range(num_tokens)]


def first_token_seconds(engine, prompt, headers=None, **fields):
    body = {"model": "m", "prompt": prompt, "max_tokens": 1, "temperature": 0, **fields}
    return seconds_of(lambda: engine.post("/v1/completions", body, headers=headers or {}))


def measure_saving(num_pairs):
    """The ratios of second to first."""
    with Engine(model=SMOLLM2) as engine:
        source = prompts(49_000, PROMPT_TOKENS, seed=1)
        first_token_seconds(engine, next(source))  # warms the machine
        pairs = []
        for prompt, _ in zip(source, range(num_pairs)):
            pairs.append((first_token_seconds(engine, prompt), first_token_seconds(engine, prompt)))
    ratios = [second / first for first, second in pairs]
    print(f"{PROMPT_TOKENS}-token prompt, SmolLM2, {num_pairs} pairs: median (10%..90%)")
    print(f"  first   {spread([first for first, _ in pairs], 1e3, 1)} ms")
    print(f"  second  {spread([second for _, second in pairs], 1e3, 1)} ms")
    print(f"  ratio   {spread(ratios)}")
    return ratios


def sample(engine, num_samples, ask_as_a, ask_as_b):
    """B's seconds for prompts that A sent before, and for new ones, in turns."""
    source = prompts(tiny_model.VOCAB_SIZE, PROBE_TOKENS, seed=2)
    sent, new = [], []
    for _ in range(num_samples):
        known = next(source)
        ask_as_a(known)
        turns = [(known, sent), (next(source), new)]
        if len(sent) % 2:
            turns.reverse()
        for prompt, into in turns:
            into.append(ask_as_b(prompt))
    return sent, new


def measure_secrecy(num_samples):
    """p of the tests by name."""
    found = {}
    with Engine(tiny=tiny_model.SLOWER) as engine:
        def as_tenant(name):
            return lambda prompt: first_token_seconds(engine, prompt, {TENANT_HEADER: name})

        def with_salt(salt):
            return lambda prompt: first_token_seconds(engine, prompt, cache_salt=salt)
        print(f"\n{PROBE_TOKENS}-token prompts, {num_samples} sent by A and as many new ones: "
              "median (10%..90%) of B's ms")
        for name, ask_as_a, ask_as_b in [
                ("A itself", as_tenant("a"), as_tenant("a")),
                ("other tenant", as_tenant("a"), as_tenant("b")),
                ("no tenant", as_tenant("a"), lambda prompt: first_token_seconds(engine, prompt)),
                ("other salt", with_salt("a"), with_salt("b"))]:
            sent, new = sample(engine, num_samples, ask_as_a, ask_as_b)
            found[name] = permutation_p(sent, new)
            print(f"  {name:13} sent {spread(sent, 1e3, 2):22} new {spread(new, 1e3, 2):22} "
                  f"p {found[name]:.4f}")
    return found


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--pairs", type=int, default=8)
    parser.add_argument("--samples", type=int, default=100)
    arguments = parser.parse_args()
    failed = []
    if not SMOLLM2.exists():
        print("SKIPPED LOUDLY: SmolLM2 is absent: scripts/fetch_test_data.sh")
    elif statistics.median(measure_saving(arguments.pairs)) > 0.10:
        failed.append("the second prompt takes more than 10% of the first")
    found = measure_secrecy(arguments.samples)
    if found.pop("A itself") >= 0.01:
        failed.append("the test cannot see a hit; give it more --samples")
    failed += [f"{name} can tell what was sent" for name, p in found.items() if p <= 0.01]
    print("\n" + ("\n".join(failed) or "all holds"))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
