"""The workload files that docs/workloads.md shows, as printed, with the files they name beside them."""
import json
import pathlib
import re
import subprocess
import tempfile
import unittest

from harness import BINARY, ROOT

PAGE = (ROOT / "docs/workloads.md").read_text()
EXAMPLES = re.findall(r"^```yaml\n(.*?)^```$", PAGE, re.M | re.S)
FILES = re.findall(r"^```(?:csv|json) (\S+)\n(.*?)^```$", PAGE, re.M | re.S)
PROCESSES = ("closed", "burst", "constant", "poisson", "gamma", "ramp", "steps", "trace")


class Examples(unittest.TestCase):
    def test_each_is_a_plan(self):
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            for file, text in FILES:
                (folder / file).write_text(text)
            processes = set()
            for example in EXAMPLES:
                with self.subTest(example.splitlines()[0]):
                    (folder / "example.yaml").write_text(example)
                    done = subprocess.run(
                        [BINARY, "bench", "--workload", folder / "example.yaml", "--dry-run",
                         "--output", "json"], capture_output=True, text=True, timeout=60, check=False)
                    self.assertEqual(done.returncode, 0, done.stderr)
                    plan = json.loads(done.stdout)
                    self.assertGreater(plan["num_requests"], 0)
                    processes.add(plan["workload"]["arrivals"]["process"])
            self.assertEqual(processes, set(PROCESSES))
            self.assertEqual(len(FILES), 3)

    def test_every_field_is_told(self):
        plan = subprocess.run([BINARY, "bench", "--workload", "short", "--dry-run", "--output", "json"],
                              capture_output=True, text=True, timeout=60, check=True)
        for field in json.loads(plan.stdout)["workload"]:
            self.assertIn(f"`{field}`", PAGE)


if __name__ == "__main__":
    unittest.main()
