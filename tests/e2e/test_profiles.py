"""`redline profile`: what tune found is published, deployed, read back, stale when changed, measured again."""
import json
import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

from engine import need_smollm2
from harness import BINARY, CACHE_DIR, MODEL, Redline, wait_for

SMALL = [MODEL, "--engines", "native", "--workload", "short", "--requests", "4", "--concurrency", "2",
         "--scale-lengths", "0.25", "--repeats", "3", "--max-rounds", "3", "--max-trials", "3",
         "--max-time", "60s"]
# What the winner is said to be: each differs from what the library's profile gives.
WORDS = ["--max-running-requests", "12", "--chunked-prefill-size", "256", "--kv-cache-dtype", "bf16",
         "--max-total-tokens", "4096"]
TUNED = {"max_running_requests": "12", "chunked_prefill_size": "256", "kv_cache_dtype": "bf16",
         "max_total_tokens": "4096"}


class Profiles(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        need_smollm2()
        cls.root = pathlib.Path(tempfile.mkdtemp(prefix="rl-profiles-"))
        cls.env = {**os.environ, "REDLINE_DATA_DIR": str(cls.root / "data"),
                   "REDLINE_CACHE_DIR": CACHE_DIR}
        cls.env.pop("REDLINE_SERVER", None)
        cls.report = cls.root / "report"
        done = cls.redline("tune", *SMALL, "--report", str(cls.report))
        assert done.returncode == 0, done.stderr
        cls.found = json.loads((cls.report / "result.json").read_text())

    @classmethod
    def tearDownClass(cls):
        shutil.rmtree(cls.root, ignore_errors=True)

    @classmethod
    def redline(cls, *words, timeout=300, env=None):
        return subprocess.run([BINARY, *words], text=True, capture_output=True, timeout=timeout,
                              env={**cls.env, **(env or {})}, cwd=cls.root)

    def json_of(self, *words, **more):
        done = self.redline(*words, "--output", "json", **more)
        self.assertEqual(done.returncode, 0, done.stderr)
        return json.loads(done.stdout)

    def won(self, name, **changes):
        """The real result as if these words had won, in a folder of its own."""
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        winner = {"engine": "native", "arguments": WORDS, "environment": {}}
        trial = {**self.found["trial_log"][0], "configuration": winner, "resolved": ""}
        result = {**self.found, "has_winner": True, "winner": winner, "ratio": 1.3, "low": 1.2,
                  "high": 1.4, "confidence": 0.95,
                  "last_comparison": {"baseline": [100, 101, 99], "winner": [130, 131, 129]},
                  "trial_log": [*self.found["trial_log"], trial], **changes}
        (folder / "result.json").write_text(json.dumps(result))
        return folder

    def test_the_real_result_is_published_or_refused_with_its_reason(self):
        done = self.redline("profile", "publish", str(self.report), "--name", "real")
        if self.found["has_winner"]:
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(self.redline("profile", "delete", f"{MODEL}/real").returncode, 0)
        else:
            self.assertNotEqual(done.returncode, 0)
            self.assertIn("no winner", done.stderr)
        log = self.found["trial_log"]
        self.assertTrue(json.loads(log[0]["resolved"])["max_running_requests"])

    def test_published_deployed_and_read_back(self):
        published = self.json_of("profile", "publish", str(self.won("read-back")), "--name", "fast")
        self.assertEqual(published["evidence"]["stale"], [])
        self.assertEqual(published["origin"], "user")
        shown = self.json_of("profile", "show", f"{MODEL}/fast")
        self.assertEqual(shown["evidence"]["figures"]["ratio_low"], 1.2)
        self.assertIn("redline tune", shown["evidence"]["command"])
        self.assertIn("redline", shown["evidence"]["environment"])
        page = self.redline("profile", "show", f"{MODEL}/fast").stdout
        self.assertIn("kv_cache_dtype=bf16", page)
        plan = self.json_of("deploy", MODEL, "--dry-run")
        self.assertEqual(plan["profile"], "fast")
        self.assertTrue(any(each["fits"] for each in plan["alternatives"]), plan["alternatives"])
        with Redline(data_dir=self.root / "data") as platform:
            platform.deploy()
            self.assertEqual(platform.deployment()["profile"], "fast")

            def rows_read_back():
                rows = {row["name"]: row for row in platform.deployment()["configuration"]}
                return rows if rows["kv_cache_dtype"]["effective"] else None
            rows = wait_for("the engine tells its configuration", rows_read_back)
            for name, value in TUNED.items():
                self.assertEqual(rows[name]["effective"], value, rows[name])
                self.assertFalse(rows[name]["differs"])
            self.json_of("profile", "publish", str(self.won("read-back")), "--name", "second")
            listed = platform.request("GET", f"/api/v1/profiles?model={MODEL}&origin=user").json
            self.assertEqual({each["name"] for each in listed["items"]}, {"fast", "second"})
            self.assertEqual(self.redline("profile", "delete", f"{MODEL}/second").returncode, 0)
            self.assertEqual(platform.request("DELETE", f"/api/v1/profiles/{MODEL}/fast").status, 200)
            too_long = self.redline("deploy", MODEL, "--name", "x", "--set",
                                    "max_total_tokens=100000000", "--dry-run")
            self.assertIn("what would fit: ", too_long.stderr)
        self.assertEqual(self.json_of("deploy", MODEL, "--dry-run")["profile"], "cpu-default")

    def test_stale_when_machine_or_profile_changed(self):
        self.json_of("profile", "publish",
                     str(self.won("stale", environment={**self.found["environment"],
                                                        "redline": "0.0.1"})), "--name", "old")
        file = self.root / "data/profiles" / MODEL / "old.yaml"
        file.write_text(file.read_text().replace("max_running_requests: 12",
                                                 "max_running_requests: 13"))
        stale = self.json_of("profile", "show", f"{MODEL}/old")["evidence"]["stale"]
        self.assertEqual(len(stale), 2, stale)
        plan = self.redline("deploy", MODEL, "--dry-run", "--profile", "old").stdout
        self.assertIn("Stale: It was measured with native@0.0.1", plan)
        file.write_text("name: old\nengin: 3\n")
        listed = self.redline("profile", "list", MODEL)
        self.assertEqual(listed.returncode, 0)
        self.assertIn("old.yaml", listed.stderr)
        self.assertIn("engin", listed.stderr)
        file.unlink()

    def test_what_cannot_be_published(self):
        for name, changes, says in [
                ("lost", {"has_winner": False}, "no winner"),
                ("virtual", {"virtual": True}, "--virtual-evidence"),
                ("other", {"model": "no-such-model"}, "no-such-model"),
                ("words", {"winner": {"engine": "native", "arguments": ["--no-flag"],
                                      "environment": {}}}, "--no-flag")]:
            done = self.redline("profile", "publish", str(self.won(name, **changes)))
            self.assertNotEqual(done.returncode, 0, name)
            self.assertIn(says, done.stderr)
        done = self.redline("profile", "publish", str(self.root / "nowhere"))
        self.assertIn("result.json", done.stderr)

    def test_a_virtual_run_is_a_prediction(self):
        report = str(self.root / "rehearsal")
        found = self.json_of("tune", "Qwen3-4B", "--hardware", "h200x2", "--virtual", "--workload",
                             "medium", "--requests", "40", "--max-time", "700h", "--truth-seed", "3",
                             "--engines", "vllm", "--report", report)
        self.assertTrue(found["has_winner"])
        self.assertIn("--virtual-evidence", self.redline("profile", "publish", report).stderr)
        published = self.json_of("profile", "publish", report, "--virtual-evidence", "--name", "v")
        self.assertEqual(published["evidence"]["kind"], "predicted")
        plan = self.json_of("deploy", "qwen3-4b", "--hardware", "H200x2", "--dry-run")
        self.assertEqual(plan["profile"], "v")
        self.assertEqual(plan["command"][-len(found["winner"]["arguments"]):],
                         found["winner"]["arguments"])
        self.assertIn("VIRTUAL", " ".join(plan["why"]))
        refused = self.redline("profile", "reproduce", "qwen3-4b/v")
        self.assertIn("predicted", refused.stderr)

    def test_two_at_once_leave_one_whole_file(self):
        folder = self.won("at-once")
        runs = [subprocess.Popen([BINARY, "profile", "publish", str(folder), "--name", "both"],
                                 env=self.env, stdout=subprocess.DEVNULL) for _ in range(6)]
        self.assertEqual({run.wait(60) for run in runs}, {0})
        self.json_of("profile", "show", f"{MODEL}/both")
        self.assertEqual(len(list((self.root / "data/profiles" / MODEL).glob("both*"))), 1)
        self.redline("profile", "delete", f"{MODEL}/both")

    def test_reproduced_or_not(self):
        # The baseline over itself is 1, whatever was published.
        same = {"engine": "native", "arguments": [], "environment": {}}
        folder = self.won("same", winner=same)
        self.json_of("profile", "publish", str(folder), "--name", "same")
        plan = self.json_of("profile", "reproduce", f"{MODEL}/same", "--dry-run")
        self.assertEqual(plan["baseline"], "native")
        self.assertGreaterEqual(plan["rounds"], 3)
        done = self.redline("profile", "reproduce", f"{MODEL}/same", "--report",
                            str(self.root / "again"), "--output", "json")
        outcome = json.loads(done.stdout)
        self.assertEqual(done.returncode, 0 if outcome["reproduced"] else 1, done.stderr)
        self.assertEqual(len(outcome["winner_values"]), plan["rounds"])
        self.assertGreater(outcome["ratio"], 0)
        refused = self.redline("profile", "reproduce", f"{MODEL}/cpu-default")
        self.assertIn("no evidence", refused.stderr)
        self.redline("profile", "delete", f"{MODEL}/same")


if __name__ == "__main__":
    unittest.main()
