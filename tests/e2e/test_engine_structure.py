"""Regular expressions, schemas and grammars made to be costly: each is answered or refused within a
bound, nobody else notices, and nothing is kept for ever."""
import statistics
import threading
import time
import unittest

from engine import LONG, EngineTestCase
from harness import wait_for

NUM_DISTINCT_SCHEMAS = 10_000 if LONG else 300


def nested(levels):
    schema = {"type": "string"}
    for _ in range(levels):
        schema = {"type": "object", "properties": {"a": schema}, "required": ["a"]}
    return schema


def doubling(levels):
    """$defs of which each uses the next one twice: 2^levels objects when written out."""
    defs = {f"d{n}": {"type": "object", "required": ["a", "b"], "additionalProperties": False,
                      "properties": {key: {"$ref": f"#/$defs/d{n + 1}"} for key in "ab"}}
            for n in range(levels)}
    return {"$defs": {**defs, f"d{levels}": {"type": "integer"}}, "$ref": "#/$defs/d0"}


def schema_format(schema):
    return {"response_format": {"type": "json_schema",
                                "json_schema": {"name": "bomb", "schema": schema}}}


def nested_text(levels):
    """nested() as text: Python's encoder does not go so deep."""
    return '{"type":"object","properties":{"a":' * levels + "true" + "}}" * levels


def object_of(**properties):
    return {"type": "object", "properties": properties, "required": list(properties)}


BOMBS = [
    ("nested repeats", {"guided_regex": "^(a+)+$"}),
    ("alternatives that overlap", {"guided_regex": "(a|a|aa)*b"}),
    ("huge counted repeat", {"guided_regex": "(a{1,1000}){1,1000}"}),
    ("counted repeats inside each other", {"guided_regex": "((((a{9}){9}){9}){9}){9}" * 3}),
    ("huge state table", {"guided_regex": "(a|b)*a(a|b){300}"}),
    ("large class", {"guided_regex": r"[\p{L}\p{N}]{0,500}x"}),
    ("100 KB of regex", {"guided_regex": "(ab|cd)?" * 12_000}),
    ("6,000 parentheses", {"guided_regex": "(" * 6000 + ")" * 6000}),
    ("schema 500 deep", {"guided_json": nested_text(500)}),
    ("schema 60 deep, as text", {"guided_json": nested_text(60)}),
    ("schema 50 deep", schema_format(nested(50))),
    ("$ref to itself", schema_format({"$ref": "#"})),
    ("$ref cycle", schema_format({"$defs": {"a": {"$ref": "#/$defs/b"}, "b": {"$ref": "#/$defs/a"}},
                                  "$ref": "#/$defs/a"})),
    ("$ref from outside", schema_format({"$ref": "http://127.0.0.1:1/schema.json"})),
    ("$ref to a file", schema_format({"$ref": "file:///etc/passwd"})),
    ("2^30 objects by $ref", schema_format(doubling(30))),
    ("enum of 100k", schema_format(object_of(a={"enum": [f"value {n}" for n in range(100_000)]}))),
    ("minLength 1e9", schema_format(object_of(a={"type": "string", "minLength": 10**9}))),
    ("minItems 1e9", schema_format(object_of(
        a={"type": "array", "items": {"type": "integer"}, "minItems": 10**9}))),
    ("maxItems 1e9", schema_format(object_of(
        a={"type": "array", "items": {"type": "integer"}, "maxItems": 10**9}))),
    ("maxItems 1e6", schema_format(object_of(
        a={"type": "array", "items": {"type": "integer"}, "maxItems": 10**6}))),
    ("minItems 1e9 in a grammar", {
        "guided_grammar": 'start: %json {"type": "array", "minItems": 1000000000}'}),
    ("minItems 1e9 in a tool", {"tool_choice": "required", "tools": [{
        "type": "function", "function": {"name": "f", "parameters": object_of(
            a={"type": "array", "items": {"type": "integer"}, "minItems": 10**9})}}]}),
    ("2,000 properties", schema_format(object_of(**{f"p{n}": {"type": "string"}
                                                    for n in range(2000)}))),
    ("2,000 optional ones", schema_format({"type": "object", "properties": {
        f"p{n}": {"type": "string"} for n in range(2000)}})),
    ("anyOf of 2,000", schema_format({"anyOf": [object_of(**{f"p{n}": {"type": "integer"}})
                                                for n in range(2000)]})),
    ("allOf of 200", schema_format({"allOf": [object_of(**{f"p{n}": {"type": "integer"}})
                                              for n in range(200)]})),
    ("costly pattern", schema_format(object_of(a={"type": "string", "pattern": "^(a+)+b$"}))),
    ("pattern with a large repeat", schema_format(object_of(
        a={"type": "string", "pattern": "^(([a-z]{1,100}){1,100}){1,100}$"}))),
    ("multipleOf of nearly 0", schema_format(object_of(a={"type": "number", "multipleOf": 1e-300}))),
    ("numbers of 300 digits", schema_format(object_of(
        a={"type": "integer", "minimum": 10**299, "maximum": 10**300}))),
    ("left recursion", {"guided_grammar": "start: start start | \"a\""}),
    ("grammar without an end", {"guided_grammar": "start: \"a\" start"}),
    ("ambiguous grammar", {"guided_grammar": "start: x x x x x x\nx: \"a\"* | x x | \"\""}),
    ("20,000 rules", {"guided_grammar": "start: " + " ".join(f"r{n}" for n in range(20_000))
                      + "".join(f'\nr{n}: "a"' for n in range(20_000))}),
    ("a rule 1e9 times", {"guided_grammar": 'start: x{1000000000}\nx: "a"'}),
    ("a megabyte of choices", {"guided_choice": ["x" * 1000 + str(n) for n in range(1000)]}),
]


class Victim(threading.Thread):
    """A client that streams all the time; `gaps` are the seconds between its tokens."""

    def __init__(self, engine):
        super().__init__(daemon=True)
        self.engine, self.gaps, self.errors, self.stopping = engine, [], [], False

    def run(self):
        try:
            while not self.stopping:
                self.answer()
        except Exception as error:  # told by the test's thread
            self.errors.append(error)

    def answer(self):
        with self.engine.stream_chat(max_tokens=50, ignore_eos=True) as stream:
            last = time.monotonic()
            for _ in stream.chunks():
                now = time.monotonic()
                self.gaps.append(now - last)
                last = now

    def stop(self):
        self.stopping = True
        self.join(30)


class Bombs(EngineTestCase):
    FLAGS = ("--max-running-requests", "16")
    MEMORY_LIMIT = 8 << 30

    def check(self, name, fields):
        usage = self.engine.usage
        before = usage.cpu_seconds()
        reply = self.engine.chat(max_tokens=20, temperature=1, seed=1, **fields)
        # A second for the compiler, and what 20 masks may cost; the victim runs beside it.
        self.assertLess(usage.cpu_seconds() - before, 6, name)
        if reply.status != 200:
            self.assert_refused(reply)
            self.assertNotIn(b"root:", reply.body)

    def test_each_is_bounded_and_others_do_not_notice(self):
        usage = self.engine.usage
        victim = Victim(self.engine)
        victim.start()
        wait_for("the victim's tokens come", lambda: len(victim.gaps) > 300)
        quiet = statistics.median(victim.gaps)
        before = len(victim.gaps)
        usage.reset_peak_rss()
        rss_before = usage.rss_bytes()
        for name, fields in BOMBS:
            with self.subTest(name=name):
                self.check(name, fields)
        victim.stop()
        self.assertEqual(victim.errors, [])
        # The machine has two processors: while one compiles, a step has half of them.
        self.assertLess(statistics.median(victim.gaps[before:]), 5 * quiet + 0.002)
        self.assertLess(usage.peak_rss_bytes() - rss_before, 1 << 30)
        self.assert_alive()

    def test_clients_that_leave_while_their_schema_is_compiled(self):
        for number in range(20):
            self.engine.raw_chat(**schema_format(nested(20 + number))).close()
        self.assert_alive()

    def test_memory_is_flat_over_many_schemas(self):
        def ask(number):
            schema = object_of(**{f"key_{number}": {"type": "string", "maxLength": 5},
                                  f"other_{number}": {"enum": [number, str(number)]}})
            return self.engine.chat(max_tokens=1, **schema_format(schema)).status
        for number in range(NUM_DISTINCT_SCHEMAS // 2):
            self.assertEqual(ask(number), 200)
        half = self.engine.usage.rss_bytes()
        for number in range(NUM_DISTINCT_SCHEMAS // 2, NUM_DISTINCT_SCHEMAS):
            self.assertEqual(ask(number), 200)
        self.assertLess(self.engine.usage.rss_bytes() - half, 16 << 20)
        self.assert_alive()


if __name__ == "__main__":
    unittest.main()
