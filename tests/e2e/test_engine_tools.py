"""Tools with a model whose template knows none: a forced call is a call, with arguments that
validate. And answers that do not depend on who else is asking."""
import concurrent.futures
import json
import unittest

import jsonschema

import tiny_model
from engine import LONG, EngineTestCase

WEATHER = {"type": "object", "additionalProperties": False, "required": ["city", "unit"],
           "properties": {"city": {"type": "string", "minLength": 1, "maxLength": 12},
                          "unit": {"enum": ["celsius", "fahrenheit"]},
                          "days": {"type": "integer", "minimum": 1, "maximum": 14}}}
ORDER = {"type": "object", "additionalProperties": False, "required": ["item", "quantity"],
         "properties": {"item": {"enum": ["tea", "coffee", "water"]},
                        "quantity": {"type": "integer", "minimum": 1, "maximum": 9},
                        "options": {"type": "object", "additionalProperties": False,
                                    "properties": {"sugar": {"type": "boolean"}}}}}
NOTHING = {"type": "object", "properties": {}, "additionalProperties": False}
TOOLS = {"get_weather": WEATHER, "place_order": ORDER, "hang_up": NOTHING}


def definitions(*names):
    return [{"type": "function", "function": {"name": name, "description": f"To {name}.",
                                              "parameters": TOOLS[name]}} for name in names]


def named(name):
    return {"type": "function", "function": {"name": name}}


def joined(chunks):
    """The message that a stream's chunks make, and its finish_reason."""
    content, calls, finish = "", {}, None
    for chunk in chunks:
        for choice in chunk["choices"]:
            content += choice["delta"].get("content") or ""
            finish = choice["finish_reason"] or finish
            for piece in choice["delta"].get("tool_calls") or []:
                call = calls.setdefault(piece["index"], {"name": "", "arguments": ""})
                call["name"] += piece["function"].get("name") or ""
                call["arguments"] += piece["function"].get("arguments") or ""
    return content, list(calls.values()), finish


class ForcedCalls(EngineTestCase):
    SMOLLM2 = True
    CASES = [  # tool_choice, tools, the one that must be called, OpenAI's finish_reason
        ("required", ["get_weather", "place_order", "hang_up"], None, "tool_calls"),
        ("required", ["place_order"], "place_order", "tool_calls"),
        (named("get_weather"), ["get_weather", "place_order"], "get_weather", "stop"),
        (named("hang_up"), ["get_weather", "hang_up"], "hang_up", "stop"),
    ]

    def check(self, calls, expected):
        for call in calls:
            self.assertIn(call["name"], [expected] if expected else TOOLS)
            jsonschema.validate(json.loads(call["arguments"]), TOOLS[call["name"]])

    def ask(self, tools, **fields):
        reply = self.engine.chat("What is the weather in Paris?", tools=definitions(*tools), seed=1,
                                 **{"max_tokens": 100, **fields})
        self.assertEqual(reply.status, 200, reply.body)
        choice = reply.json["choices"][0]
        calls = choice["message"]["tool_calls"]
        self.assertEqual(len({call["id"] for call in calls}), len(calls))
        return choice["finish_reason"], [call["function"] for call in calls]

    def test_arguments_validate(self):
        num_cut = 0  # a small model may go on within a string until max_tokens
        for choice, tools, expected, finish in self.CASES:
            for temperature in (0, 1):
                with self.subTest(choice=choice, temperature=temperature):
                    finished, calls = self.ask(tools, tool_choice=choice, temperature=temperature,
                                               parallel_tool_calls=False)
                    if finished == "length":
                        num_cut += 1
                        continue
                    self.assertEqual((finished, len(calls)), (finish, 1))
                    self.check(calls, expected)
        self.assertLessEqual(num_cut, len(self.CASES))  # half of them

    def test_several_calls(self):
        finished, calls = self.ask(["get_weather", "place_order"], tool_choice="required",
                                   temperature=1)
        self.assertTrue(calls)
        if finished == "length":  # the last call may be cut
            calls.pop()
        self.check(calls, None)

    def test_stream_gives_the_same_call(self):
        fields = {"tools": definitions("get_weather"), "tool_choice": "required",
                  "max_tokens": 200, "parallel_tool_calls": False}
        whole = self.engine.chat("Weather in Rome?", **fields).json["choices"][0]
        with self.engine.stream_chat("Weather in Rome?", **fields) as stream:
            content, calls, finish = joined(stream.chunks())
        self.assertEqual((content, finish), ("", "tool_calls"))
        self.assertEqual(calls, [{key: call["function"][key] for key in ("name", "arguments")}
                                 for call in whole["message"]["tool_calls"]])
        self.assertEqual(len(calls), 1)
        self.check(calls, "get_weather")

    def test_tool_choice_none_and_auto_are_free_to_talk(self):
        for choice in ("none", "auto"):
            reply = self.engine.chat("Say hello.", tools=definitions("hang_up"), tool_choice=choice,
                                     max_tokens=8)
            self.assertEqual(reply.status, 200, reply.body)
            self.assertIn(reply.json["choices"][0]["finish_reason"], ("stop", "length"))
            self.assertTrue(reply.json["choices"][0]["message"]["content"])

    def test_answers_of_tools_are_taken(self):
        call = {"id": "call_1", "type": "function",
                "function": {"name": "get_weather", "arguments": '{"city":"Paris","unit":"celsius"}'}}
        reply = self.engine.chat(messages=[
            {"role": "user", "content": "Weather in Paris?"},
            {"role": "assistant", "content": None, "tool_calls": [call]},
            {"role": "tool", "tool_call_id": "call_1", "content": '{"temperature": 21}'},
        ], tools=definitions("get_weather"), max_tokens=8)
        self.assertEqual(reply.status, 200, reply.body)


class Determinism(EngineTestCase):
    TINY = tiny_model.SLOWER
    REQUESTS = [
        {"content": "Name three colours.", "temperature": 0},
        {"content": "Tell me a story about a fox.", "temperature": 1, "seed": 7},
        {"content": "Count to ten.", "temperature": 0.7, "seed": 1, "top_p": 0.9, "top_k": 40,
         "frequency_penalty": 0.5},
    ]

    def text(self, fields):
        reply = self.engine.chat(**{"max_tokens": 48, "ignore_eos": True, "logprobs": True,
                                    "top_logprobs": 2, **fields})
        self.assertEqual(reply.status, 200, reply.body)
        choice = reply.json["choices"][0]
        return choice["message"]["content"], json.dumps(choice["logprobs"])

    def test_alone_and_beside_fifteen_others(self):
        others = [{"content": f"{number} " * number, "temperature": 1, "seed": number}
                  for number in range(1, 16)]
        for fields in self.REQUESTS:
            alone = self.text(fields)
            with concurrent.futures.ThreadPoolExecutor(16) as pool:
                beside = [pool.submit(self.text, other) for other in others]
                self.assertEqual(pool.submit(self.text, fields).result(), alone)
                for answer in beside:
                    answer.result()


class DeterminismOfSmolLM2(Determinism):
    """The same over a quantised model; most of the time is the processors'."""
    TINY = None
    SMOLLM2 = True
    CONTEXT = 1024
    REQUESTS = Determinism.REQUESTS if LONG else Determinism.REQUESTS[1:2]

    def text(self, fields):
        return super().text({"max_tokens": 8, **fields})


class Answers(EngineTestCase):
    def test_n_answers_are_those_of_n_requests(self):
        fields = {"temperature": 1, "seed": 5, "max_tokens": 8, "ignore_eos": True}
        reply = self.engine.chat("Tell me a story.", n=3, **fields)
        texts = [choice["message"]["content"] for choice in reply.json["choices"]]
        self.assertEqual(len(set(texts)), 3)
        again = self.engine.chat("Tell me a story.", n=3, **fields)
        self.assertEqual(texts, [choice["message"]["content"] for choice in again.json["choices"]])
        self.assertEqual(self.engine.chat("Tell me a story.", **fields).json["choices"][0]["message"]
                         ["content"], texts[0])

    def test_stream_has_the_order_of_openai(self):
        with self.engine.stream_chat("Hi", max_tokens=4, stream_options={"include_usage": True}
                                     ) as stream:
            chunks = list(stream.chunks())
        self.assertEqual(chunks[0]["choices"][0]["delta"]["role"], "assistant")
        self.assertIsNotNone(chunks[-2]["choices"][0]["finish_reason"])
        self.assertEqual(chunks[-1]["choices"], [])
        self.assertGreater(chunks[-1]["usage"]["completion_tokens"], 0)
        for chunk in chunks[:-1]:
            self.assertIsNone(chunk.get("usage"))
        self.assertEqual(len({chunk["id"] for chunk in chunks}), 1)


if __name__ == "__main__":
    unittest.main()
