"""The main job: deploy a model, talk to it, look at it, scale it, delete it."""
import json
import os
import pathlib
import stat
import unittest

from harness import MODEL, QUESTION, Redline, alive, wait_for


class DeployAndChat(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.redline = Redline(default_model=True).start()
        cls.redline.wait_running()

    @classmethod
    def tearDownClass(cls):
        cls.redline.stop()

    def test_says_paris_through_the_gateway(self):
        self.assertIn("Paris", self.redline.answer())

    def test_says_paris_through_the_command_line(self):
        done = self.redline.cli("chat", MODEL, QUESTION)
        self.assertIn("Paris", done.stdout)

    def test_stream_equals_whole_answer(self):
        whole = self.redline.answer(question="Name three colours.", max_tokens=40)
        reply = self.redline.chat(question="Name three colours.", max_tokens=40, stream=True,
                                  stream_options={"include_usage": True})
        events = [line[6:] for line in reply.body.decode().split("\n") if line.startswith("data: ")]
        self.assertEqual(events[-1], "[DONE]")
        chunks = [json.loads(event) for event in events[:-1]]
        text = "".join(chunk["choices"][0]["delta"].get("content") or ""
                       for chunk in chunks if chunk["choices"])
        self.assertEqual(text, whole)
        self.assertEqual(chunks[-1]["choices"], [])
        self.assertGreater(chunks[-1]["usage"]["completion_tokens"], 0)

    def test_completion_takes_token_ids(self):
        reply = self.redline.request("POST", "/v1/completions", {
            "model": MODEL, "prompt": [504, 3575, 282], "max_tokens": 8, "temperature": 0,
            "ignore_eos": True})
        self.assertEqual(reply.status, 200, reply.body)
        self.assertEqual(reply.json["usage"],
                         {**reply.json["usage"], "prompt_tokens": 3, "completion_tokens": 8})

    def test_get_deployments_shows_the_engines_pid(self):
        listed = json.loads(self.redline.cli("get", "deployments", "--output", "json").stdout)
        instance = listed["items"][0]["instances"][0]
        self.assertTrue(alive(instance["pid"]))
        self.assertIn("serve", pathlib.Path(f"/proc/{instance['pid']}/cmdline").read_text())
        self.assertIn(MODEL, self.redline.cli("get", "deployments").stdout)
        self.assertIn("items:", self.redline.cli("get", "deployments", "--output", "yaml").stdout)

    def test_describe_and_logs(self):
        text = self.redline.cli("describe", MODEL).stdout
        self.assertIn("RUNNING", text)
        self.assertIn("Why:", text)
        self.assertIn("ready", self.redline.cli("logs", MODEL).stdout)

    def test_library_says_why_deepseek_does_not_fit(self):
        model = self.redline.request("GET", "/api/v1/models/deepseek-v3.2").json
        if model["fit"]["fits"]:
            self.skipTest("this machine has memory for it")
        self.assertGreater(model["fit"]["needed_bytes"], model["fit"]["available_bytes"])
        refused = self.redline.request("POST", "/api/v1/deployments", {"model": "deepseek-v3.2"})
        self.assertGreaterEqual(refused.status, 400)
        self.assertLess(refused.status, 500)
        self.assertIn("GiB", refused.json["error"]["message"])

    def test_dry_run_creates_nothing(self):
        reply = self.redline.request("POST", "/api/v1/deployments",
                                     {"model": MODEL, "name": "other", "dry_run": True})
        self.assertEqual(reply.status, 200, reply.body)
        self.assertTrue(reply.json["why"])
        self.assertIsNone(self.redline.deployment("other"))

    def test_second_deployment_scales_and_goes(self):
        self.redline.deploy(name="second")
        first = self.redline.instance("second")["pid"]
        self.redline.cli("scale", "second", "2", "--wait")
        both = wait_for("two replicas run", lambda: [
            instance for instance in self.redline.deployment("second")["instances"]
            if instance["state"] == "RUNNING"][1:] and self.redline.deployment("second"), 60)
        pids = [instance["pid"] for instance in both["instances"]]
        self.redline.cli("scale", "second", "0")
        wait_for("stopped", lambda: self.redline.deployment("second")["phase"] == "STOPPED", 60)
        self.redline.cli("delete", "second")
        self.assertIsNone(self.redline.deployment("second"))
        for pid in {first, *pids}:
            wait_for(f"engine {pid} is gone", lambda: not alive(pid))
        self.assertIn("Paris", self.redline.answer())

    def test_nothing_is_open_without_a_key(self):
        for key in (None, "wrong", self.redline.key + "x"):
            self.assertEqual(self.redline.chat(key=key).status, 401)
            self.assertEqual(self.redline.request("GET", "/api/v1/deployments", key=key).status, 401)
            self.assertEqual(self.redline.request("GET", "/v1/models", key=key).status, 401)
        for path in ("/internal/v1/snapshot", "/api/v1/../../internal/v1/snapshot",
                     "//internal/v1/snapshot", "/%69nternal/v1/snapshot"):
            self.assertIn(self.redline.request("GET", path).status, (400, 403, 404), path)

    def test_key_file_is_private(self):
        mode = stat.S_IMODE(os.stat(self.redline.data_dir / "admin.key").st_mode)
        self.assertEqual(mode, 0o600)

    def test_health_and_models(self):
        self.assertEqual(self.redline.request("GET", "/health", key=None).status, 200)
        models = self.redline.request("GET", "/v1/models").json
        self.assertIn(MODEL, [model["id"] for model in models["data"]])
        reply = self.redline.chat(model="nope")
        self.assertEqual((reply.status, reply.json["error"]["code"]), (404, "model_not_found"))


if __name__ == "__main__":
    unittest.main()
