"""A virtual node: eight H200 that are not there, from joining to leaving, and everything marked."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from harness import BINARY, MODEL, Redline, alive, wait_for

NODE = "virtual-h200x8"
DEEPSEEK = "deepseek-v3.2"
TUNED = ["--tp-size", "8", "--dp-size", "8", "--enable-dp-attention", "--nsa-prefill-backend", "fa3",
         "--reasoning-parser", "deepseek-v3", "--tool-call-parser", "deepseekv32"]


def command_line(pid):
    return pathlib.Path(f"/proc/{pid}/cmdline").read_bytes().decode().split("\0")[:-1]


def workers_of(redline):
    return redline.request("GET", "/api/v1/workers").json["items"]


class Node:
    """One `redline join`, in the foreground."""

    def __init__(self, redline, *flags, name=NODE):
        self.redline, self.name = redline, name
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            [BINARY, "join", "--simulate", "h200x8", "--name", name, "--data-dir",
             str(redline.data_dir), *flags], stdout=self.log, stderr=self.log)
        wait_for(f"{name} is READY", lambda: self.state() == "READY", 30)

    def worker(self):
        return next((each for each in workers_of(self.redline) if each["name"] == self.name), None)

    def state(self):
        if self.process.poll() is not None:
            self.log.seek(0)
            raise AssertionError(f"redline join ended: {self.log.read().decode()}")
        return (self.worker() or {}).get("state")

    def end(self, number=signal.SIGINT):
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(60)

    def close(self):
        if self.process.poll() is None:
            self.end()
        self.log.close()


class VirtualNode(unittest.TestCase):
    def setUp(self):
        self.redline = Redline().start()
        self.addCleanup(self.redline.stop)
        wait_for("the real worker has registered", self.workers)

    def workers(self):
        return workers_of(self.redline)

    def join(self, *flags, name=NODE):
        node = Node(self.redline, *flags, name=name)
        self.addCleanup(node.close)
        return node

    def failed(self, *words):
        done = self.redline.cli(*words, check=False)
        self.assertNotEqual(done.returncode, 0, done.stdout)
        return done.stderr

    def text(self, *words):
        return self.redline.cli(*words).stdout

    def instance(self, name=DEEPSEEK):
        return self.redline.deployment(name)["instances"][0]

    def running(self, name=DEEPSEEK, seconds=60):
        return self.redline.wait_running(name, seconds)

    def test_the_whole_journey(self):
        self.join()
        self.look_at_the_node()
        self.look_at_the_library()
        self.deploy()
        self.read_back()
        self.chat()
        self.bench()
        self.kill_the_engine()

    def look_at_the_node(self):
        self.assertRegex(self.text("get", "workers"),
                         rf"{NODE} +virtual +READY +8 x NVIDIA H200")
        self.assertIn("virtual", self.text("describe", f"worker/{NODE}"))
        kinds = [each["virtual"] for each in self.workers()]
        self.assertEqual(sorted(kinds), [False, True])

    def look_at_the_library(self):
        model = self.redline.request("GET", f"/api/v1/models/{DEEPSEEK}").json
        self.assertTrue(model["fit"]["fits"], model["fit"])
        self.assertTrue(model["fit"]["virtual"])
        self.assertEqual(model["fit"]["worker"], NODE)
        self.assertEqual(model["chosen"]["profile"], "h200x8-throughput")
        small = self.redline.request("GET", f"/api/v1/models/{MODEL}").json
        self.assertFalse(small["fit"]["virtual"])

    def deploy(self):
        printed = self.text("deploy", "deepseek-ai/DeepSeek-V3.2", "--goal", "throughput", "--wait",
                            "--timeout", "60")
        self.assertIn(f"{DEEPSEEK} is running (VIRTUAL)", printed)
        self.assertIn("no weights are fetched", printed)
        self.assertIn("was deployed already (VIRTUAL)",
                      self.text("deploy", "deepseek-ai/DeepSeek-V3.2"))
        deployment = self.redline.deployment(DEEPSEEK)
        self.assertTrue(deployment["virtual"])
        self.assertEqual(deployment["engine"]["arguments"], TUNED)
        self.assertEqual(deployment["instances"][0]["gpus"], list(range(8)))
        engine = command_line(deployment["instances"][0]["pid"])
        self.assertEqual(engine[1], "simulate")
        self.assertEqual(engine[engine.index("--enable-metrics") + 1:], TUNED)
        self.assertRegex(self.text("get", "deployments"), rf"{DEEPSEEK} +virtual ")
        self.assertRegex(self.text("get", "instances"), rf"{DEEPSEEK} +virtual +RUNNING")
        self.assertIn("virtual: its engines are simulated", self.text("describe", DEEPSEEK))
        self.assertIn("fired up and ready to roll", self.text("logs", DEEPSEEK))
        card = self.redline.request("GET", f"/v1/models/{DEEPSEEK}").json
        self.assertIs(card["virtual"], True)

    def read_back(self):
        def told():
            found = self.redline.deployment(DEEPSEEK)
            return found if found["instances"][0]["effective"] else None
        deployment = wait_for("the engine has said what it runs with", told)
        rows = {row["name"]: row for row in deployment["configuration"]}
        for name, value in (("tp_size", "8"), ("dp_size", "8"), ("enable_dp_attention", "true"),
                            ("nsa_prefill_backend", "fa3"), ("tool_call_parser", "deepseekv32")):
            row = rows[name]
            self.assertEqual((row["requested"], row["resolved"], row["effective"]), (value,) * 3, name)
        # Model, name and address are the platform's.
        self.assertLessEqual({name for name, row in rows.items() if row["differs"]},
                             {"enable_metrics", "host", "port", "model_path", "served_model_name",
                              "tokenizer_path"})
        metrics = self.redline.request("GET", f"/api/v1/deployments/{DEEPSEEK}/metrics").json
        self.assertIn("num_running_requests", metrics["metrics"])

    def chat(self):
        done = self.redline.cli("chat", DEEPSEEK, "What is the capital of France?", "--max-tokens", "8")
        self.assertGreater(len(done.stdout.split()), 3)
        self.assertIn("canned", done.stderr)

    def bench(self):
        with tempfile.TemporaryDirectory() as folder:
            words = ["bench", "--url", f"http://127.0.0.1:{self.redline.port}", "--api-key",
                     self.redline.key, "--model", DEEPSEEK, "--workload", "short", "--requests", "8",
                     "--concurrency", "4", "--scale-lengths", "0.02", "--no-self-check"]
            done = subprocess.run([BINARY, *words, "--report-dir", folder], capture_output=True,
                                  text=True, timeout=120)
            self.assertIn("VIRTUAL", done.stdout, done.stderr)
            result = next(pathlib.Path(folder).rglob("result.json"))
            self.assertEqual(json.loads(result.read_text())["environment"]["virtual"], "true")
            for page in (*pathlib.Path(folder).rglob("*.html"), *pathlib.Path(folder).rglob("*.md")):
                self.assertIn("VIRTUAL", page.read_text(), page)

    def kill_the_engine(self):
        first = self.instance()["pid"]
        os.kill(first, signal.SIGKILL)
        def restarted():
            now = self.instance()
            return now["state"] == "RUNNING" and now["restart_count"] == 1 and now["pid"] != first
        wait_for("the engine runs again", restarted, 60)
        self.assertIn("virtual: its engines are simulated", self.text("describe", DEEPSEEK))

    def test_vllm_has_its_socket(self):
        self.join()
        self.redline.deploy(DEEPSEEK, wait=False, goal="balanced", name="on-vllm")
        deployment = self.running("on-vllm")
        self.assertEqual(deployment["engine"]["engine"], "vllm")
        self.assertTrue(deployment["instances"][0]["endpoint"].startswith("unix:"))
        self.assertTrue(self.redline.answer(model="on-vllm"))

    def test_a_real_worker_comes_first_and_kinds_do_not_mix(self):
        node = self.join()
        self.redline.deploy(MODEL, wait=False)
        self.assertFalse(self.redline.deployment(MODEL)["virtual"])
        refused = self.failed("deploy", MODEL, "--name", "other", "--worker", NODE)
        self.assertIn("8 x nvidia", refused)
        self.assertIn("did you mean", self.failed("deploy", MODEL, "--worker", NODE + "9"))
        self.redline.deploy(DEEPSEEK, wait=False, worker=NODE)
        self.running()
        self.assertEqual(self.instance()["worker"], node.worker()["id"])
        # The GPUs are taken: a second one waits for nothing, it is refused.
        again = self.failed("deploy", DEEPSEEK, "--name", "second", "--goal", "latency")
        self.assertIn(f"8 GPUs of {NODE} taken by other deployments", again)

    def test_the_engines_own_refusal_is_shown(self):
        self.join()
        for arguments, message in ((["--tp-sise", "8"], "unrecognized arguments: --tp-sise"),
                                   (["--tp-size", "8", "--dp-size", "3", "--enable-dp-attention"],
                                    "would not start")):
            reply = self.redline.request("POST", "/api/v1/deployments", {
                "model": DEEPSEEK, "engine": "sglang@0.5.6.post2", "worker": NODE,
                "arguments": arguments})
            self.assertEqual(reply.status, 400, reply.body)
            self.assertIn(message, reply.json["error"]["message"])

    def test_what_cannot_be_simulated_is_an_error_of_its_start(self):
        self.join()
        self.redline.deploy(DEEPSEEK, wait=False, name="stages", engine="vllm@0.13.0", worker=NODE,
                            arguments=["--tensor-parallel-size", "4", "--pipeline-parallel-size", "2"])
        def failed():
            found = self.redline.deployment("stages")
            return found if found["phase"] == "ERROR" else None
        reason = wait_for("it is in ERROR", failed)["reason"]
        self.assertIn("pipeline parallelism (2 stages) is not in the cost model", reason)

    def test_a_killed_agent_is_unreachable_and_comes_back(self):
        node = self.join()
        self.redline.deploy(DEEPSEEK, wait=False)
        pid = self.running()["instances"][0]["pid"]
        node.end(signal.SIGKILL)
        wait_for("the worker is UNREACHABLE", lambda: node.worker()["state"] == "UNREACHABLE", 60)
        self.assertEqual(self.redline.deployment(DEEPSEEK)["phase"], "UNREACHABLE")
        self.assertTrue(alive(pid))
        back = self.join()
        self.assertEqual(self.running()["instances"][0]["pid"], pid)
        back.end(signal.SIGKILL)
        self.assertIn(f"{NODE} has left", self.text("leave"))
        self.assertFalse(alive(pid))
        self.assertIsNone(back.worker())

    def test_leaving(self):
        node = self.join("--speed", "10", "--truth-seed", "3")
        self.redline.deploy(DEEPSEEK, wait=False)
        pid = self.running()["instances"][0]["pid"]
        self.assertIn("--truth-seed", command_line(pid))
        self.assertEqual(node.end(signal.SIGINT), 0)
        self.assertFalse(alive(pid))
        self.assertIsNone(node.worker())
        waiting = wait_for("it waits for a worker", lambda: self.phase_of() == "PENDING")
        self.assertTrue(waiting)
        self.assertIn("no virtual worker", self.redline.deployment(DEEPSEEK)["reason"])
        # Another one takes it over.
        done = self.text("join", "--simulate", "H200x8", "--detach")
        self.assertIn(f"{NODE} has joined", done)
        self.running()
        self.assertIn("has joined already", self.failed("join", "--simulate", "H200x8"))
        self.text("down")
        self.assertFalse((self.redline.data_dir / "nodes" / NODE).exists())

    def phase_of(self):
        return self.redline.deployment(DEEPSEEK)["phase"]

    def test_what_cannot_join(self):
        cases = [(["--simulate", "h200x8", "--name", "A B"], "not a name"),
                 (["--simulate", "h300x8"], "did you mean"),
                 (["--simulate", "2xh200x8"], "one by one"),
                 (["--simulate", "mi300xx8"], "simulated"),
                 (["--simulate", "h200x8", "--speed", "0"], "speed"),
                 ([], "--simulate"),
                 (["http://192.0.2.1:8080", "--simulate", "h200x8"], "")]
        for words, message in cases:
            with self.subTest(words=words):
                self.assertIn(message, self.failed("join", *words))
        self.assertIn("no node has joined", self.failed("leave"))


if __name__ == "__main__":
    unittest.main()
