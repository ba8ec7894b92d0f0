"""What strangers send to an engine: bodies that are no JSON, fields outside their domain, wrong
methods. Each is refused with an error that names the field, and the engine goes on as before."""
import json
import unittest

import tiny_model
from engine import MODEL, EngineTestCase, chat_body, completion_body

MESSAGE = {"role": "user", "content": "Hi"}
TOOL = {"type": "function", "function": {"name": "look_up", "parameters": {"type": "object"}}}
FORMAT = {"type": "json_schema", "json_schema": {"name": "a", "schema": {"type": "object"}}}


def deep(levels):
    """A JSON text of lists inside each other."""
    return "[" * levels + "]" * levels


def with_raw(field, text):
    """A good chat request in which `field` has the value `text`, byte by byte."""
    raw = text if isinstance(text, bytes) else text.encode()
    return json.dumps(chat_body(**{field: "@@"})).encode().replace(b'"@@"', raw)


class Bodies(EngineTestCase):
    """Bodies that are no JSON object, or that nobody should read to the end."""

    CASES = [
        ("empty", b""),
        ("cut", b"{"),
        ("a list", b"[]"),
        ("a string", b'"x"'),
        ("a number", b"1"),
        ("null", b"null"),
        ("empty object", b"{}"),
        ("trailing text", json.dumps(chat_body()).encode() + b"{}"),
        ("a comment", b"{/* */}"),
        ("100k lists", with_raw("stop", "[" * 100_000)),
        ("100k closed lists", with_raw("stop", deep(100_000))),
        ("100k objects", with_raw("metadata", '{"a":' * 100_000 + "1" + "}" * 100_000)),
        ("invalid UTF-8", with_raw("user", b'"\xff\xfe"')),
        ("overlong UTF-8", with_raw("user", b'"\xc0\xaf"')),
        ("lone surrogate", with_raw("user", r'"\ud800"')),
        ("lone low surrogate", with_raw("user", r'"\udc00x"')),
        ("NUL byte", with_raw("user", b'"a\0b"')),
        ("NUL behind the body", json.dumps(chat_body()).encode() + b"\0"),
        ("duplicate key", b'{"model":"m","model":"m"}'),
        ("NaN", with_raw("temperature", "NaN")),
        ("Infinity", with_raw("temperature", "-Infinity")),
        ("1e400", with_raw("temperature", "1e400")),
        ("hexadecimal", with_raw("temperature", "0x1")),
        ("leading zero", with_raw("temperature", "01")),
        ("UTF-16", json.dumps(chat_body()).encode("utf-16")),
    ]

    def test_each_is_refused(self):
        for path in ("/v1/chat/completions", "/v1/completions", "/tokenize", "/detokenize"):
            for name, body in self.CASES:
                with self.subTest(name=name, path=path):
                    self.assert_refused(self.engine.post(path, body))
        self.assert_alive()

    def test_body_that_is_no_object_is_told_so(self):
        reply = self.engine.post("/v1/chat/completions", b"[]")
        self.assertIn("object", reply.json["error"]["message"])

    def test_huge_bodies_cost_no_more_than_their_size(self):
        mebibyte = 1 << 20
        usage = self.engine.usage
        for name, body, status in [
            ("a string above the limit", with_raw("user", '"' + "x" * (65 * mebibyte) + '"'), 413),
            ("a string below the limit", with_raw("user", '"' + "x" * (63 * mebibyte) + '"'), 400),
            ("a list of numbers", with_raw("stop", "[" + "0," * (20 * mebibyte) + "0]"), 400),
            ("many keys", b"{" + b",".join(b'"%d":0' % n for n in range(2_000_000)) + b"}", 400),
        ]:
            with self.subTest(name=name):
                usage.reset_peak_rss()
                before, cpu_before = usage.rss_bytes(), usage.cpu_seconds()
                self.assert_refused(self.engine.post("/v1/chat/completions", body), status=status)
                self.assertLess(usage.peak_rss_bytes() - before, 2 * len(body) + 256 * mebibyte)
                self.assertLess(usage.cpu_seconds() - cpu_before, 4)
        self.assert_alive()

    def test_media_type(self):
        body = json.dumps(chat_body())
        for media_type, status in [("text/plain", 415), ("application/x-www-form-urlencoded", 415),
                                   ("application/json; charset=utf-8", 200)]:
            with self.subTest(media_type=media_type):
                reply = self.engine.request("POST", "/v1/chat/completions", body,
                                            {"Content-Type": media_type})
                self.assertEqual(reply.status, status)

    def test_wrong_method_and_unknown_path(self):
        for method, path, allow in [("GET", "/v1/chat/completions", "POST"),
                                    ("PUT", "/v1/completions", "POST"),
                                    ("DELETE", "/v1/models", "GET"), ("POST", "/health", "GET")]:
            with self.subTest(method=method, path=path):
                reply = self.engine.request(method, path)
                self.assert_refused(reply, status=405)
                self.assertIn(allow, reply.headers["Allow"])
        for path in ("/v1/embeddings", "/v1/nothing", "/v1/chat/completions/x"):
            reply = self.engine.post(path, {"model": MODEL, "input": "Hi"})
            self.assert_refused(reply, status=404, code="not_found")

    def test_is_not_open_to_web_pages(self):
        reply = self.engine.request("GET", "/v1/models", headers={"Origin": "http://evil.example"})
        self.assertNotIn("Access-Control-Allow-Origin", reply.headers)


class Fields(EngineTestCase):
    """One wrong field in a good request: 400, `param` is the field."""

    BOTH = [
        ("model", [None, ..., 5, "", "x" * 257]),
        ("temperature", [-1, -1e-9, 2.1, 1e308, -1e308, "hot", [], {}, True]),
        ("top_p", [0, -0.1, 1.1, 2, "1"]),
        ("top_k", [-2, 1 << 31, 1.5, "1", True]),
        ("min_p", [-0.1, 1.1, "0"]),
        ("n", [0, -1, 129, 10**6, 10**18, 1.5, "2"]),
        ("max_tokens", [-5, 10**18, -(10**18), 1 << 31, 1.5, "5", True, []]),
        ("max_completion_tokens", [0, -5, 10**18, 1.5]),
        ("min_tokens", [-1, 10**18, "1"]),
        ("presence_penalty", [3, -2.1, "1", 1e308]),
        ("frequency_penalty", [3, -2.1, "1"]),
        ("repetition_penalty", [0, -1, 2.1, 1e308, "1"]),
        ("seed", ["abc", 1.5, 1 << 63, -(1 << 63) - 1, True]),
        ("stop", [[""], "", ["a"] * 5, [1], 5, {}, "x" * 1025, ["x" * 10_000_000]]),
        ("stop_token_ids", [[-1], [1 << 31], [tiny_model.VOCAB_SIZE], ["1"], 5, [1] * 1025]),
        ("logit_bias", [{"999999": 5}, {"abc": "x"}, {"1": "x"}, {"1": 101}, {"1": -101}, {"-1": 1},
                        {"1.5": 1}, {str(1 << 31): 1}, [], "x", {str(n): 1 for n in range(1025)}]),
        ("stream", ["yes", 1, []]),
        ("stream_options", [{"include_usage": True}, [], "x"]),  # without stream
        ("ignore_eos", ["yes", 0]),
        ("prompt_logprobs", [-1, 21, "1", 10**18]),
        ("user", [5, "x" * 513]),
        ("cache_salt", ["", "x" * 257, 5]),
        ("response_format", ["json", [], {}, {"type": "zzz"}, {"type": "json_schema"},
                             {"type": "json_schema", "json_schema": {"schema": {}}},
                             {"type": "json_schema", "json_schema": {"name": "a", "schema": 5}},
                             {"type": "json_schema",
                              "json_schema": {"name": "a", "schema": {"type": "zzz"}}}]),
        ("guided_regex", ["(", "[", "", 5]),
        ("guided_choice", [[], [5], "x", [""]]),
        ("structured_outputs", [{"regex": "("}, {"what": 1}, {"grammar": "start: nothing"}, "x"]),
        ("use_beam_search", [True]),
        ("prompt_embeds", ["AAAA"]),
        ("logits_processors", [["os.system"]]),
    ]
    CHAT = [
        ("messages", [[], "Hi", None, 5, {}, [5], [{}], [{"content": "Hi"}], [{"role": "user"}],
                      [{"role": "bogus", "content": "Hi"}], [{"role": "user", "content": None}],
                      [{"role": "user", "content": 5}], [{"role": "user", "content": [5]}],
                      [{"role": "user", "content": [{"type": "image_url", "image_url": "x"}]}],
                      [{"role": "tool", "content": "x"}], [MESSAGE] * 4097]),
        ("logprobs", ["yes", 5]),
        ("top_logprobs", [21, 999, -1, "1", 5]),  # 5: without logprobs
        ("max_tokens", [0]),
        ("tools", [[{"type": "function"}], "x", [5], [{"type": "magic", "function": {"name": "a"}}],
                   [{"type": "function", "function": {"name": "a b"}}], [TOOL, TOOL],
                   [{"type": "function", "function": {"name": "x" * 65}}],
                   [{"type": "function", "function": {"name": "a", "parameters": 5}}],
                   [{"type": "function", "function": {"name": f"f{n}"}} for n in range(129)]]),
        ("tool_choice", ["always", 5, "required",  # required: without tools
                         {"type": "function", "function": {"name": "f"}}, {"type": "function"}]),
        ("reasoning_effort", ["most", 5]),
        ("chat_template", ["{{ messages }}"]),
        ("functions", [[{"name": "f"}]]),
        ("audio", [{"voice": "x"}]),
    ]
    COMPLETION = [
        ("prompt", [..., None, [], 5, {}, [-1], [tiny_model.VOCAB_SIZE], [99999999], [1 << 31],
                    [10**18], [1.5], [["a"]], ["a"] * 129]),
        ("logprobs", [-1, 21, True, "1"]),
        ("echo", ["yes", 5]),
        ("suffix", ["x"]),
        ("best_of", [3, 0]),
    ]

    def check(self, path, make_body, table):
        for field, values in table:
            for value in values:
                with self.subTest(path=path, field=field, value=str(value)[:60]):
                    reply = self.engine.post(path, make_body(**{field: value}))
                    self.assert_refused(reply, param=field)

    def test_each_field_over_its_domain(self):
        usage = self.engine.usage
        usage.reset_peak_rss()
        before = usage.rss_bytes()
        self.check("/v1/chat/completions", chat_body, self.BOTH + self.CHAT)
        self.check("/v1/completions", completion_body, self.BOTH + self.COMPLETION)
        self.assertLess(usage.peak_rss_bytes() - before, 128 << 20)
        self.assert_alive()

    def test_fields_that_contradict_each_other(self):
        cases = [
            ({"tools": [TOOL], "tool_choice": {"type": "function", "function": {"name": "look"}}},
             "tool_choice"),
            ({"tools": [TOOL], "tool_choice": "required", "response_format": FORMAT},
             "tool_choice"),
            ({"response_format": FORMAT, "guided_regex": "a"}, ""),
            ({"min_tokens": 3, "max_tokens": 2}, "min_tokens"),
            ({"prompt_logprobs": 1, "stream": True}, "prompt_logprobs"),
            ({"continue_final_message": True}, "continue_final_message"),
        ]
        for fields, param in cases:
            with self.subTest(fields=list(fields)):
                self.assert_refused(self.engine.post("/v1/chat/completions", chat_body(**fields)),
                                    param=param)
        self.assert_alive()

    def test_numbers_are_repeated_as_they_were_sent(self):
        for value in (10**18, -5, -(10**18)):
            message = self.engine.chat(max_tokens=value).json["error"]["message"]
            self.assertIn(str(value), message)

    def test_null_is_as_if_not_given(self):
        for field in ("temperature", "top_p", "n", "max_tokens", "seed", "stop", "logit_bias",
                      "stream", "stream_options", "presence_penalty", "tools", "tool_choice",
                      "response_format", "logprobs", "top_logprobs", "user"):
            with self.subTest(field=field):
                self.assertEqual(self.engine.chat(**{"max_tokens": 2, field: None}).status, 200)

    def test_edges_of_the_domains_are_inside(self):
        for fields in [{"temperature": 2}, {"top_p": 1e-9, "temperature": 1}, {"top_k": -1},
                       {"n": 128, "max_tokens": 1}, {"seed": (1 << 63) - 1}, {"seed": -(1 << 63)},
                       {"stop": ["a", "b", "c", "d"]}, {"stop": "x" * 1024},
                       {"logit_bias": {"0": -100, str(tiny_model.VOCAB_SIZE - 1): 100}},
                       {"presence_penalty": -2, "frequency_penalty": 2, "repetition_penalty": 2},
                       {"logprobs": True, "top_logprobs": 20}, {"max_tokens": (1 << 31) - 1,
                                                                 "ignore_eos": False},
                       {"cache_salt": "x" * 256}, {"unknown_field": 1}]:
            with self.subTest(fields=fields):
                self.assertEqual(self.engine.chat(**fields).status, 200)

    def test_unknown_model_is_a_404(self):
        self.assert_refused(self.engine.chat(model="nope"), "model", "model_not_found", 404)


if __name__ == "__main__":
    unittest.main()
