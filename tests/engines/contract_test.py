#!/usr/bin/env python3
"""The contract that every engine Redline drives has to keep, held against the real engines.

    contract_test.py [--install] [ENGINE...]      all four unless told

For each: installed and well; a bad flag is refused before anything starts; the start shows progress;
it is ready, answers, streams the same; its figures come under the common names; what it runs with is
read back; killed, it is seen and started again; deleted, nothing is left. Prints a table of times and
memory. Engines that are not installed are left out, loudly, unless --install says to install them
(gigabytes each, see redline engine list).
"""
import argparse
import json
import os
import pathlib
import signal
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent / "e2e"))
os.environ.setdefault("REDLINE_TEST_CACHE", os.environ.get(
    "REDLINE_CACHE_DIR", str(pathlib.Path("~/.cache/redline").expanduser())))

import harness  # noqa: E402
from harness import BINARY, CACHE_DIR, MODEL, QUESTION, Redline, alive, wait_for  # noqa: E402

CPU_FLAGS = set(pathlib.Path("/proc/cpuinfo").read_text().split())
# What Redline has vLLM 0.13.0 run with on a CPU without bfloat16 arithmetic.
VLLM_DTYPE = {} if CPU_FLAGS & {"avx512_bf16", "amx_bf16"} else {"dtype": "float32"}

# (arguments, environment, what the read-back has to say)
ENGINES = {
    "vllm@0.13.0": (["--max-model-len", "2048", "--enforce-eager"], {},
                    {"max_model_len": "2048", "enforce_eager": "true", **VLLM_DTYPE}),
    "vllm@0.32.0": (["--max-model-len", "2048", "--enforce-eager"], {},
                    {"max_model_len": "2048", "enforce_eager": "true"}),
    "sglang@0.5.6.post2": (["--dtype", "float32", "--grammar-backend", "none"],
                           {"PYTHONPATH": str(HERE / "stand_ins")},
                           {"dtype": "float32", "device": "cpu", "max_total_tokens": "32768"}),
    "llama_cpp@11434": (["--parallel", "2"], {}, {"parallel": "2", "kv_unified": "true"}),
}
COUNTED = {"num_running_requests", "num_waiting_requests", "prompt_tokens_total",
           "generation_tokens_total"}
START_SECONDS = 600


def cli(*words):
    return subprocess.run([BINARY, *words], capture_output=True, text=True)


def installed():
    engines = json.loads(cli("engine", "list", "--cache-dir", CACHE_DIR, "--output", "json").stdout)
    return {f"{each['name']}@{each['version']}" for each in engines["engines"] if each["installed"]}


def processes_of(data_dir):
    """(pid, RSS in bytes) of everything that names the directory in its command line or environment,
    and of its descendants: some write over both."""
    named, parents, rss = set(), {}, {}
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            text = (entry / "cmdline").read_bytes() + (entry / "environ").read_bytes()
            pages = int((entry / "statm").read_text().split()[1])
            parent = int((entry / "stat").read_text().rsplit(")", 1)[1].split()[1])
        except OSError:
            continue
        pid = int(entry.name)
        parents[pid], rss[pid] = parent, pages * os.sysconf("SC_PAGE_SIZE")
        if str(data_dir).encode() in text:
            named.add(pid)

    def belongs(pid):
        while pid in parents:
            if pid in named:
                return True
            pid = parents[pid]
        return False
    return [(pid, size) for pid, size in rss.items() if belongs(pid)]


class Contract:
    def __init__(self, redline, name):
        self.redline, self.engine = redline, name
        self.arguments, self.environment, self.effective = ENGINES[name]
        self.name = name.split("@")[0].replace("_", "-")
        self.row = {"engine": name}
        self.before = {pid for pid, _ in processes_of(redline.data_dir)}

    def body(self, arguments=None, **fields):
        return {"model": MODEL, "name": self.name, "engine": self.engine,
                "arguments": self.arguments if arguments is None else arguments,
                "environment": self.environment, **fields}

    def installation_is_well(self):
        done = cli("engine", "doctor", self.engine, "--cache-dir", CACHE_DIR)
        assert done.returncode == 0, done.stdout + done.stderr

    def bad_flags_are_refused(self):
        for words, say in ((["--no-such-flag"], "--no-such-flag"),
                           (["--host", "0.0.0.0"], "--host")):
            reply = self.redline.request("POST", "/api/v1/deployments", self.body(words))
            assert reply.status == 400, (words, reply.status, reply.body)
            assert say in reply.json["error"]["message"], reply.body
        assert self.redline.deployment(self.name) is None, "a refused deployment is there"

    def starts_with_progress(self):
        reply = self.redline.request("POST", "/api/v1/deployments", self.body())
        assert reply.status == 201, (reply.status, reply.body)
        begin, seen = time.monotonic(), []

        def running():
            found = self.redline.deployment(self.name)
            phase = found["phase"]
            assert phase != "ERROR", found["reason"]
            progress = found["instances"][0]["progress"] if found["instances"] else {}
            if phase == "STARTING" and progress.get("phase"):
                seen.append((progress["phase"], progress["fraction"]))
            return phase == "RUNNING"
        wait_for("it runs", running, START_SECONDS, 0.1)
        self.row["ready s"] = f"{time.monotonic() - begin:.1f}"
        assert seen, "it told no phase of its start"
        fractions = [fraction for _, fraction in seen]
        assert fractions == sorted(fractions), seen
        self.row["phases"] = str(len({phase for phase, _ in seen}))

    def answers(self):
        answer = self.redline.answer(model=self.name)
        assert "Paris" in answer, answer
        return answer

    def streams_the_same(self, answer):
        connection, response = self.redline.open_stream(
            model=self.name, ignore_eos=False, max_tokens=16,
            messages=[{"role": "user", "content": QUESTION}])
        text = ""
        for line in response.read().decode().splitlines():
            if line.startswith("data: ") and line != "data: [DONE]":
                choices = json.loads(line[6:])["choices"]
                text += (choices[0]["delta"].get("content") or "") if choices else ""
        connection.close()
        assert text == answer, (text, answer)

    def counts(self):
        reply = self.redline.request("GET", f"/api/v1/deployments/{self.name}/metrics")
        assert reply.status == 200, (reply.status, reply.body)
        metrics = reply.json["metrics"]
        assert COUNTED <= set(metrics), metrics
        assert metrics["generation_tokens_total"] > 0 and metrics["prompt_tokens_total"] > 0, metrics
        assert metrics["num_running_requests"] == 0, metrics

    def is_read_back(self):
        def told():
            return self.redline.deployment(self.name)["instances"][0]["effective"]
        effective = wait_for("it says what it runs with", told)
        rows = {row["name"]: row for row in self.redline.deployment(self.name)["configuration"]}
        for name, value in self.effective.items():
            assert rows[name]["effective"] == value, (name, rows[name])
        assert not [row for row in rows.values() if row["differs"]], rows
        self.row["read back"] = str(len(effective))

    def weighs(self):
        own = [rss for pid, rss in processes_of(self.redline.data_dir) if pid not in self.before]
        self.row["RSS GiB"] = f"{sum(own) / 2**30:.1f}"

    def comes_back_when_killed(self):
        pid = self.redline.instance(self.name)["pid"]
        os.kill(pid, signal.SIGKILL)
        begin = time.monotonic()
        wait_for("one restart is counted", lambda: self.redline.instance(self.name)[
            "restart_count"] == 1, 60)
        self.redline.wait_running(self.name, START_SECONDS)
        self.row["back s"] = f"{time.monotonic() - begin:.1f}"
        self.answers()

    def leaves_nothing(self):
        instance = self.redline.instance(self.name)
        begin = time.monotonic()
        reply = self.redline.request("DELETE", f"/api/v1/deployments/{self.name}")
        assert reply.status == 202, (reply.status, reply.body)
        wait_for("it is gone", lambda: self.redline.deployment(self.name) is None, 60)
        self.row["gone s"] = f"{time.monotonic() - begin:.1f}"
        assert not alive(instance["pid"])
        assert not (self.redline.data_dir / "instances" / instance["id"]).exists()
        assert not (self.redline.data_dir / "run" / f"{instance['id']}.sock").exists()
        left = [each for each in processes_of(self.redline.data_dir) if each[0] not in self.before]
        assert not left, left

    def hold(self):
        self.installation_is_well()
        self.bad_flags_are_refused()
        self.starts_with_progress()
        answer = self.answers()
        self.streams_the_same(answer)
        self.counts()
        self.is_read_back()
        self.weighs()
        self.comes_back_when_killed()
        self.leaves_nothing()


def print_table(rows):
    names = list(dict.fromkeys(name for row in rows for name in row))
    widths = [max(len(name), *(len(row.get(name, "")) for row in rows)) for name in names]
    for line in [dict(zip(names, names)), *rows]:
        print("  ".join(line.get(name, "").ljust(width) for name, width in zip(names, widths)))


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--install", action="store_true", help="install what is missing")
    parser.add_argument("engines", nargs="*", metavar="ENGINE", default=[])
    options = parser.parse_args()
    rows, failed = [], False
    with Redline() as redline:
        for name in options.engines or ENGINES:
            if name not in installed() and options.install:
                done = subprocess.run([BINARY, "engine", "install", name, "--cache-dir", CACHE_DIR])
                assert done.returncode == 0
            if name not in installed():
                print(f"SKIPPED {name}: not installed in {CACHE_DIR}", file=sys.stderr)
                continue
            contract = Contract(redline, name)
            try:
                contract.hold()
                contract.row["contract"] = "kept"
            except AssertionError as error:
                contract.row["contract"] = "BROKEN"
                failed = True
                print(f"{name}: {error}", file=sys.stderr)
                redline.request("DELETE", f"/api/v1/deployments/{contract.name}")
            rows.append(contract.row)
    if rows:
        print_table(rows)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
