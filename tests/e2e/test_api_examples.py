"""The requests that docs/api.md shows, as printed, against a real engine."""
import json
import os
import re
import subprocess
import unittest

from engine import EngineTestCase
from harness import ROOT

PRINTED = "http://127.0.0.1:8001"


def examples():
    return re.findall(r"^```sh\n(curl .*?)^```$", (ROOT / "docs/api.md").read_text(), re.M | re.S)


class Examples(EngineTestCase):
    def run_example(self, command):
        """What it prints. curl fails on a status that is an error."""
        folder = self.engine.folder
        (folder / ".curlrc").write_text("fail-with-body\n")
        command = command.replace(PRINTED, f"http://127.0.0.1:{self.engine.port}")
        done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=120,
                              env={**os.environ, "CURL_HOME": str(folder)}, check=False)
        self.assertEqual(done.returncode, 0, f"{command}\n{done.stdout}{done.stderr}")
        return done.stdout

    def test_each_is_answered(self):
        found = examples()
        self.assertGreaterEqual(len(found), 7)
        for command in found:
            with self.subTest(command.split(" -d ")[1][:80]):
                self.assertIn(PRINTED, command)
                printed = self.run_example(command)
                if '"stream": true' in command:
                    self.assertTrue(printed.endswith("data: [DONE]\n\n"), printed[-200:])
                elif "/tokenize" in command:
                    self.assertTrue(json.loads(printed)["tokens"])
                else:
                    self.assertTrue(json.loads(printed)["choices"])

    def test_what_must_be_json_is(self):
        for command in examples():
            if "tool_choice" not in command and "json_schema" not in command:
                continue
            choice = json.loads(self.run_example(command))["choices"][0]
            message = choice["message"]
            calls = message.get("tool_calls")
            json.loads(calls[0]["function"]["arguments"] if calls else message["content"])


if __name__ == "__main__":
    unittest.main()
