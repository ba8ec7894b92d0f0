"""`redline tune`: rehearsals on virtual hardware, and this machine's engines with every way to fail."""
import contextlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time
import unittest

from engine import SMOLLM2, need_smollm2
from harness import BINARY, CACHE_DIR, MODEL, alive, wait_for

VIRTUAL = ["Qwen3-4B", "--hardware", "h200x2", "--virtual", "--workload", "medium", "--requests",
           "40", "--max-time", "700h"]
# A small run of real engines.
SMALL = [MODEL, "--workload", "short", "--requests", "4", "--concurrency", "2", "--scale-lengths",
         "0.25", "--repeats", "3", "--max-rounds", "3", "--max-time", "5m"]

# A llama.cpp that is this product's own engine, and that fails in every way by its flags.
FAKE_LLAMA = """#!/usr/bin/env python3
import os, signal, socket, subprocess, sys, time
words = sys.argv[1:]
if "--version" in words:
    print("version: 11434 (fake)")
    sys.exit(0)
def after(*flags):
    for flag in flags:
        if flag in words:
            return words[words.index(flag) + 1]
    return ""
if after("--ubatch-size") == "1024":
    print("error: out of memory", file=sys.stderr)
    sys.exit(1)
if after("--ubatch-size") == "2048":
    time.sleep(600)
if after("--parallel") == "8":
    print("main: couldn't bind HTTP server socket, hostname: 127.0.0.1", file=sys.stderr)
    sys.exit(1)
# The wrong one is fast: only the guard can reject it.
is_wrong = after("--parallel") == "16"
model = os.environ["WRONG_MODEL"] if is_wrong else after("--model")
if not is_wrong:
    os.environ["REDLINE_ISA"] = "ref"
argv = [os.environ["REDLINE"], "serve", "--model-path", model, "--uds", after("--host"),
        "--served-model-name", after("--alias")]
if after("--flash-attn") == "on":
    child = subprocess.Popen(argv)
    answer = b""
    while b" 200 " not in answer and child.poll() is None:
        time.sleep(0.05)
        try:
            with socket.socket(socket.AF_UNIX) as connection:
                connection.settimeout(5)
                connection.connect(after("--host"))
                connection.sendall(b"GET /health HTTP/1.1\\r\\nHost: x\\r\\n\\r\\n")
                answer = connection.recv(4096)
        except OSError:
            pass
    time.sleep(1)  # ready, and seen to be
    child.kill()
    sys.exit(3)
os.execv(argv[0], argv)
"""


def tune(folder, *arguments, ok=True, env=None, timeout=300):
    done = subprocess.run(
        [BINARY, "tune", *map(str, arguments), "--report", str(folder), "--output", "json"],
        text=True, capture_output=True, timeout=timeout, env={**os.environ, **(env or {})})
    if ok and done.returncode != 0:
        raise AssertionError(f"{arguments}: exit {done.returncode}: {done.stderr[-2000:]}")
    return json.loads(done.stdout) if done.returncode == 0 else done


def write_damaged(model, path):
    """The same model with bits of half of its weights turned over: finite numbers, and nonsense."""
    data = model.read_bytes()
    begin, end = len(data) // 4, len(data) * 3 // 4
    turned = data[begin:end].translate(bytes(byte ^ 0x11 for byte in range(256)))
    path.write_bytes(data[:begin] + turned + data[end:])


def processes_of(folder):
    """Processes that were launched in this folder and still run."""
    tag = str(folder).encode()
    found = []
    for proc in pathlib.Path("/proc").iterdir():
        with contextlib.suppress(OSError):
            if proc.name.isdigit() and alive(int(proc.name)):
                environment = (proc / "environ").read_bytes()
                if b"REDLINE_LAUNCH=" in environment and tag in environment:
                    found.append(int(proc.name))
    return found


class WithFolder(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rl-tune-"))
        self.report = self.folder / "report"

    def tearDown(self):
        shutil.rmtree(self.folder, ignore_errors=True)


class Virtual(WithFolder):
    def test_a_winner_with_its_steps_and_its_report(self):
        result = tune(self.report, *VIRTUAL, "--truth-seed", "3")
        self.assertTrue(result["virtual"])
        self.assertTrue(result["winner"]["text"])
        self.assertTrue(result["baseline"]["engine"].startswith("vllm@"))
        self.assertGreaterEqual(result["trials"], 2)
        self.assertTrue(all({"change", "accepted", "reason"} <= set(step)
                            for step in result["steps"]))
        if result["has_winner"]:
            self.assertGreater(result["low"], 1)
        self.assertLessEqual(result["low"], result["ratio"])
        self.assertLessEqual(result["ratio"], result["high"])
        for name in ["result.json", "report.html", "report.md", "trials.csv", "journal.jsonl",
                     "status.json"]:
            self.assertTrue((self.report / name).exists(), name)
        self.assertEqual(json.loads((self.report / "status.json").read_text())["state"], "finished")
        self.assertIn("VIRTUAL", (self.report / "report.html").read_text())

    def test_the_same_seed_finds_the_same(self):
        first = tune(self.report, *VIRTUAL, "--engines", "vllm")
        second = tune(self.folder / "other", *VIRTUAL, "--engines", "vllm")
        for name in ["winner", "ratio", "low", "high", "trials"]:
            self.assertEqual(first[name], second[name])

    def test_killed_again_and_again_it_comes_to_the_same(self):
        whole = tune(self.folder / "whole", *VIRTUAL, "--strategy", "walk")
        words = [BINARY, "tune", *VIRTUAL, "--strategy", "walk", "--report", str(self.report)]
        journal = self.report / "journal.jsonl"
        for sitting in range(3):
            before = journal.read_text().count("\n") if sitting else 0
            process = subprocess.Popen(words + (["--resume"] if sitting else []),
                                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            wait_for("the journal grows", lambda: process.poll() is not None or (
                journal.exists() and journal.read_text().count("\n") > before + 5), 60)
            process.kill()
            process.wait()
        result = tune(self.report, *VIRTUAL, "--strategy", "walk", "--resume")
        for name in ["winner", "ratio", "low", "high", "trials"]:
            self.assertEqual(result[name], whole[name])

    def test_refusals_name_the_flag_and_the_remedy(self):
        cases = [
            (["--virtual"], "--hardware h200x8"),
            (["--virtual", "--hardware", "h200x9999999"], "1 to 1024"),
            (["--virtual", "--hardware", "h200x2", "--plant", "nothing"], "--plant"),
            (["--virtual", "--hardware", "h200x2", "--max-time", "forever"], "--max-time"),
            (["--virtual", "--hardware", "h200x2", "--engines", "vlm"], "vllm"),
            (["--hardware", "h200x2"], "--virtual"),
        ]
        for flags, word in cases:
            done = tune(self.report, "Qwen3-4B", *flags, ok=False)
            self.assertNotEqual(done.returncode, 0, flags)
            self.assertIn(word, done.stderr, flags)

    def test_another_run_is_not_gone_on_with(self):
        tune(self.report, *VIRTUAL, "--engines", "vllm")
        again = tune(self.report, *VIRTUAL, "--engines", "vllm", ok=False)
        self.assertIn("--resume", again.stderr)
        other = tune(self.report, *VIRTUAL, "--engines", "sglang", "--resume", ok=False)
        self.assertIn("another run", other.stderr)

    def test_a_wrong_configuration_is_rejected_however_fast(self):
        result = tune(self.report, *VIRTUAL, "--engines", "vllm", "--strategy", "walk", "--plant",
                      "wrong_answers:--kv-cache-dtype fp8")
        wrong = [trial for trial in result["trial_log"] if trial["fault"] == "wrong_answers"]
        self.assertTrue(wrong)
        self.assertNotIn("fp8", result["winner"]["text"])
        step = next(s for s in result["steps"] if "KV cache" in s["change"])
        self.assertFalse(step["accepted"])
        self.assertIn("wrong_answers", step["reason"])


class Engines(WithFolder):
    def setUp(self):
        super().setUp()
        need_smollm2()
        self.cache = self.folder / "cache"
        self.cache.mkdir()
        models = pathlib.Path(CACHE_DIR) / "models"
        models.mkdir(parents=True, exist_ok=True)  # no test may have fetched the model yet
        os.symlink(models, self.cache / "models")

    def tearDown(self):
        wait_for("every engine has ended", lambda: not processes_of(self.folder), 30)
        super().tearDown()

    def test_the_native_engine(self):
        result = tune(self.report, *SMALL, "--engines", "native", "--cache-dir", self.cache,
                      "--max-trials", "4")
        self.assertFalse(result["virtual"])
        self.assertEqual(result["baseline"]["text"], "native")
        self.assertGreaterEqual(result["trials"], 2)
        baseline = result["trial_log"][0]
        self.assertGreater(baseline["runs"][0]["figures"]["total_tps"], 0)
        self.assertTrue((self.report / baseline["runs"][0]["result_file"]).exists())
        self.assertIn("cpu", result["environment"])

    def test_killed_it_leaves_no_engine_and_goes_on(self):
        words = [BINARY, "tune", *SMALL, "--engines", "native", "--cache-dir", str(self.cache),
                 "--max-trials", "3", "--report", str(self.report)]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        journal = self.report / "journal.jsonl"
        wait_for("a run is written down", lambda: journal.exists() and
                 journal.read_text().count("\n") > 1, 120)
        self.assertTrue(processes_of(self.folder))
        process.send_signal(signal.SIGKILL)
        process.wait()
        wait_for("its engines have ended", lambda: not processes_of(self.folder), 20)
        done = journal.read_text().count("\n")
        kept = {path: path.read_bytes() for path in (self.report / "runs").iterdir()}
        self.assertTrue(kept)
        result = tune(self.report, *SMALL, "--engines", "native", "--cache-dir", self.cache,
                      "--max-trials", "3", "--resume")
        self.assertGreater(result["trials"], 1)
        self.assertGreater(journal.read_text().count("\n"), done)
        for path, before in kept.items():
            self.assertEqual(path.read_bytes(), before, path)
        self.assertGreater(len(list((self.report / "runs").iterdir())), len(kept))

    def test_interrupted_it_says_so_and_goes_on(self):
        words = [BINARY, "tune", *SMALL, "--engines", "native", "--cache-dir", str(self.cache),
                 "--max-trials", "3", "--report", str(self.report)]
        process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
                                   text=True)
        journal = self.report / "journal.jsonl"
        wait_for("a run is written down", lambda: journal.exists() and
                 journal.read_text().count("\n") > 1, 120)
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertNotEqual(process.returncode, 0)
        self.assertIn("--resume", errors)
        self.assertEqual(json.loads((self.report / "status.json").read_text())["state"], "stopped")
        self.assertFalse(processes_of(self.folder))
        tune(self.report, *SMALL, "--engines", "native", "--cache-dir", self.cache,
             "--max-trials", "3", "--resume")

    def test_every_way_to_fail_is_a_result(self):
        wrong = self.folder / "wrong.gguf"
        write_damaged(SMOLLM2, wrong)
        program = self.folder / "llama-server"
        program.write_text(FAKE_LLAMA)
        program.chmod(0o755)
        subprocess.run([BINARY, "engine", "install", "llama_cpp@11434", "--path", str(program),
                        "--cache-dir", str(self.cache)], check=True, capture_output=True)
        result = tune(self.report, *SMALL, "--engines", "llama_cpp", "--strategy", "walk",
                      "--cache-dir", self.cache, "--start-timeout", "5", "--scale-lengths", "0.05",
                      env={"REDLINE": BINARY, "WRONG_MODEL": str(wrong)})
        # A step before may have won by noise: its flags then stand beside those that fail.
        for flag, fault in [("--ubatch-size 1024", "crashed_at_load"),
                            ("--ubatch-size 2048", "hung_at_load"),
                            ("--flash-attn on", "crashed_in_run"),
                            ("--parallel 8", "port_taken"), ("--parallel 16", "wrong_answers")]:
            found = [trial["fault"] for trial in result["trial_log"]
                     if f" {flag} " in trial["configuration"]["text"] + " "]
            self.assertTrue(found, flag)
            self.assertEqual(set(found), {fault}, flag)
        step = next(step for step in result["steps"] if step["change"].endswith("-> 16"))
        self.assertGreater(step["low"], 1)
        self.assertFalse(step["accepted"])
        self.assertNotIn("--parallel 16", result["winner"]["text"])


if __name__ == "__main__":
    unittest.main(verbosity=2)
