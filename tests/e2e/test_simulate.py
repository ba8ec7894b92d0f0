"""Virtual engines (`redline simulate`) as clients, the lab and the planner see them."""
import contextlib
import json
import os
import pathlib
import re
import signal
import subprocess
import tempfile
import time
import unittest

from harness import BINARY, ROOT, free_port, send, wait_for

SETUP = ["--model", "DeepSeek-V3.2", "--hardware", "H200x8"]
SGLANG = ["--as", "sglang@0.5.6.post2", *SETUP]
SGLANG_FLAGS = ["--", "--tp-size", "8", "--enable-metrics", "--served-model-name", "m"]
# How the lab measures a virtual engine: a few seconds by default, with what is slow enough for a busy
# machine; from 100 requests a second on, with what can take so many.
RATE = float(os.environ.get("REDLINE_SIMULATE_RATE", "8"))
SECONDS = float(os.environ.get("REDLINE_SIMULATE_SECONDS", "6"))
TOLERANCE = float(os.environ.get("REDLINE_SIMULATE_TOLERANCE", "0.15"))
MEASURED = SGLANG if RATE < 100 else ["--as", "sglang@0.5.6.post2", "--model", "Qwen3-4B",
                                      "--hardware", "H200x8"]
MEASURED_FLAGS = SGLANG_FLAGS if RATE < 100 else ["--", "--tp-size", "1", "--dp-size", "8"]


def simulate(*words, ok=True):
    done = subprocess.run([BINARY, "simulate", *map(str, words)], text=True, capture_output=True,
                          timeout=120, check=False)
    if ok and done.returncode != 0:
        raise AssertionError(f"{words}: exit {done.returncode}: {done.stderr}")
    return done


@contextlib.contextmanager
def virtual_engine(words, flags, marker="ready to roll!"):
    """(port, process, path of its log)"""
    port = free_port()
    with tempfile.NamedTemporaryFile("w+", suffix=".log") as log:
        server = subprocess.Popen(
            [BINARY, "simulate", *words, "--port", str(port), *flags], stdout=log, text=True)
        try:
            wait_for(marker, lambda: marker in pathlib.Path(log.name).read_text()
                     or server.poll() is not None)
            yield port, server, pathlib.Path(log.name)
        finally:
            server.send_signal(signal.SIGTERM)
            server.wait(10)


class Server(unittest.TestCase):
    def test_sglang(self):
        with virtual_engine([*SGLANG, "--speed", "20"], SGLANG_FLAGS) as (port, _, log):
            body = {"model": "m", "prompt": [1, 2, 3], "max_tokens": 10, "ignore_eos": True}
            whole = send(port, "POST", "/v1/completions", body)
            self.assertEqual(whole.status, 200, whole.body)
            self.assertEqual(whole.json["usage"]["prompt_tokens"], 3)
            self.assertEqual(whole.json["usage"]["completion_tokens"], 10)
            stream = send(port, "POST", "/v1/chat/completions",
                          {"model": "m", "messages": [{"role": "user", "content": "hello"}],
                           "max_tokens": 10, "stream": True,
                           "stream_options": {"include_usage": True}})
            events = re.findall(r"^data: (.*)$", stream.body.decode(), re.M)
            self.assertEqual(events.pop(), "[DONE]")
            chunks = [json.loads(event) for event in events]
            self.assertEqual(len(chunks), 12)
            self.assertEqual("".join(chunk["choices"][0]["delta"].get("content") or ""
                                     for chunk in chunks[:-1]), whole.json["choices"][0]["text"])
            self.assertEqual(chunks[-1]["usage"]["completion_tokens"], 10)
            info = send(port, "GET", "/server_info").json
            self.assertIs(info["virtual"], True)
            self.assertEqual(info["tp_size"], 8)
            self.assertEqual(send(port, "GET", "/health_generate").status, 200)
            metrics = send(port, "GET", "/metrics").body.decode()
            self.assertIn('sglang:generation_tokens_total{model_name="m"} 20\n', metrics)
            bad = send(port, "POST", "/v1/completions", {**body, "n": 3})
            self.assertEqual((bad.status, bad.json["error"]["param"]), (400, "n"))
            self.assertIn("Prefill batch, #new-seq: 1", log.read_text())

    def test_refuses_what_the_engine_refuses(self):
        done = simulate(*SGLANG, "--", "--tp-sze", "8", ok=False)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn('did you mean "--tp-size"', done.stderr)

    def test_flags_that_mean_nothing_are_refused(self):
        for flags in (["--seed", "1"], ["--noise", "0.1"], ["--workload", "short", "--count", "2"]):
            done = simulate(*SGLANG, *flags, ok=False)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("means nothing", done.stderr)

    def test_many_engines_idle_in_one_process(self):
        count = 200
        with virtual_engine(["--as", "vllm@0.13.0", *SETUP, "--count", str(count)],
                            ["--", "--tensor-parallel-size", "8"],
                            "engines are ready") as (port, server, _):
            for index in (0, count - 1):
                self.assertEqual(send(port + index, "GET", "/health").status, 200)

            def cpu_ticks():
                fields = pathlib.Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
                return int(fields[11]) + int(fields[12])
            before = cpu_ticks()
            time.sleep(1)
            self.assertLessEqual(cpu_ticks() - before, 5)


class Timing(unittest.TestCase):
    def test_the_lab_measures_what_the_simulator_says(self):
        """Loose by default: machines that run tests are busy. docs/simulate.md has the figures."""
        with tempfile.TemporaryDirectory() as name:
            workload = pathlib.Path(name) / "workload.json"
            workload.write_text(json.dumps(
                {"name": "steady", "input_tokens": 200 if RATE < 100 else 100,
                 "output_tokens": 20,
                 "num_requests": int(RATE * SECONDS),
                 "arrivals": {"process": "poisson", "rate": RATE}}))
            with virtual_engine(MEASURED, MEASURED_FLAGS) as (port, _, _):
                done = subprocess.run(
                    [BINARY, "bench", "--url", f"http://127.0.0.1:{port}", "--workload", workload,
                     "--output", "json", "--no-self-check", "--no-warm-up"],
                    capture_output=True, text=True, timeout=300, check=True)
            measured = json.loads(done.stdout)
            computed = json.loads(simulate(*MEASURED, "--workload", workload, "--output", "json",
                                           *MEASURED_FLAGS).stdout)
        self.assertIs(computed["virtual"], True)
        self.assertEqual(measured["requests"], computed["requests"])
        for figure in ("ttft_ms", "tpot_ms", "e2e_ms"):
            ratio = measured[figure]["mean"] / computed[figure]["mean"]
            print(f"{figure}: measured {measured[figure]['mean']:.2f}, computed "
                  f"{computed[figure]['mean']:.2f}, ratio {ratio:.4f}")
            self.assertLess(abs(ratio - 1), TOLERANCE, figure)

    def test_a_truth_seed_is_a_machine(self):
        words = [*SGLANG, "--workload", "short", "--scale", "0.05", "--output", "json"]

        def output_tps(*flags):
            return json.loads(simulate(*words, *flags, *SGLANG_FLAGS).stdout)["output_tps"]
        known = output_tps()
        same = [output_tps("--truth-seed", 7, "--run-seed", 1) for _ in range(2)]
        other_run = output_tps("--truth-seed", 7, "--run-seed", 2)
        self.assertEqual(*same)
        self.assertNotEqual(same[0], known)
        self.assertNotEqual(same[0], other_run)
        self.assertLess(abs(other_run / same[0] - 1), 0.15)


class Examples(unittest.TestCase):
    def test_the_pages_commands_run_as_written(self):
        page = (ROOT / "docs/simulate.md").read_text()
        commands = re.findall(r"^redline (simulate .*--workload .*)$", page, re.M)
        self.assertEqual(len(commands), 3)
        for command in commands:
            with self.subTest(command):
                done = simulate(*command.split()[1:], ok=False)
                if "--tensor-parallel-sze" in command:
                    self.assertIn(done.stderr.strip(), page)
                else:
                    self.assertEqual(done.returncode, 0, done.stderr)


if __name__ == "__main__":
    unittest.main()
