"""`redline calibrate run` against a server with known timing, and plans by what it wrote."""
import contextlib
import json
import os
import pathlib
import signal
import subprocess
import tempfile
import unittest

from harness import BINARY, free_port, send, wait_for

MODEL = "smollm2-135m-instruct"


def redline(*words, state, ok=True):
    environment = {**os.environ, "REDLINE_DATA_DIR": str(state)}
    done = subprocess.run([BINARY, *map(str, words)], text=True, capture_output=True, timeout=300,
                          env=environment, check=False)
    if ok and done.returncode != 0:
        raise AssertionError(f"{words}: exit {done.returncode}: {done.stderr}")
    return done


@contextlib.contextmanager
def mock_server(*words):
    port = free_port()
    server = subprocess.Popen([BINARY, "mock-server", "--port", str(port), *words],
                              stdout=subprocess.DEVNULL)
    try:
        wait_for("the mock server", lambda: answers(port))
        yield f"http://127.0.0.1:{port}"
    finally:
        server.send_signal(signal.SIGTERM)
        server.wait(10)


def answers(port):
    with contextlib.suppress(OSError):
        return send(port, "GET", "/v1/models").status == 200
    return False


class Calibrate(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.state = pathlib.Path(cls.folder.name)
        with mock_server("--ttft-ms", "20", "--itl-ms", "5") as url:
            redline("calibrate", "run", MODEL, "--engine", "native", "--url", url, "--passes", 1,
                    state=cls.state)

    @classmethod
    def tearDownClass(cls):
        cls.folder.cleanup()

    def plan(self, *words, **how):
        return redline("plan", MODEL, "--hardware", "this-machine", *words, state=self.state, **how)

    def test_what_was_measured_is_predicted(self):
        words = ["--engine", "native", "--workload", "sharegpt", "--scale", "0.02", "--output",
                 "json", "--", "--max-running-requests", "32"]
        prediction = json.loads(self.plan(*words).stdout)["configuration"]["prediction"]
        self.assertLess(abs(prediction["mean_tpot_ms"]["value"] / 5 - 1), 0.5)

    def test_a_search_tells_what_it_left_out(self):
        plan = json.loads(self.plan("--workload", "short", "--scale", "0.02", "--output", "json")
                          .stdout)
        self.assertEqual(plan["winner"]["engine"].split("@")[0], "native")
        self.assertIn("redline calibrate run", " ".join(plan["not_planned"]))

    def test_it_is_fitted_again(self):
        file = next((self.state / "calibration").glob("*.yaml"))
        self.assertIn("median error", redline("calibrate", "fit", file, state=self.state).stdout)

    def test_mistakes_are_named(self):
        for words, expected in (
                (["calibrate", "run", MODEL], "--engine"),
                (["calibrate", "run", "--engine", "native"], "model of the library"),
                (["calibrate", "run", MODEL, "--engine", "sglang"], "sglang"),
                (["calibrate", "run", MODEL, "--engine", "native", "--scale", "2"], "--scale means"),
                (["calibrate", "run", MODEL, "--engine", "native", "--", "--no-such", "1"],
                 "--no-such"),
                (["calibrate", "import", "x", "--engine", "native"], "--engine means nothing"),
                (["plan", MODEL, "--hardware", "this-machine", "--engine", "llama_cpp", "--",
                  "--parallel", "2"], "redline calibrate run"),
                (["plan", MODEL, "--hardware", "this-machine", "--engine", "native", "--",
                  "--num-threads", "1"], "calibrated with num_threads"),
                (["plan", MODEL, "--hardware", "this-machine", "--html", "x"], "--html means"),
                (["simulate", "--as", "native", "--model", MODEL, "--hardware", "this-machine"],
                 "--workload")):
            done = redline(*words, state=self.state, ok=False)
            self.assertNotEqual(done.returncode, 0, words)
            self.assertIn(expected, done.stderr, words)

    def test_a_damaged_file_is_refused(self):
        with tempfile.TemporaryDirectory() as folder:
            state = pathlib.Path(folder)
            source = next((self.state / "calibration").glob("*.yaml"))
            (state / "calibration").mkdir()
            (state / "calibration" / source.name).write_text(
                source.read_text().replace("step: ", "step: -"))
            done = redline("plan", MODEL, "--hardware", "this-machine", "--engine", "native",
                           "--workload", "short", state=state, ok=False)
            self.assertIn("microseconds.step", done.stderr)


if __name__ == "__main__":
    unittest.main()
