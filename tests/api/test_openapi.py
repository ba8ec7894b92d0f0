"""Requests made from the engine's own description of its API (schemathesis, a fixed seed): no 5xx,
answers as described, and the engine lives."""
import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

from engine import LONG, EngineTestCase

CHECKS = ["not_a_server_error", "status_code_conformance", "content_type_conformance",
          "response_schema_conformance"]
CASES_PER_OPERATION = 500 if LONG else 10
LEAST_CASES = 2000


class OpenApi(EngineTestCase):
    CONTEXT = 256

    def test_description_is_complete(self):
        paths = self.engine.request("GET", "/openapi.json").json["paths"]
        for path, method in [("/v1/chat/completions", "post"), ("/v1/completions", "post"),
                             ("/tokenize", "post"), ("/detokenize", "post"), ("/v1/models", "get"),
                             ("/health", "get"), ("/metrics", "get"), ("/server_info", "get")]:
            self.assertIn(method, paths.get(path, {}), path)

    def test_requests_made_from_the_description(self):
        with tempfile.TemporaryDirectory() as folder:
            done = subprocess.run(
                [pathlib.Path(sys.executable).parent / "schemathesis", "--no-color", "run",
                 f"http://127.0.0.1:{self.engine.port}/openapi.json", "--phases", "coverage,fuzzing",
                 "--mode", "all", "--checks", ",".join(CHECKS), "--seed", "1", "--workers", "2",
                 "--max-examples", str(CASES_PER_OPERATION), "--continue-on-failure", "--no-shrink",
                 "--suppress-health-check", "all", "--warnings", "off", "--request-timeout", "60"],
                cwd=folder, env={**os.environ, "HYPOTHESIS_STORAGE_DIRECTORY": folder}, text=True,
                stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout[-8000:])
        generated = int(re.search(r"(\d+) generated", done.stdout)[1])
        print(f"schemathesis: {generated} cases")
        self.assertGreaterEqual(generated, LEAST_CASES)
        self.assert_alive()


if __name__ == "__main__":
    unittest.main()
