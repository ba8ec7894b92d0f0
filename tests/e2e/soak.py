"""Many clients for a while, some of which leave in the middle: nothing may be left behind.

    soak.py [SECONDS]     (60) prints what was measured; ends with 1 when something leaks
"""
import collections
import contextlib
import random
import sys
import threading
import time

from engine import Engine, chat_body, completion_body
from harness import wait_for

NUM_CLIENTS = 64
SHARE_THAT_LEAVES = 0.2
# A pool that the clients' requests fill: pages are evicted and requests preempted all the time.
FLAGS = ("--max-total-tokens", "8192")
CONTEXT = 1024
SCHEMA = {"type": "object", "properties": {"a": {"type": "integer"}, "b": {"type": "boolean"}},
          "required": ["a", "b"]}
FORMAT = {"type": "json_schema", "json_schema": {"name": "soak", "schema": SCHEMA}}


class Client(threading.Thread):
    """Sends one request after the other until `end`. Counts answers by status."""

    def __init__(self, engine, number, end):
        super().__init__(daemon=True)
        self.engine, self.end, self.random = engine, end, random.Random(number)
        self.counts = collections.Counter()

    def run(self):
        while time.monotonic() < self.end:
            self.counts[self.one_request()] += 1

    def one_request(self):
        text = "Once upon a time " * self.random.randrange(1, 20)
        size = self.random.randrange(1, 200)
        if self.random.random() < 0.6:
            return self.stream(text, size)
        return self.engine.post(*self.random.choice([
            ("/v1/completions", completion_body(text, max_tokens=size, temperature=1)),
            ("/v1/completions", completion_body(text, max_tokens=8, n=2, logprobs=2)),
            ("/v1/chat/completions", chat_body(text, max_tokens=30, response_format=FORMAT)),
            ("/v1/chat/completions", chat_body(text, temperature=9)),  # refused
        ])).status

    def stream(self, text, size):
        leaves_after = (self.random.randrange(1, size + 1)
                        if self.random.random() < SHARE_THAT_LEAVES else None)
        with self.engine.stream_chat(text, max_tokens=size, ignore_eos=True) as stream:
            for number, _ in enumerate(stream.chunks()):
                if number == leaves_after:
                    return "left"
        return 200


def sample(usage):
    return {"rss_bytes": usage.rss_bytes(), "fds": usage.num_fds(), "threads": usage.num_threads()}


def soak(engine, seconds):
    """Returns what was seen: {"counts", "before", "samples", "after"}; the samples after a warm-up
    of a third of the time."""
    for warm_up in (chat_body(response_format=FORMAT), chat_body()):
        engine.post("/v1/chat/completions", warm_up)
    before = sample(engine.usage)
    begin = time.monotonic()
    clients = [Client(engine, number, begin + seconds) for number in range(NUM_CLIENTS)]
    for client in clients:
        client.start()
    time.sleep(seconds / 3)
    samples = []
    while time.monotonic() < begin + seconds or len(samples) < 6:
        samples.append(sample(engine.usage))
        time.sleep(0.25)
    for client in clients:
        client.join(60)
    if any(client.is_alive() for client in clients):
        raise AssertionError("a request was not answered within a minute")
    engine.wait_idle()
    with contextlib.suppress(AssertionError):  # leaks() tells what stayed
        wait_for("the last connections are closed",
                 lambda: engine.usage.num_fds() <= before["fds"], 10)
    return {"counts": sum((client.counts for client in clients), collections.Counter()),
            "before": before, "samples": samples, "after": sample(engine.usage)}


def leaks(seen):
    """What is wrong with the result, as a list of sentences."""
    samples, found = seen["samples"], []
    third = len(samples) // 3
    first, last = (max(one["rss_bytes"] for one in part)
                   for part in (samples[:third], samples[-third:]))
    if last - first > 8 << 20:
        found.append(f"resident memory grew by {(last - first) >> 10} KiB")
    for what in ("fds", "threads"):
        if seen["after"][what] > seen["before"][what]:
            found.append(f"{what}: {seen['before'][what]} before, {seen['after'][what]} after")
    unexpected = set(seen["counts"]) - {200, 400, "left"}
    if unexpected:
        found.append(f"statuses {unexpected}")
    return found


def main():
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 60
    with Engine(*FLAGS, context_length=CONTEXT) as engine:
        seen = soak(engine, seconds)
        print("answers:", dict(seen["counts"]))
        print("before: ", seen["before"])
        print("after:  ", seen["after"])
        print("evicted pages and preemptions:", engine.metrics().get(
            "redline_engine_evicted_pages_total"), engine.metric("preemptions_total"))
    found = leaks(seen)
    print("\n".join(found) or "nothing leaks")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
