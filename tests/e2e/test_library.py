"""The library on the command line, without a running platform: what would run on GPUs, and lint."""
import json
import os
import pathlib
import subprocess
import tempfile
import unittest

from harness import BINARY

ENTRY = """name: m
display_name: M
summary: {en: a, zh: b}
license: MIT
config: DeepSeek-V3.2
chat: {encoding: builtin, tool_calls: deepseekv32, reasoning: deepseek-v3}
spec: {architecture: deepseek_v32, weight_bytes: 689468986496, kv_bytes_per_token: 78324,
       num_hidden_layers: 61, hidden_size: 7168, num_attention_heads: 128, num_key_value_heads: 128,
       vocab_size: 129280}
sources: [{kind: huggingface, repo: o/m, revision: main}]
profiles:
  - name: p
    hardware: {device: nvidia, models: [H200], min_devices: 8}
    goal: throughput
    engine:
      engine: sglang
      version: 0.5.6.post2
      arguments: [--tp-size, 8, --tool-call-parser, PARSER, --reasoning-parser, deepseek-v3]
"""


def redline(*arguments):
    """Where no platform runs."""
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "REDLINE_DATA_DIR": "/nonexistent/redline"})


class Plan(unittest.TestCase):
    def test_the_goal_gives_the_command_line_and_what_each_flag_does(self):
        done = redline("deploy", "deepseek-v3.2", "--hardware", "h200x8", "--goal", "throughput",
                       "--dry-run")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertIn("--tp-size 8 --dp-size 8 --enable-dp-attention", done.stdout)
        self.assertIn("--tool-call-parser deepseekv32", done.stdout)
        self.assertIn("chunked_prefill_size 8192 -> 1024", done.stdout)
        for part in ("Memory of a GPU: weights 90.3 GiB", "tokens of context", "Evidence: 8968"):
            self.assertIn(part, done.stdout)

    def test_for_programs(self):
        done = redline("deploy", "deepseek-v3.2", "--hardware", "H200x8", "--engine", "vllm@0.13.0",
                       "--dry-run", "--output", "json", "--", "--tensor-parallel-size", "8")
        self.assertEqual(done.returncode, 0, done.stderr)
        plan = json.loads(done.stdout)
        self.assertEqual(plan["command"][:2], ["vllm", "serve"])
        self.assertEqual(plan["resolved"]["parallel"]["tensor_parallel_size"], 8)
        self.assertEqual(plan["num_gpus"], 8)
        self.assertGreater(plan["kv_tokens"], 500_000)
        self.assertIsNone(plan["error"])

    def test_what_cannot_be_says_why(self):
        sglang = ("--hardware", "H200x8", "--engine", "sglang", "--dry-run", "--")
        for arguments, code, parts in (
                (("deepseek-v3.2", *sglang, "--tp-size", "8", "--tool-call-parser", "deepseek_v32"),
                 2, ["would not start", "deepseekv32"]),
                (("qwen3-8b", *sglang, "--tp-size", "64"), None, ["takes 64 GPUs"]),
                (("qwen3-8b", *sglang, "--mem-fraction-static", "nan"), None, ["between 0 and 1"]),
                (("llama-3.1-8b-instruct", "--hardware", "RTX4090x1", "--engine", "vllm",
                  "--dry-run"), None, ["--max-model-len"]),
                (("deepseek-v3.2", "--hardware", "h200x8"), None, ["--dry-run"]),
                (("deepseek-v3.2", "--hardware", "h900x8", "--dry-run"), 2, ["H200x8"]),
                (("deepseek-v3.2", "--hardware", "h200x8", "--goal", "fast", "--dry-run"), 2,
                 ["throughput"]),
                (("qwen3-8b", "--hardware", "h200x8", "--goal", "latency", "--dry-run"), 4,
                 ["h200x1-balanced", "--engine"]),
                (("smollm2-135m-instruct", *sglang), None, ["config.json"]),
                (("deepseek-v3.2", "--engine", "sglang", "--dry-run"), None, ["needs"]),
                (("deepseek-v3.2", "--dry-run", "--", "--tp-size", "8"), 2, ["\"engine\""]),
                (("smollm2-135m-instruct", "--engine", "vllm@0.13.0", "--dry-run", "--",
                  "--max-model-lem", "1"), 2, ["--max-model-len"]),
                (("deepseek-v3.2", "--hardware", "H200x8", "--replicas", "2", "--dry-run"), 2,
                 ["--replicas"]),
                (("deepseek-v3.2", "--", "--tp-size", "8"), None, ["redline up"])):
            with self.subTest(arguments=arguments):
                done = redline("deploy", *arguments)
                self.assertNotEqual(done.returncode, 0)
                if code is not None:
                    self.assertEqual(done.returncode, code, done.stderr)
                self.assertEqual(len(done.stderr.strip().split("\n")), 1, done.stderr)
                for part in parts:
                    self.assertIn(part, done.stderr)


    def test_a_dry_run_without_a_platform_is_about_this_machine(self):
        done = redline("deploy", "smollm2-135m-instruct", "--engine", "vllm@0.13.0", "--dry-run",
                       "--output", "json", "--", "--max-model-len", "2048")
        self.assertEqual(done.returncode, 0, done.stderr)
        plan = json.loads(done.stdout)
        self.assertEqual(plan["command"][:3], ["vllm", "serve", "smollm2-135m-instruct"])
        self.assertEqual(plan["engine"]["resolved"]["max_model_len"], 2048)
        self.assertTrue(plan["fit"]["fits"])

    def test_output_that_cannot_be_written_is_a_failure(self):
        for arguments in (("deploy", "deepseek-v3.2", "--hardware", "H200x8", "--dry-run"),
                          ("catalog", "lint")):
            with open("/dev/full", "w") as full:
                done = subprocess.run([BINARY, *arguments], stdout=full, stderr=subprocess.PIPE,
                                      text=True, timeout=60)
            self.assertNotEqual(done.returncode, 0, arguments)
            self.assertIn("written", done.stderr)


class Lint(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def lint(self, *arguments):
        done = redline("catalog", "lint", *map(str, arguments), "--output", "json")
        return done, json.loads(done.stdout) if done.stdout else None

    def test_the_library_has_no_defect(self):
        done, defects = self.lint()
        self.assertEqual((done.returncode, defects), (0, []))

    def test_each_defect_of_a_file_or_folder(self):
        (self.folder / "good.yaml").write_text(ENTRY.replace("PARSER", "deepseekv32"))
        file = self.folder / "below" / "bad.yaml"
        file.parent.mkdir()
        file.write_text(ENTRY.replace("PARSER", "deepseek_v32"))
        for path in (file, self.folder):
            done, defects = self.lint(path)
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertEqual([(each["profile"], each["rule"]) for each in defects],
                             [("p", "refused")])
            self.assertIn("deepseekv32", defects[0]["message"])
            self.assertEqual(defects[0]["file"], str(file))

    def test_hostile_files(self):
        for text in (b"", b"[" * 1_000_000, b"a: &a [*a]", bytes(range(256)) * 100, b"name: 5\n" * 9, b"a: b\n---\nc: d\n",
                     b"name: \xff\n", b"name: \0\n"):
            (self.folder / "m.yaml").write_bytes(text)
            done, defects = self.lint(self.folder / "m.yaml")
            self.assertEqual(done.returncode, 1, done.stderr)
            self.assertEqual([each["rule"] for each in defects], ["syntax"])
        (self.folder / "m.yaml").write_bytes(b"a: " + b"x" * (5 << 20))
        self.assertIn("larger than", self.lint(self.folder / "m.yaml")[0].stderr)

    def test_nothing_to_check_is_said(self):
        self.assertIn("no .yaml", self.lint(self.folder)[0].stderr)
        self.assertIn("No such file", self.lint(self.folder / "m.yaml")[0].stderr)
        self.assertIn("there is lint", redline("catalog", "lin").stderr)


if __name__ == "__main__":
    unittest.main()
