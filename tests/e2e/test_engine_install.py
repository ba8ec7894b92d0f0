"""`redline engine list, install, doctor`: what they say, and with which exit status. Nothing is
installed from a network; backends/install/installer_test.cc installs."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from harness import BINARY

ENGINES = ["vllm@0.13.0", "vllm@0.32.0", "sglang@0.5.6.post2", "llama_cpp@11434"]


class EngineInstall(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rl-engines-"))
        self.addCleanup(shutil.rmtree, self.folder, ignore_errors=True)
        self.cache = self.folder / "cache"

    def engine(self, *words):
        done = subprocess.run([BINARY, "engine", *words], capture_output=True, text=True,
                              timeout=60, env={**os.environ, "REDLINE_CACHE_DIR": str(self.cache)})
        return done.returncode, done.stdout, done.stderr

    def refused(self, *words):
        """(exit status, the one line it says)"""
        code, stdout, stderr = self.engine("install", *words)
        self.assertEqual(stdout, "")
        self.assertEqual(len(stderr.strip().split("\n")), 1, stderr)
        return code, stderr

    def program(self, words, name="llama-server"):
        path = self.folder / name
        path.write_text(f"#!/bin/sh\necho '{words}'\n")
        path.chmod(0o755)
        return str(path)

    def listed(self):
        code, stdout, _ = self.engine("list", "--output", "json")
        self.assertEqual(code, 0)
        return {f"{each['name']}@{each['version']}": each for each in json.loads(stdout)["engines"]}

    def test_list(self):
        code, stdout, stderr = self.engine("list")
        self.assertEqual((code, stderr), (0, ""))
        lines = stdout.strip().split("\n")
        self.assertEqual(lines[0].split(), ["NAME", "VERSION", "RESOLVED", "INSTALLABLE",
                                            "INSTALLED"])
        rows = {tuple(line.split()[:2]): line.split()[2:] for line in lines[1:]}
        self.assertEqual(rows["vllm", "0.13.0"], ["yes", "yes", "no"])
        self.assertEqual(rows["llama_cpp", "11434"], ["arguments", "only", "yes", "no"])
        engines = self.listed()
        self.assertEqual(len(engines), len(rows))
        for name in ENGINES:
            self.assertTrue(engines[name]["can_be_installed"], name)
            self.assertIsNone(engines[name]["installed"], name)
        self.assertFalse(self.cache.exists(), "looking makes nothing")

    def test_words_that_an_action_would_ignore_are_refused(self):
        for words, part in ((["list", "vllm@0.13.0"], "ENGINE"),
                            (["list", "--path", "x"], "--path"),
                            (["doctor", "--python", "python3"], "--python"),
                            (["install", "vllm@0.13.0", "--hardware", "H200x8"], "--hardware"),
                            (["resolve", "vllm@0.32.0", "--reinstall"], "--reinstall"),
                            (["resolve", "vllm@0.32.0", "--env", "A=b"], "--env"),
                            (["resolve", "vllm@0.32.0", "--hardware", "h900x8"], "H200x8"),
                            (["resolve", "vllm@", "--hardware", "H200x8"], "a version")):
            with self.subTest(words=words):
                code, stdout, stderr = self.engine(*words)
                self.assertEqual((code, stdout), (2, ""))
                self.assertIn(part, stderr)

    def test_a_record_that_is_a_pipe_is_not_waited_for(self):
        folder = self.cache / "engines" / "vllm@0.13.0"
        folder.mkdir(parents=True)
        os.mkfifo(folder / "install.json")
        code, stdout, stderr = self.engine("doctor")
        self.assertNotEqual(code, 0)
        self.assertIn("--reinstall", stdout + stderr)
        self.assertEqual(self.listed()["vllm@0.13.0"]["installed"], "broken")

    def test_what_did_not_come_to_its_end_is_not_there(self):
        (self.cache / "engines" / "vllm@0.13.0").mkdir(parents=True)
        self.assertIsNone(self.listed()["vllm@0.13.0"]["installed"])

    def test_what_is_not_known(self):
        cases = [
            (["vllm@0.13.1"], '"vllm@0.13.1"', '; did you mean "vllm@0.13.0"? An engine that'),
            (["vllm"], 'no recipe for "vllm"', 'did you mean "vllm@0.13.0"? An engine that'),
            (["vlm@0.13.0"], '"vlm@0.13.0"', 'did you mean "vllm@0.13.0"?'),
            (["tensorrt_llm@1"], "llama_cpp@11434. An engine that", "--path DIR"),
            (["../x@../y"], '"../x@../y"', "there are: "),
            (["@"], 'no recipe for "', "there are: "),
            (["a\x1b[31m@1"], "a\\x1b[31m@1", "there are: "),
            ([], "engine install needs NAME@VERSION", "redline engine list"),
        ]
        for words, *expected in cases:
            with self.subTest(words=words):
                code, line = self.refused(*words)
                self.assertEqual(code, 2)
                for text in expected:
                    self.assertIn(text, line)
                self.assertNotIn("?.", line)
        self.assertFalse(self.cache.exists())

    def test_actions(self):
        code, _, stderr = self.engine("instal", "vllm@0.13.0")
        self.assertEqual(code, 2)
        self.assertIn('did you mean "install"?', stderr)

    def test_path_that_is_no_such_engine(self):
        empty = self.folder / "empty"
        empty.mkdir()
        cases = [
            (["vllm@0.13.0", "--path", str(self.folder / "absent")], "absent"),
            (["vllm@0.13.0", "--path", str(empty)], "is no virtual environment of Python"),
            (["llama_cpp@11434", "--path", self.program("version: 11433")],
             'does not say 11434: "version: 11433"'),
            (["llama_cpp@11434", "--path", self.program("version: 114345", "other")], "does not say 11434"),
            (["llama_cpp@11434", "--path", "/bin/false"], "exit code 1"),
            (["vllm@0.13.0", "--path", ""], "--path is empty"),
            (["vllm@0.13.0", "--path", str(empty), "--reinstall"], "leave out --python and"),
            (["vllm@0.13.0", "--path", str(empty), "--python", "python3"], "leave out --python"),
        ]
        for words, expected in cases:
            with self.subTest(words=words):
                code, line = self.refused(*words)
                self.assertEqual(code, 2)
                self.assertIn(expected, line)
        self.assertFalse(self.cache.exists(), "nothing half made")

    def test_path_of_a_program(self):
        program = self.program("version: 11434 (abc1234)")
        code, stdout, stderr = self.engine("install", "llama_cpp@11434", "--path", program)
        self.assertEqual((code, stderr), (0, ""))
        self.assertIn(f"llama_cpp@11434 is installed in {self.folder} (as it was there", stdout)
        self.assertEqual(self.listed()["llama_cpp@11434"]["installed"], str(self.folder))
        code, stdout, _ = self.engine("doctor", "--output", "json")
        self.assertEqual(code, 0)
        [engine] = json.loads(stdout)["engines"]
        self.assertEqual((engine["engine"], engine["ok"], engine["problem"], engine["origin"]),
                         ("llama_cpp@11434", True, None, "path"))
        self.assertEqual(engine["program"], [program])

        os.unlink(program)
        code, stdout, stderr = self.engine("doctor")
        self.assertEqual(code, 6)
        self.assertIn("llama_cpp@11434 is not usable", stderr)
        self.assertIn("broken", stdout)
        self.assertIn(f"{program} is gone or cannot be executed", stdout)
        self.assertEqual(self.listed()["llama_cpp@11434"]["installed"], "broken")

    def test_doctor(self):
        code, stdout, _ = self.engine("doctor")
        self.assertEqual(code, 0)
        self.assertIn("no engine is installed besides the native one", stdout)
        code, _, stderr = self.engine("doctor", "vllm@0.13.0")
        self.assertEqual(code, 4)
        self.assertIn("run: redline engine install vllm@0.13.0", stderr)

        record = self.cache / "engines/vllm@0.13.0/install.json"
        record.parent.mkdir(parents=True)
        for text, expected in [(None, "is not installed to its end"), ("{", "is damaged"),
                               ("{}", "is damaged")]:
            with self.subTest(text=text):
                if text is not None:
                    record.write_text(text)
                code, stdout, stderr = self.engine("doctor", "--output", "json")
                self.assertEqual(code, 6)
                self.assertIn("vllm@0.13.0 is not usable", stderr)
                [engine] = json.loads(stdout)["engines"]
                self.assertFalse(engine["ok"])
                self.assertIn(expected, engine["problem"])
                self.assertIn("redline engine install vllm@0.13.0", engine["problem"])

    def test_python_that_does_not_fit(self):
        code, line = self.refused("vllm@0.13.0", "--python", "/bin/false")
        self.assertEqual(code, 6)
        self.assertIn("vllm@0.13.0 needs Python 3.10 or later, before 3.13, with venv; found: "
                      "/bin/false", line)
        self.assertIn("--python", line)
        code, line = self.refused("vllm@0.13.0", "--python", "python-of-nobody")
        self.assertEqual(code, 6)
        self.assertIn("python-of-nobody (not on PATH)", line)


if __name__ == "__main__":
    unittest.main()
