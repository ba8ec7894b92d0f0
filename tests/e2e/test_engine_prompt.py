"""Prompts that are too long, texts that are slow to tokenise elsewhere, and template variables that
a client may not set."""
import unittest

import tiny_model
from engine import EngineTestCase

CONTEXT = 2048


class PromptSize(EngineTestCase):
    """A prompt that cannot fit is refused, and early."""
    CONTEXT = CONTEXT

    def assert_too_long(self, reply, num_tokens):
        self.assert_refused(reply, code="context_length_exceeded")
        error = reply.json["error"]
        self.assertEqual((error["n_prompt_tokens"], error["n_ctx"]), (num_tokens, CONTEXT))

    def test_the_edge_of_the_context(self):
        ids = [5] * (CONTEXT - 1)
        reply = self.engine.complete(ids, max_tokens=5, ignore_eos=True)
        self.assertEqual((reply.status, reply.json["usage"]["completion_tokens"]), (200, 1))
        for size in (CONTEXT, CONTEXT + 1, 10 * CONTEXT):
            self.assert_too_long(self.engine.complete([5] * size), size)
        self.assert_alive()

    def test_max_tokens_beyond_the_context_is_cut(self):
        reply = self.engine.complete([5] * (CONTEXT - 10), max_tokens=1 << 30, ignore_eos=True)
        self.assertEqual(reply.json["choices"][0]["finish_reason"], "length")
        self.assertEqual(reply.json["usage"]["total_tokens"], CONTEXT)

    def test_huge_prompts_are_refused_before_they_are_tokenised(self):
        text = "Lorem ipsum dolor. " * (50_000_000 // 19)
        read, refused = self.cost(lambda: self.engine.chat(user=text))
        self.assert_refused(refused, "user")  # read and no more
        for name, ask in [("completion", self.engine.complete), ("chat", self.engine.chat)]:
            with self.subTest(name=name):
                seconds, reply = self.cost(lambda: ask(text))
                self.assertLess(seconds, 2.5 * read + 0.1)
                self.assert_refused(reply, code="context_length_exceeded")
                self.assertGreater(reply.json["error"]["n_prompt_tokens"], CONTEXT)
        self.assert_alive()

    def cost(self, ask):
        """(seconds of the engine's processor, reply)"""
        before = self.engine.usage.cpu_seconds()
        reply = ask()
        return self.engine.usage.cpu_seconds() - before, reply

    def test_twenty_thousand_words(self):
        reply = self.engine.chat("word " * 20_000)
        self.assert_refused(reply, code="context_length_exceeded")
        self.assertEqual(reply.json["error"]["n_ctx"], CONTEXT)


class TokenizerTime(EngineTestCase):
    """Four times the text takes about four times the time, whatever the text; a quadratic step would
    take sixteen."""
    CONTEXT = 8192
    SMOLLM2 = True
    TEXTS = [
        ("prose", lambda size: ("The quick brown fox jumps over it. " * (size // 35 + 1))[:size]),
        ("one letter", lambda size: "a" * size),
        ("blanks", lambda size: " " * size),
        ("line ends", lambda size: "\n" * size),
        ("digits", lambda size: "0123456789" * (size // 10)),
        ("no blanks", lambda size: "abcdefghijklmnopqrstuvwxyz" * (size // 26)),
        ("emoji", lambda size: "\U0001f600" * (size // 4)),
        ("special tokens", lambda size: "<|im_start|>" * (size // 12)),
        ("half of one", lambda size: "<|im_start" * (size // 10)),
    ]

    def seconds(self, text):
        """Of the processor, for five times (a tick of the kernel's clock is 10 ms); the best of three,
        as neighbours make caches cold."""
        def once():
            before = self.engine.usage.cpu_seconds()
            for _ in range(5):
                reply = self.engine.post("/tokenize", {"prompt": text})
                self.assertIn(reply.status, (200, 400))  # 400: more tokens than the context
            return self.engine.usage.cpu_seconds() - before
        return min(once() for _ in range(3))

    def test_is_linear(self):
        for name, make in self.TEXTS:
            with self.subTest(name=name):
                small, large = self.seconds(make(25_000)), self.seconds(make(100_000))
                self.assertLess(large, 8 * small + 0.05, (small, large))


class TemplateVariables(EngineTestCase):
    """chat_template_kwargs: an allow-list."""

    def test_only_known_names(self):
        for key, value in [("tokenize", False), ("add_generation_prompt", False), ("tools", []),
                           ("chat_template", "{{ 1 }}"), ("conversation", []), ("messages", []),
                           ("bos_token", "x"), ("eos_token", "x"), ("documents", []), ("", 1),
                           ("raise_exception", "x"), ("self", "x"), ("a.b", 1), ("x" * 10_000, 1),
                           ("enable_thinking", {"a": "b"}), ("enable_thinking", [1]),
                           ("enable_thinking", "x" * 10_000), ("thinking", {"a": {"b": {}}})]:
            for path in ("/v1/chat/completions", "/tokenize"):
                with self.subTest(key=key[:30], path=path):
                    body = {"model": "m", "messages": [{"role": "user", "content": "Hi"}],
                            "chat_template_kwargs": {key: value}}
                    self.assert_refused(self.engine.post(path, body), "chat_template_kwargs")
        for value in (5, "x", []):
            self.assert_refused(self.engine.chat(chat_template_kwargs=value),
                                "chat_template_kwargs")
        self.assert_alive()

    def test_allowed_names_are_allowed(self):
        for kwargs in ({}, {"enable_thinking": False}, {"thinking": True}):
            self.assertEqual(self.engine.chat(chat_template_kwargs=kwargs).status, 200)


class Tokenize(EngineTestCase):
    """/tokenize and /detokenize undo each other."""

    def test_round_trip(self):
        for text in ("Hi", "", "é日本 \U0001f600", "a\0b", "<|im_start|>user"):
            with self.subTest(text=text):
                reply = self.engine.post("/tokenize", {"prompt": text})
                self.assertEqual(reply.status, 200, reply.body)
                self.assertEqual(reply.json["count"], len(reply.json["tokens"]))
                back = self.engine.post("/detokenize", {"tokens": reply.json["tokens"]})
                self.assertEqual(back.json["prompt"], text)

    def test_chat_is_what_the_template_makes_of_it(self):
        body = {"messages": [{"role": "user", "content": "Hi"}]}
        chat = self.engine.post("/tokenize", body).json
        text = self.engine.post("/detokenize", {"tokens": chat["tokens"]}).json["prompt"]
        self.assertEqual(text, "<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n")
        usage = self.engine.chat("Hi").json["usage"]
        self.assertEqual(usage["prompt_tokens"], chat["count"])

    def test_refusals(self):
        for body, param in [({}, "prompt"), ({"prompt": 5}, "prompt"), ({"messages": []}, "messages"),
                            ({"prompt": "x", "messages": [{"role": "user", "content": "x"}]},
                             "messages")]:
            self.assert_refused(self.engine.post("/tokenize", body), param)
        for tokens in (None, "x", [-1], [tiny_model.VOCAB_SIZE], [1 << 31], [1.5], ["a"],
                       [1] * ((1 << 20) + 1)):
            self.assert_refused(self.engine.post("/detokenize", {"tokens": tokens}), "tokens")
        self.assert_alive()


if __name__ == "__main__":
    unittest.main()
