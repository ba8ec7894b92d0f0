"""Of bench/peers.py: what is run with which settings and prompts, and its ratios."""

import dataclasses
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest

import peers
from peers import Settings


class Peers(unittest.TestCase):
    def test_no_two_runs_share_a_seed(self):
        # Prompts of one seed begin alike: a prefix cache would answer the second run.
        names = [*peers.WORKLOADS, *(f"sweep-{name}" for name in peers.SWEEP_REQUESTS), "warm-up"]
        seeds = [peers.seed_of(name, index) for name in names for index in range(50)]
        self.assertEqual(len(set(seeds)), len(seeds))

    def test_workloads_of_one_setting_share_a_server(self):
        small, large = Settings("q4_0", ("--parallel", "1")), Settings("q4_1")
        workloads = ["chat", "single", "long"]
        self.assertEqual(dict(peers.in_turns({"chat": large, "single": small}, workloads)),
                         {large: ["chat", "long"], small: ["single"]})
        self.assertEqual(dict(peers.in_turns({"chat": large, "single": large}, workloads)),
                         {large: workloads})

    def test_settings_come_back_from_a_report(self):
        settings = {"vllm bf16": {"chat": Settings("bf16", ("--a", "1"), (("N", "2"),))}}
        with tempfile.TemporaryDirectory() as folder:
            report = pathlib.Path(folder) / "peers.json"
            report.write_text(json.dumps({"settings": settings}, default=dataclasses.asdict))
            self.assertEqual(peers.known_settings(report), settings)
            with self.assertRaisesRegex(SystemExit, "--mask-amx"):
                peers.known_settings(report, masks_amx=True)
            one = '{"settings": {"a": {"b": {"weights": "q4_1", "arguments": %s, "environment": %s}}}}'
            for text in ["", "[]", "{}", '{"settings": 1}', '{"settings": {"a": {"b": {}}}}',
                         "[" * 200_000, one % ('"--a 1"', "[]"), one % ("[1]", "[]"),
                         one % ("[]", '[["N"]]')]:
                report.write_text(text)
                with self.assertRaisesRegex(SystemExit, "not a report of this program"):
                    peers.known_settings(report)

    def test_ratios_are_of_rounds(self):
        # A machine twice as fast in the second round changes no ratio.
        runs = {"single": {"native q4_1": [{"total_tps": 30.0}, {"total_tps": 60.0}],
                           "vllm bf16": [{"total_tps": 10.0}, {"total_tps": 20.0}]}}
        found = peers.compare(runs, ["single"], ["native q4_1", "vllm bf16"])
        self.assertEqual(found, {"single total_tps: native q4_1 / vllm bf16":
                                 {"median": 3.0, "low": 3.0, "high": 3.0, "rounds": 2}})

    def test_masked_engines_have_no_tiles(self):
        masked = peers.mask_amx(peers.SERVERS)
        self.assertEqual(list(masked), list(peers.SERVERS))
        for name, kernels in [("native q4_1", {"avx512_vnni"}),
                              ("native bf16", {"avx512_vnni", "avx512_bf16"})]:
            found = {each.arguments[each.arguments.index("--kernels") + 1] for each in masked[name][1]}
            self.assertEqual(found, kernels)
        for each in masked["vllm bf16"][1]:
            self.assertEqual(dict(each.environment)["ONEDNN_MAX_CPU_ISA"], "AVX512_CORE_BF16")
        folder = dict(masked["vllm bf16"][1][0].environment)["PYTHONPATH"]
        # What sitecustomize.py does, with a module of torch's name.
        with tempfile.TemporaryDirectory() as modules:
            torch = pathlib.Path(modules) / "torch"
            torch.mkdir()
            (torch / "__init__.py").write_text("from . import _C\n")
            (torch / "_C.py").write_text(
                "class _cpu:\n    _is_amx_tile_supported = staticmethod(lambda: True)\n")
            said = subprocess.run(
                [sys.executable, "-c", "import torch; print(torch._C._cpu._is_amx_tile_supported())"],
                env={**os.environ, "PYTHONPATH": f"{folder}:{modules}"}, capture_output=True, text=True)
            self.assertEqual(said.stdout, "False\n", said.stderr)


if __name__ == "__main__":
    unittest.main()
