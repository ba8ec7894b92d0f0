"""The prefix cache: what it saves is told, changes no answer, and is shared within a tenant only."""
from concurrent.futures import ThreadPoolExecutor
import json
import subprocess
import unittest

from engine import EngineTestCase
from harness import BINARY

TENANT_HEADER = "X-Redline-Tenant"
PROMPT_TOKENS = 1000
PAGE = 16


def prompt(number):
    """Token ids unlike those of any other number, from the first on."""
    return [(number * 7 + index * (number + 3)) % 250 for index in range(PROMPT_TOKENS)]


class Prefixes(EngineTestCase):
    FLAGS = ("--max-total-tokens", "16384")  # 16 of the prompts
    CONTEXT = 2048

    def ask(self, ids, tenant=None, **fields):
        """(cached tokens, text and log-probs)"""
        body = {"model": "m", "prompt": ids, "max_tokens": 8, "temperature": 0, "ignore_eos": True,
                "logprobs": 2, **fields}
        reply = self.engine.post("/v1/completions", body,
                                 headers={TENANT_HEADER: tenant} if tenant else {})
        self.assertEqual(reply.status, 200, reply.body)
        choice = reply.json["choices"][0]
        return (reply.json["usage"]["prompt_tokens_details"]["cached_tokens"],
                (choice["text"], choice["logprobs"]))

    def test_the_second_time_only_the_end_is_computed(self):
        computed = self.engine.metric("computed_tokens_total")
        first, answer = self.ask(prompt(1))
        again, same = self.ask(prompt(1))
        self.assertEqual((first, same), (0, answer))
        self.assertGreaterEqual(again, PROMPT_TOKENS - PAGE)
        computed = self.engine.metric("computed_tokens_total") - computed
        self.assertLess(computed, PROMPT_TOKENS + PAGE + 2 * 8)
        self.engine.wait_idle()

    def test_a_common_beginning_is_shared(self):
        self.ask(prompt(2))
        for cut in (500, 512, 999):
            cached, _ = self.ask(prompt(2)[:cut] + prompt(3)[cut:])
            self.assertEqual(cached, cut // PAGE * PAGE)

    def test_nobody_sees_what_others_cached(self):
        known = prompt(4)
        self.ask(known, tenant="a")
        self.assertGreater(self.ask(known, tenant="a")[0], 0)
        for who in ({"tenant": "b"}, {}, {"tenant": "A"}, {"tenant": "b", "cache_salt": "a"},
                    {"cache_salt": "a"}, {"tenant": "a", "cache_salt": "mine"}):
            with self.subTest(**who):
                self.assertEqual(self.ask(known, **who)[0], 0)
                self.assertGreater(self.ask(known, **who)[0], 0)  # its own

    def test_tenant_and_salt_cannot_be_shifted_into_each_other(self):
        known = prompt(5)
        self.ask(known, tenant="ab", cache_salt="c")
        self.assertEqual(self.ask(known, tenant="a", cache_salt="bc")[0], 0)

    def test_a_full_cache_gives_way(self):
        for number in range(6, 30):
            self.ask(prompt(number), max_tokens=1)
        found = self.engine.metrics()
        self.assertGreater(found["redline_engine_evicted_pages_total"], 0)
        self.assertLessEqual(found["redline_engine_kv_pages_cached"],
                             found["redline_engine_kv_pages_total"])
        self.engine.wait_idle()


class Benchmarks(EngineTestCase):
    CONTEXT = 2048

    def reasons(self, seed):
        done = subprocess.run(
            [BINARY, "bench", "--url", f"http://127.0.0.1:{self.engine.port}", "--workload", "short",
             "--requests", "4", "--prompts", "ids", "--seed", str(seed), "--output", "json",
             "--no-self-check", "--no-warm-up"], capture_output=True, text=True, check=True)
        return [reason for reason in json.loads(done.stdout)["invalid_reasons"]
                if "seen_before" in reason]

    def test_prompts_that_were_sent_before_are_told(self):
        self.assertEqual(self.reasons(seed=1), [])
        self.assertEqual(len(self.reasons(seed=1)), 1)
        self.assertEqual(self.reasons(seed=2), [])


class Off(EngineTestCase):
    FLAGS = ("--disable-radix-cache",)
    CONTEXT = 2048

    def test_nothing_is_kept(self):
        for _ in range(2):
            reply = self.engine.complete(prompt(1))
            self.assertEqual(reply.json["usage"]["prompt_tokens_details"]["cached_tokens"], 0)


class Ranks(EngineTestCase):
    """Data-parallel ranks give the answers that one gives."""
    FLAGS = ("--dp-size", "2")

    def test_answers_are_those_of_one_rank(self):
        def ask(number):
            reply = self.engine.complete(prompt(number)[:50], max_tokens=12, temperature=1,
                                         seed=number, ignore_eos=True)
            return reply.json["choices"][0]["text"]
        alone = [ask(number) for number in range(8)]
        with ThreadPoolExecutor(16) as pool:
            beside = list(pool.map(ask, [number % 8 for number in range(64)]))
        self.assertEqual(beside, alone * 8)
        self.assert_alive()


if __name__ == "__main__":
    unittest.main()
