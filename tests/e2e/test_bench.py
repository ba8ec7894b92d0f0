"""`redline bench`, `compare`, `sweep`, `report` and `mock-server` as other programs call them."""
import contextlib
import json
import pathlib
import signal
import subprocess
import tempfile
import time
import unittest

import tiny_model
from engine import EngineTestCase
from harness import BINARY, free_port, wait_for

DISTRIBUTIONS = ["ttft_ms", "tpot_ms", "itl_ms", "e2e_ms"]
FAULTS = {  # of the mock server: the outcome that is counted
    "reset": "reset",
    "close-early": "reset",
    "usage-lie": "usage_mismatch",
    "garbage": "bad_event",
    "bad-http": "bad_http",
    "error-500": "http_error",
    "error-429": "http_error",
    "long-line": "bad_event",
    "no-done": "no_done",
    "stall": "timeout",
}


def redline(*arguments, ok=True, cwd=None, timeout=120):
    done = subprocess.run([BINARY, *map(str, arguments)], text=True, capture_output=True, cwd=cwd,
                          timeout=timeout)
    if ok and done.returncode != 0:
        raise AssertionError(f"{arguments}: exit {done.returncode}: {done.stderr}")
    return done


def bench(url, *arguments, **options):
    """The result document of a short run."""
    done = redline("bench", "--url", url, "--output", "json", "--no-self-check", "--no-warm-up",
                   *arguments, **options)
    return json.loads(done.stdout)


@contextlib.contextmanager
def mock_server(*arguments):
    port = free_port()
    server = subprocess.Popen([BINARY, "mock-server", "--port", str(port), *map(str, arguments)],
                              stdout=subprocess.PIPE, text=True)
    try:
        server.stdout.readline()
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)
        server.stdout.close()


class WithFolder(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def workload(self, **fields):
        path = self.folder / "workload.json"
        path.write_text(json.dumps({"name": "tiny", "input_tokens": 16, "output_tokens": 10,
                                    "num_requests": 40, "concurrency": 4, **fields}))
        return path

    def check_document(self, document, num_requests):
        for name in DISTRIBUTIONS:
            for value in ("mean", "p50", "p90", "p99"):
                self.assertIsInstance(document[name][value], (int, float), (name, value))
        for name in ("total_tps", "output_tps"):
            self.assertGreater(document[name], 0)
        self.assertIsInstance(document["valid"], bool)
        self.assertEqual(document["ttft_ms"]["count"], num_requests)


class Bench(WithFolder):
    def test_document(self):
        with mock_server("--ttft-ms", 20, "--itl-ms", 5) as url:
            document = bench(url, "--workload", self.workload(), "--seed", 3)
            self.check_document(document, 40)
            self.assertAlmostEqual(document["ttft_ms"]["p50"], 20, delta=5)
            self.assertAlmostEqual(document["itl_ms"]["p50"], 5, delta=1)
            same = bench(url, "--workload", self.workload(), "--seed", 3)
            self.assertEqual(same["dataset_hash"], document["dataset_hash"])

    def test_flags_win_over_the_workload(self):
        with mock_server() as url:
            document = bench(url, "--workload", self.workload(), "--requests", 7, "--concurrency", 2)
            self.check_document(document, 7)
            document = bench(url, "--workload", self.workload(), "--requests", 50, "--rate", 500)
            self.check_document(document, 50)

    def test_named_workloads(self):
        with mock_server() as url:
            for name in ("sharegpt", "short", "medium", "long", "verylong", "generation"):
                document = bench(url, "--workload", name, "--scale", 0.01)
                self.assertEqual(document["workload_name"], name)
                self.assertGreater(document["total_tps"], 0)

    def test_every_api(self):
        with mock_server() as url:
            for api in ("completions", "chat", "generate"):
                for stream in ([], ["--no-stream"]):
                    with self.subTest(api=api, stream=stream):
                        document = bench(url, "--workload", self.workload(), "--api", api, *stream)
                        self.assertEqual(document["error_share"], 0)

    def test_faults_are_counted_and_make_the_run_invalid(self):
        for fault, outcome in FAULTS.items():
            with self.subTest(fault=fault), mock_server("--fault", fault) as url:
                document = bench(url, "--workload", self.workload(num_requests=8), "--model", "mock",
                                 "--api", "completions", "--prompts", "ids", "--vocab-size", 32000,
                                 "--timeout", 1)
                counts = {entry["outcome"]: entry["count"]
                          for entry in document["repeats"][0]["outcomes"]}
                self.assertEqual(counts, {outcome: 8})
                self.assertFalse(document["valid"])
                self.assertTrue(document["invalid_reasons"])

    def test_reports(self):
        with mock_server() as url:
            redline("bench", "--url", url, "--workload", self.workload(), "--no-self-check",
                    "--report-dir", self.folder / "out")
        names = {path.name for path in (self.folder / "out").iterdir()}
        self.assertEqual(names, {"result.json", "report.html", "report.md", "status.json", "metrics.csv",
                                 "requests.csv"})
        page = redline("report", self.folder / "out/result.json", "--format", "markdown").stdout
        self.assertIn("ttft", page)

    def test_errors_say_what_to_do(self):
        workload = self.workload()
        cases = [
            (["--url", "http://127.0.0.1:1", "--workload", workload], "127.0.0.1:1"),
            (["--url", "http://127.0.0.1:1", "--workload", "shrt"], "short"),
            (["--url", "http://127.0.0.1:1", "--concurrency", "0"], "--concurrency"),
            (["--url", "http://127.0.0.1:1", "--rate", "5", "--concurrency", "3"], "--rate"),
            (["--url", "http://127.0.0.1:1", "--rate", "nan"], "--rate"),
            (["--url", "http://127.0.0.1:1", "--extra", "[]"], "--extra"),
            (["--url", "https://127.0.0.1:1", "--workload", workload], "127.0.0.1:1"),
            (["--url", "nonsense", "--workload", workload], "nonsense"),
            (["--workload", workload, "--data-dir", self.folder / "none"], "--url"),
            (["selfchek"], "selfcheck"),
        ]
        for arguments, word in cases:
            with self.subTest(arguments=arguments):
                done = redline("bench", *arguments, ok=False)
                self.assertNotEqual(done.returncode, 0)
                self.assertIn(word, done.stderr)

    def test_dry_run_sends_nothing(self):
        done = redline("bench", "--workload", "sharegpt", "--dry-run", "--output", "json")
        plan = json.loads(done.stdout)
        self.assertEqual(plan["num_requests"], 1000)
        self.assertAlmostEqual(plan["input_tokens"]["mean"], 219, delta=22)

    def test_selfcheck(self):
        check = json.loads(redline("bench", "selfcheck", "--output", "json").stdout)
        self.assertGreater(check["requests_per_second"], 1000)
        self.assertEqual([row["concurrency"] for row in check["timing"]], [1, 32, 256])


    def test_a_signal_keeps_what_was_measured(self):
        workload = str(self.workload(num_requests=100_000))
        for number in (signal.SIGINT, signal.SIGTERM):
            with mock_server("--ttft-ms", 20) as url, tempfile.TemporaryFile("w+") as log:
                process = subprocess.Popen([BINARY, "bench", "--url", url, "--workload", workload,
                                            "--no-self-check", "--no-warm-up", "--output", "json"],
                                           stdout=subprocess.PIPE, stderr=log, text=True)

                def has_begun():
                    log.seek(0)
                    return "in flight" in log.read()
                wait_for("requests are sent", has_begun, 30)
                process.send_signal(number)
                document = json.loads(process.communicate(timeout=60)[0])
                self.assertEqual(process.returncode, 10)
                self.assertFalse(document["valid"])
                reasons = " ".join(document["invalid_reasons"])
                self.assertIn("not_all_sent", reasons)

    def test_output_that_cannot_be_written_is_a_failure(self):
        with mock_server() as url, open("/dev/full", "w") as full:
            for arguments in (["version"], ["bench", "--workload", "short", "--dry-run"],
                              ["bench", "--url", url, "--workload", str(self.workload()),
                               "--no-self-check", "--no-warm-up", "--output", "json"]):
                done = subprocess.run([BINARY, *arguments], stdout=full, stderr=subprocess.PIPE,
                                      text=True, timeout=60)
                self.assertGreater(done.returncode, 0, arguments)
                self.assertLess(done.returncode, 128, arguments)
                self.assertIn("written", done.stderr)


class Compare(WithFolder):
    def valid(self, *arguments):
        """The result of a run in which the client was not disturbed by other load of the machine."""
        for _ in range(8):
            document = bench(*arguments)
            if document["valid"] and document.get("against", {"valid": True})["valid"]:
                return document
        self.fail(f"8 invalid runs: {document['invalid_reasons']}")

    def measure(self, name, *server):
        with mock_server(*server) as url:
            document = self.valid(url, "--workload", self.workload(num_requests=24), "--repeats", 5)
        path = self.folder / name
        path.write_text(json.dumps(document))
        return path

    def test_verdicts(self):
        slow = self.measure("slow.json", "--ttft-ms", 60, "--itl-ms", 12)
        fast = self.measure("fast.json", "--ttft-ms", 30, "--itl-ms", 6)
        done = redline("compare", slow, fast, "--output", "json")
        for name, figure in json.loads(done.stdout)["metrics"].items():
            self.assertLessEqual(figure["low"], figure["ratio"] * 1.0001, name)
            self.assertGreaterEqual(figure["high"], figure["ratio"] * 0.9999, name)
        verdicts = {name: figure["verdict"]
                    for name, figure in json.loads(done.stdout)["metrics"].items()}
        self.assertEqual(verdicts["output_tps"], "faster")
        self.assertEqual(set(verdicts.values()) & {"slower"}, set())

    def test_interleaved(self):
        with mock_server("--ttft-ms", 40) as url_a, mock_server("--ttft-ms", 120) as url_b:
            document = self.valid(url_a, "--against", url_b, "--repeats", 4, "--workload",
                                  self.workload(num_requests=16))
        self.assertEqual(len(document["against"]["repeats"]), 4)
        metrics = document["comparison"]["metrics"]
        self.assertEqual(metrics["output_tps"]["verdict"], "slower")

    def test_not_results(self):
        path = self.folder / "no.json"
        for text in ("", "{", "[]", "{}", '{"ttft_ms": 3}', "\x00" * 100):
            path.write_text(text)
            done = redline("compare", path, path, ok=False)
            self.assertNotEqual(done.returncode, 0, text)
            self.assertIn("no.json", done.stderr)


class Sweep(WithFolder):
    def sweep(self, url, *arguments):
        return [BINARY, "sweep", "--url", url, "--workload", str(self.workload(num_requests=24)),
                "--no-self-check", "--report-dir", str(self.folder / "sweep"), "--output", "json",
                *(() if "--max-concurrency" in arguments else ("--max-concurrency", "8")),
                *arguments]

    def test_goes_on_after_kill(self):
        with mock_server("--ttft-ms", 20, "--itl-ms", 2) as url:
            command = self.sweep(url, "--slo", "ttft_ms.p99<=500")
            first = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            points = self.folder / "sweep"
            wait_for("a point is kept", lambda: len(list(points.glob("concurrency-*.json"))) >= 2, 60)
            first.kill()
            first.wait()
            kept = {path.name: path.stat().st_mtime_ns for path in points.glob("concurrency-*.json")}
            done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
            result = json.loads(done.stdout)
            for name, stamp in kept.items():
                self.assertEqual((points / name).stat().st_mtime_ns, stamp, name)
        self.assertTrue(result["complete"])
        if "INVALID" not in result.get("rate_note", ""):  # a busy machine's client may be too slow
            self.assertGreater(result["max_rate"], 0)
        # The mock takes all there is: only the ladder ends.
        self.assertEqual(result["saturated"], result["saturation_concurrency"] is not None)
        self.assertEqual([point["name"] for point in result["points"]][:4],
                         ["concurrency-1", "concurrency-2", "concurrency-4", "concurrency-8"])
        for point in result["points"]:
            if not point.get("holds", True):
                self.assertTrue(point["reason"], point)
        page = (points / "report.html").read_text()
        self.assertIn("concurrency 8" if not result["saturated"] else "saturated at", page)
        self.assertIn("<title>Sweep of ", page)

    def test_ladder_that_ends_while_throughput_grows(self):
        with mock_server("--ttft-ms", 40, "--itl-ms", 2) as url:
            done = subprocess.run(self.sweep(url, "--max-concurrency", "4"), capture_output=True,
                                  text=True, timeout=120, check=True)
        result = json.loads(done.stdout)
        self.assertEqual((result["saturated"], result["saturation_concurrency"]), (False, None))
        self.assertIn("at concurrency-2", done.stderr)

    def test_nothing_answered_is_an_error(self):
        with mock_server("--fault", "error-500", "--fault-share", 1) as url:
            done = subprocess.run(self.sweep(url, "--api", "completions", "--prompts", "ids",
                                             "--vocab-size", "1000"),
                                  capture_output=True, text=True, timeout=120)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("concurrency-1: no request was answered", done.stderr)
        self.assertIn("http_error", done.stderr)

    def test_unknown_figure_is_refused(self):
        for figure in ("ttft_ms.foo", "ttft_ms.p99.p50"):
            done = subprocess.run([BINARY, "sweep", "--workload", "short", "--slo", figure + "<=5"],
                                  capture_output=True, text=True, timeout=60)
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("did you mean", done.stderr)

    def test_another_sweep_is_refused(self):
        (self.folder / "sweep").mkdir()
        (self.folder / "sweep/sweep.json").write_text("{}")
        with mock_server() as url:
            done = subprocess.run(self.sweep(url), capture_output=True, text=True, timeout=60)
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("--report-dir", done.stderr)


class RealEngine(EngineTestCase, WithFolder):
    """Lengths are exact where a real tokenizer counts."""
    TINY = tiny_model.SLOWER

    def setUp(self):
        EngineTestCase.setUp(self)
        WithFolder.setUp(self)

    def test_ids_and_text(self):
        url = f"http://127.0.0.1:{self.engine.port}"
        for form in ("ids", "text"):
            with self.subTest(form=form):
                begin = time.monotonic()
                document = bench(url, "--workload", self.workload(num_requests=12), "--prompts", form,
                                 "--api", "completions")
                self.check_document(document, 12)
                self.assertEqual(document["error_share"], 0)
                self.assertEqual(document["input_tokens"]["mean"], 16)
                self.assertEqual(document["output_tokens"]["mean"], 10)
                self.assertLess(document["duration_s"], time.monotonic() - begin)


if __name__ == "__main__":
    unittest.main()
