"""Mistakes on the command line: one line that says what and what to do, a non-zero exit, nothing
half-created."""
import os
import pathlib
import shutil
import socket
import struct
import subprocess
import tempfile
import unittest

from harness import BINARY, CACHE_DIR, MODEL, ROOT, Redline, free_port


def run(*words, timeout=60, env=None):
    done = subprocess.run([BINARY, *words], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(env or {})})
    return done.returncode, done.stdout, done.stderr


class CommandLine(unittest.TestCase):
    CASES = [
        (["deply"], "deploy"),
        (["deploy", "--wat", "m"], "--wait"),
        (["deploy"], "MODEL"),
        (["get", "deployment"], "deployments"),
        (["get", "models", "--output", "jsn"], "json"),
        (["up", "--port", "99999"], "--port"),
        (["up", "--prot", "80"], "--port"),
        # Before anything is measured.
        (["serve", "--bench-kernels", "--bench-out", "/no/folder/x.json"], "--bench-out: \"/no/folder"),
        (["serve", "--bench-kernels", "--bench-out", "/tmp"], "--bench-out: \"/tmp\" is a folder"),
        (["serve", "--bench-kernels", "--kernels", "sse"], "--kernels \"sse\""),
        (["serve", "--bench-kernels", "--page-size", "16"], "--page-size"),
        (["scale", "x", "many"], "REPLICAS \"many\" must be a whole number"),
        (["scale", "x", "-1"], "REPLICAS \"-1\" must be a whole number"),
        (["serve"], "model-path"),
        (["serve", "--model-path", "/nonexistent/model.gguf", "--port", "1"], "/nonexistent"),
        (["serve", "--model-path", "x", "--context-lenght", "12"], "--context-length"),
        (["completion", "csh"], "bash"),
        (["pull", "smolm2-135m-instruct"], MODEL),
    ]

    def test_each_mistake_is_named(self):
        for words, expected in self.CASES:
            with self.subTest(words=words):
                code, _, stderr = run(*words)
                self.assertNotEqual(code, 0)
                self.assertIn(expected, stderr)
                self.assertEqual(len(stderr.strip().split("\n")), 1, stderr)

    def test_every_help_has_an_example(self):
        code, stdout, _ = run("--help")
        self.assertEqual(code, 0)
        commands = [line.split()[0] for line in stdout.split("Commands:")[1].split("\n\n")[0]
                    .strip().split("\n")]
        self.assertGreaterEqual(len(commands), 13)
        for command in commands:
            code, stdout, _ = run(command, "--help")
            self.assertEqual(code, 0)
            self.assertIn("Example:\n  ", stdout)

    def test_completion_scripts_are_valid(self):
        _, script, _ = run("completion", "bash")
        self.assertIn("deploy", script)
        self.assertEqual(subprocess.run(["bash", "-n"], input=script, text=True).returncode, 0)


class Up(unittest.TestCase):
    def test_port_in_use(self):
        folder = pathlib.Path(tempfile.mkdtemp()) / "data"
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            code, _, stderr = run("up", "--data-dir", str(folder), "--port", str(port))
        self.assertEqual(code, 5, stderr)
        self.assertIn(f"port {port}", stderr)
        self.assertFalse(folder.exists())

    def test_data_directory_locked(self):
        with Redline() as redline:
            code, _, stderr = run("up", "--data-dir", str(redline.data_dir), "--port",
                                  str(free_port()))
            self.assertEqual(code, 5, stderr)
            self.assertIn(str(redline.process.pid), stderr)
            self.assertEqual(redline.request("GET", "/api/v1/status").status, 200)

    def test_data_directory_not_usable(self):
        with tempfile.NamedTemporaryFile() as file:
            code, _, stderr = run("up", "--data-dir", file.name + "/data", "--port",
                                  str(free_port()))
        self.assertNotEqual(code, 0)
        self.assertIn(file.name, stderr)

    def test_wrong_key_and_no_server(self):
        with Redline() as redline:
            code, _, stderr = run("get", "deployments", "--server",
                                  f"http://127.0.0.1:{redline.port}", "--api-key", "wrong")
            self.assertEqual(code, 3, stderr)
            self.assertIn("key", stderr)
            code, _, stderr = run("deploy", "smollm2", "--server",
                                  f"http://127.0.0.1:{redline.port}", "--api-key",
                                  redline.key)
            self.assertEqual(code, 4, stderr)
            self.assertIn(MODEL, stderr)
        code, _, stderr = run("get", "deployments", "--data-dir", "/nonexistent")
        self.assertEqual(code, 8, stderr)
        self.assertIn("redline up", stderr)


class Detached(unittest.TestCase):
    """`redline up --detach` and `redline down`, as make up and make down use them."""

    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rl-")) / "data"
        self.port = free_port()

    def tearDown(self):
        run("down", "--data-dir", str(self.folder), timeout=90)
        shutil.rmtree(self.folder.parent)

    def up(self, *flags):
        return run("up", "--detach", "--data-dir", str(self.folder), "--cache-dir", CACHE_DIR,
                   *flags, timeout=300)

    def test_up_twice_down_and_up_again(self):
        code, stdout, stderr = self.up("--port", str(self.port))
        self.assertEqual(code, 0, stderr)
        self.assertIn(f"http://127.0.0.1:{self.port}/#key=", stdout)
        code, stdout, _ = self.up()
        self.assertEqual(code, 0)
        self.assertIn("runs already", stdout)
        code, _, stderr = self.up("--port", str(free_port()))
        self.assertEqual(code, 5, stderr)
        self.assertIn(str(self.port), stderr)
        code, _, stderr = run("deploy", MODEL, "--name", "other", "--dry-run", "--set",
                              "max_total_tokens=1000000000", "--data-dir", str(self.folder))
        self.assertNotEqual(code, 0)
        self.assertIn("GiB", stderr)
        code, _, stderr = run("restart", "--data-dir", str(self.folder))
        self.assertEqual(code, 0, stderr)
        code, _, stderr = run("get", "deployments", "--data-dir", str(self.folder))
        self.assertEqual(code, 0, stderr)
        self.assertEqual(run("down", "--data-dir", str(self.folder), timeout=90)[0], 0)
        code, stdout, stderr = self.up("--port", str(self.port))
        self.assertEqual(code, 0, stderr)
        self.assertIn("chat", stdout)

    def test_failure_is_told_in_one_line_and_leaves_nothing(self):
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            code, _, stderr = self.up("--port", str(taken.getsockname()[1]))
        self.assertEqual(code, 5, stderr)
        self.assertEqual(len(stderr.strip().split("\n")), 1, stderr)
        self.assertFalse(self.folder.exists())


class Serve(unittest.TestCase):
    """Model files that cannot be served."""

    @classmethod
    def setUpClass(cls):
        cls.folder = pathlib.Path(tempfile.mkdtemp())
        cls.gguf = ROOT.parent / "shared/data/models/stories260K-f32.gguf"

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.folder)

    def serve(self, path, *flags):
        return run("serve", "--model-path", str(path), "--port", str(free_port()), *flags)

    def need_model(self):
        if not self.gguf.exists():
            self.skipTest("SKIPPED LOUDLY: ../shared/data/models is absent")

    def test_truncated_file(self):
        self.need_model()
        cut = self.folder / "cut.gguf"
        cut.write_bytes(self.gguf.read_bytes()[:500_000])
        code, _, stderr = self.serve(cut)
        self.assertEqual(code, 12, stderr)
        self.assertIn("cut.gguf", stderr)

    def test_not_a_model(self):
        junk = self.folder / "junk.gguf"
        junk.write_bytes(b"not a model" * 100)
        code, _, stderr = self.serve(junk)
        self.assertNotEqual(code, 0)
        self.assertIn("junk.gguf", stderr)
        empty = self.folder / "empty"
        empty.mkdir()
        code, _, stderr = self.serve(empty)
        self.assertEqual(code, 4, stderr)

    def test_unsupported_architecture(self):
        folder = self.folder / "hf"
        folder.mkdir()
        (folder / "config.json").write_text('{"model_type": "mamba", "architectures": ["Mamba"]}')
        (folder / "model.safetensors").write_bytes(struct.pack("<Q", 2) + b"{}")
        code, _, stderr = self.serve(folder)
        self.assertEqual(code, 11, stderr)
        self.assertIn("mamba", stderr)

    def test_not_enough_memory(self):
        self.need_model()
        code, _, stderr = self.serve(self.gguf, "--max-total-tokens", str(1 << 38))
        self.assertEqual(code, 7, stderr)
        self.assertIn("GiB", stderr)

    def test_port_in_use(self):
        self.need_model()
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))
            taken.listen()
            port = taken.getsockname()[1]
            code, _, stderr = run("serve", "--model-path", str(self.gguf), "--port", str(port))
        self.assertEqual(code, 5, stderr)
        self.assertIn(str(port), stderr)


if __name__ == "__main__":
    unittest.main()
