"""Structured output: every finished answer validates against its schema, as the Python package
`jsonschema` sees it. The random-weight model walks where no sensible model would go."""
import concurrent.futures
import json
import unittest

import jsonschema

import schemas
from engine import LONG, EngineTestCase

FORMAT_CHECKER = jsonschema.FormatChecker()


def validate(answer, schema):
    jsonschema.validate(json.loads(answer), schema, jsonschema.Draft202012Validator,
                        format_checker=FORMAT_CHECKER)


class Schemas:
    """Asks for many schemas at once; at least `FINISHED` of the answers must come to their end."""

    def ask(self, number):
        schema = schemas.schema(number)
        reply = self.engine.chat(
            "Answer with an example.", max_tokens=self.MAX_TOKENS, temperature=1, seed=number,
            response_format={"type": "json_schema",
                             "json_schema": {"name": "example", "strict": True, "schema": schema}})
        if reply.status != 200:
            return f"schema {number}: {reply.body[:300]}"
        choice = reply.json["choices"][0]
        if choice["finish_reason"] != "stop":
            return None
        try:
            validate(choice["message"]["content"], schema)
        except ValueError as error:
            return f"schema {number}: {choice['message']['content']!r} is no JSON: {error}"
        except jsonschema.ValidationError as error:
            return f"schema {number}: {choice['message']['content']!r}: {error.message}"
        return ""

    def test_finished_answers_validate(self):
        with concurrent.futures.ThreadPoolExecutor(16) as pool:
            results = list(pool.map(self.ask, range(self.COUNT)))
        wrong = [result for result in results if result]
        self.assertEqual(wrong[:5], [], f"{len(wrong)} wrong")
        self.assertGreater(results.count(""), self.FINISHED * len(results))
        self.assert_alive()


class RandomModel(Schemas, EngineTestCase):
    COUNT = 10_000 if LONG else 200
    MAX_TOKENS = 400
    FINISHED = 0.2  # random letters seldom close a string


class SmolLM2(Schemas, EngineTestCase):
    SMOLLM2 = True
    COUNT = 1000 if LONG else 8
    MAX_TOKENS = 160
    FINISHED = 0.5


if __name__ == "__main__":
    unittest.main()
