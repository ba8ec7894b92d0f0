"""The official Python client against an engine and, once, through the gateway: chat, stream, tools,
structured output, log-probs, errors, abort."""
import json
import math
import unittest

import jsonschema
import openai

from engine import MODEL, EngineTestCase
from harness import MODEL as CATALOG_MODEL, Redline, wait_for

QUESTION = [{"role": "user", "content": "What is the capital of France? Answer in one word."}]
PERSON = {"type": "object", "additionalProperties": False, "required": ["name", "age"],
          "properties": {"name": {"type": "string", "minLength": 1, "maxLength": 12},
                         "age": {"type": "integer", "minimum": 0, "maximum": 120}}}
TOOLS = [{"type": "function", "function": {"name": "save_person", "description": "Saves a person.",
                                           "parameters": PERSON}}]
FORMAT = {"type": "json_schema", "json_schema": {"name": "person", "schema": PERSON, "strict": True}}


def client_of(port, key="none"):
    return openai.OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key=key, max_retries=0)


class Client(EngineTestCase):
    SMOLLM2 = True
    CONTEXT = 2048

    def setUp(self):
        self.client = client_of(self.engine.port)
        self.addCleanup(self.client.close)

    def chat(self, messages=None, **fields):
        return self.client.chat.completions.create(**{
            "model": MODEL, "messages": QUESTION if messages is None else messages,
            "temperature": 0, **fields})

    def test_models(self):
        self.assertEqual([model.id for model in self.client.models.list()], [MODEL])
        self.assertEqual(self.client.models.retrieve(MODEL).id, MODEL)

    def test_chat(self):
        answer = self.chat()
        self.assertIn("Paris", answer.choices[0].message.content)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        usage = answer.usage
        self.assertEqual(usage.total_tokens, usage.prompt_tokens + usage.completion_tokens)

    def test_stream(self):
        stream = self.chat(stream=True, stream_options={"include_usage": True})
        chunks = list(stream)
        text = "".join(chunk.choices[0].delta.content or "" for chunk in chunks if chunk.choices)
        self.assertEqual(text, self.chat().choices[0].message.content)
        self.assertGreater(chunks[-1].usage.completion_tokens, 0)

    def test_stream_helper(self):
        with self.client.chat.completions.stream(model=MODEL, messages=QUESTION,
                                                 temperature=0) as stream:
            for _ in stream:
                pass
            final = stream.get_final_completion()
        self.assertIn("Paris", final.choices[0].message.content)

    def test_completions(self):
        answer = self.client.completions.create(model=MODEL, prompt=["One two", "A b"], max_tokens=4,
                                                n=2, logprobs=2, temperature=1, seed=1)
        self.assertEqual([choice.index for choice in answer.choices], [0, 1, 2, 3])
        logprobs = answer.choices[0].logprobs
        self.assertEqual(len(logprobs.tokens), len(logprobs.token_logprobs))
        self.assertEqual("".join(logprobs.tokens), answer.choices[0].text)

    def test_n(self):
        answer = self.chat(n=3, max_tokens=6, temperature=1, seed=3)
        self.assertEqual(sorted(choice.index for choice in answer.choices), [0, 1, 2])

    def test_logprobs(self):
        content = self.chat(logprobs=True, top_logprobs=5, max_tokens=4).choices[0].logprobs.content
        for token in content:
            self.assertEqual(len(token.top_logprobs), 5)
            ordered = [candidate.logprob for candidate in token.top_logprobs]
            self.assertEqual(ordered, sorted(ordered, reverse=True))
            self.assertEqual(token.token, token.top_logprobs[0].token)  # greedy
            self.assertTrue(math.isfinite(token.logprob) and token.logprob <= 0)
            self.assertEqual(bytes(token.bytes).decode(errors="replace"), token.token)
        self.assertEqual("".join(token.token for token in content),
                         self.chat(max_tokens=4).choices[0].message.content)

    def test_required_tool(self):
        named = {"type": "function", "function": {"name": "save_person"}}
        for choice, finish in (("required", "tool_calls"), (named, "stop")):
            answer = self.chat([{"role": "user", "content": "Anna is 30 years old."}], tools=TOOLS,
                               tool_choice=choice, parallel_tool_calls=False, max_tokens=200)
            self.assertEqual(answer.choices[0].finish_reason, finish)
            call = answer.choices[0].message.tool_calls[0]
            self.assertEqual((call.type, call.function.name), ("function", "save_person"))
            jsonschema.validate(json.loads(call.function.arguments), PERSON)

    def test_streamed_tool(self):
        with self.client.chat.completions.stream(
                model=MODEL, messages=QUESTION, tools=TOOLS, tool_choice="required",
                parallel_tool_calls=False, max_tokens=200, temperature=0) as stream:
            for _ in stream:
                pass
            call = stream.get_final_completion().choices[0].message.tool_calls[0]
        jsonschema.validate(json.loads(call.function.arguments), PERSON)

    def test_json_schema(self):
        answer = self.chat([{"role": "user", "content": "Describe a person."}],
                           response_format=FORMAT, max_tokens=200)
        self.assertEqual(answer.choices[0].finish_reason, "stop")
        jsonschema.validate(json.loads(answer.choices[0].message.content), PERSON)

    def test_parse_helper(self):
        import pydantic

        class Person(pydantic.BaseModel):
            name: str = pydantic.Field(max_length=12)
            age: int = pydantic.Field(ge=0, le=120)  # digits come to an end
        answer = self.client.chat.completions.parse(
            model=MODEL, messages=[{"role": "user", "content": "Describe a person."}],
            response_format=Person, max_tokens=200, temperature=0)
        self.assertIsInstance(answer.choices[0].message.parsed, Person)

    def test_stop_and_seed(self):
        ask = lambda **fields: self.chat([{"role": "user", "content": "Count from one to ten."}],
                                         max_tokens=24, **fields).choices[0]
        text = ask().message.content
        words = text.split()
        word = words[len(words) // 2]
        stopped = ask(stop=[word])
        self.assertEqual((stopped.finish_reason, stopped.message.content),
                         ("stop", text[:text.index(word)]))
        self.assertEqual(ask(temperature=1, seed=4).message.content,
                         ask(temperature=1, seed=4).message.content)

    def test_error_classes(self):
        for fields, error, param in [({"temperature": 3}, openai.BadRequestError, "temperature"),
                                     ({"n": 1000}, openai.BadRequestError, "n"),
                                     ({"model": "nope"}, openai.NotFoundError, "model")]:
            with self.subTest(fields=fields):
                with self.assertRaises(error) as caught:
                    self.chat(**fields)
                self.assertEqual(caught.exception.param, param)
                self.assertEqual(caught.exception.type, "invalid_request_error")
        with self.assertRaises(openai.BadRequestError):
            self.chat([])
        with self.assertRaises(openai.BadRequestError) as caught:
            self.chat([{"role": "user", "content": "word " * 9000}])
        self.assertEqual(caught.exception.code, "context_length_exceeded")

    def test_abort(self):
        stream = self.chat(stream=True, max_tokens=1500, extra_body={"ignore_eos": True})
        for _, _ in zip(range(3), stream):
            pass
        stream.close()
        self.engine.wait_idle()

    def test_async_client(self):
        import asyncio

        async def ask():
            async with openai.AsyncOpenAI(base_url=str(self.client.base_url), api_key="none",
                                          max_retries=0) as client:
                asked = [client.chat.completions.create(model=MODEL, messages=QUESTION,
                                                        temperature=0) for _ in range(4)]
                return await asyncio.gather(*asked)
        texts = {answer.choices[0].message.content for answer in asyncio.run(ask())}
        self.assertEqual(len(texts), 1)


class ThroughTheGateway(unittest.TestCase):
    def test_chat_stream_tool_and_errors(self):
        with Redline() as redline:
            redline.deploy()
            with client_of(redline.port, redline.key) as client:
                ask = lambda **fields: client.chat.completions.create(**{
                    "model": CATALOG_MODEL, "messages": QUESTION, "temperature": 0, **fields})
                self.assertIn("Paris", ask().choices[0].message.content)
                text = "".join(chunk.choices[0].delta.content or "" for chunk in ask(stream=True))
                self.assertIn("Paris", text)
                answer = ask(tools=TOOLS, tool_choice="required", parallel_tool_calls=False,
                             max_tokens=200)
                call = answer.choices[0].message.tool_calls[0]
                jsonschema.validate(json.loads(call.function.arguments), PERSON)
                with self.assertRaises(openai.BadRequestError):
                    ask(temperature=3)
                with self.assertRaises(openai.NotFoundError):
                    ask(model="nope")
            with client_of(redline.port, "wrong") as stranger, \
                    self.assertRaises(openai.AuthenticationError):
                stranger.models.list()
            wait_for("nothing is in flight", lambda: b"requests_in_flight 0" in redline.request(
                "GET", "/metrics").body)


if __name__ == "__main__":
    unittest.main()
