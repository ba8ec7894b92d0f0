#!/usr/bin/env python3
"""Redline's engine beside vLLM's CPU build and llama.cpp's server, over HTTP, in turns.

    peers.py [--quick] [--rounds N] [--workloads A,B] [--engines A,B] [--model FILE.gguf]

Every round starts each server alone, one after the other, runs every workload on it with `redline
bench` (token ids, exact lengths) and stops it; the order of the servers turns from round to round.
Before, each server's settings are chosen from a few candidates by the chat workload's total tokens a
second. Weights: the same model as Q4_1 GGUF (native, llama.cpp) and as bf16 safetensors written by
`redline export` (native, vLLM). Prints each workload on each server: median of the rounds, and the
ratio of the native engine to each peer (with the same weights, and Q4_1 to vLLM's bf16), with a 95%
bootstrap interval over the rounds' ratios: of total tokens a second, and of chat's TTFT p99. Writes
build/bench/peers.json.
"""
import argparse
import contextlib
import http.client
import json
import os
import pathlib
import random
import signal
import statistics
import subprocess
import sys
import time

from common import quantile
from harness import BINARY, ROOT, free_port, send, wait_for

OUT = ROOT / "build/bench"
MODEL = ROOT / "build/test-data/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
NAME = "m"
CONTEXT = 8192
START_SECONDS = 600
SWEEP_REQUESTS = 32
METRICS = {"total_tps": None, "output_tps": None, "ttft_ms": ("p50", "p99"), "tpot_ms": ("p50", "p99")}

# name: (prompt tokens, answer tokens, in flight at once, requests)
WORKLOADS = {
    "chat": (220, 200, 16, 32), "short": (128, 4, 32, 128), "medium": (2000, 100, 8, 8),
    "long": (4000, 200, 4, 4), "verylong": (7800, 50, 2, 2), "generation": (1000, 2000, 8, 8),
    "single": (128, 256, 1, 2)}
QUICK = {"chat": (220, 20, 8, 16), "short": (128, 4, 8, 32), "single": (128, 32, 1, 2)}

# (ours, peer)
PAIRS = [("native q4_1", "llama.cpp q4_1"), ("native q4_1", "vllm bf16"), ("native bf16", "vllm bf16")]

LLAMA = ["--flash-attn", "on", "--ubatch-size", "512", "--cache-ram", "0", "--no-cache-prompt"]

CPU_FLAGS = pathlib.Path("/proc/cpuinfo").read_text()
# Where AMX is the default.
OTHER_KERNELS = [(["--kernels", "avx512_vnni"], {})] if "amx_bf16" in CPU_FLAGS else []

# server: (engine, weights, candidate settings as (arguments, environment))
SERVERS = {
    "native q4_1": ("native", "gguf", [([], {}), (["--kv-cache-dtype", "bf16"], {}), *OTHER_KERNELS,
                                       (["--chunked-prefill-size", "1024"], {})]),
    # A context of its own for each slot, or one that all share: each slot then gets what the longest
    # request takes.
    "llama.cpp q4_1": ("llama_cpp@11434", "gguf", [
        ([*LLAMA, "--parallel", "16", "--no-kv-unified", "--ctx-size", str(16 * CONTEXT)], {}),
        ([*LLAMA, "--parallel", "32", "--kv-unified", "--ctx-size", str(4 * CONTEXT)], {})]),
    "native bf16": ("native", "hf", [([], {}), (["--kv-cache-dtype", "bf16"], {})]),
    "vllm bf16": ("vllm@0.13.0", "hf", [([], {}), (["--enforce-eager"], {}),
                                        (["--max-num-batched-tokens", "1024"], {})]),
}


def cli(*words):
    done = subprocess.run([BINARY, *map(str, words)], capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"redline {' '.join(map(str, words))}: {done.stderr.strip()[-2000:]}")
    return done.stdout


def install(engine, cache):
    """The program of an engine; installs it where it is not there."""
    cli("engine", "install", engine, "--cache-dir", cache)
    record = json.loads((cache / "engines" / engine / "install.json").read_text())
    return record["program"]


def command(engine, program, model, port):
    if engine == "native":
        return [BINARY, "serve", "--model-path", model, "--served-model-name", NAME, "--port", port,
                "--context-length", CONTEXT]
    if engine.startswith("vllm"):
        return [*program, "serve", model, "--served-model-name", NAME, "--port", port,
                "--host", "127.0.0.1", "--max-model-len", CONTEXT, *cpu_dtype()]
    return [*program, "--model", model, "--alias", NAME, "--port", port, "--host", "127.0.0.1"]


def cpu_dtype():
    """vLLM computes bf16 only where the CPU can."""
    return [] if "avx512_bf16" in CPU_FLAGS or "amx_bf16" in CPU_FLAGS else ["--dtype", "float32"]


class Server:
    """One server, its own process group, ended on exit."""

    def __init__(self, name, programs, models, settings):
        engine, weights, _ = SERVERS[name]
        arguments, environment = settings
        self.port = free_port()
        words = command(engine, programs.get(engine), models[weights], self.port)
        self.log_path = OUT / f"{name.replace(' ', '-')}.log"
        self.words = [str(word) for word in [*words, *arguments]]
        self.environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "4", **environment}
        self.process = None

    def __enter__(self):
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(self.words, stdout=log, stderr=log, env=self.environment,
                                            start_new_session=True)
        try:
            wait_for(f"{self.words[0]} is ready", self._is_ready, START_SECONDS, 0.2)
        except BaseException:
            self.__exit__()
            raise
        return self

    def _is_ready(self):
        if self.process.poll() is not None:
            raise SystemExit(f"{' '.join(self.words)} ended: see {self.log_path}")
        with contextlib.suppress(OSError, http.client.HTTPException):
            return send(self.port, "GET", "/health").status == 200

    def __exit__(self, *_):
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            pass
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)  # what the leader left behind
        self.process.wait()


def run_workload(server, name, shape, seed):
    prompt, answer, in_flight, requests = shape
    path = OUT / f"workload-{name}.json"
    path.write_text(json.dumps({"name": name, "input_tokens": prompt, "output_tokens": answer,
                                "concurrency": in_flight, "num_requests": requests}))
    result = json.loads(cli("bench", "--url", f"http://127.0.0.1:{server.port}", "--model", NAME,
                            "--workload", path, "--seed", seed, "--vocab-size", 49152,
                            "--no-self-check", "--output", "json"))
    found = {}
    for metric, points in METRICS.items():
        value = result[metric]
        if points is None:
            found[metric] = value
        else:
            found.update({f"{metric}_{point}": value[point] for point in points})
    found["valid"] = result["valid"]
    found["invalid_reasons"] = result["invalid_reasons"]
    return found


def choose_settings(name, start, workloads):
    """The candidate with most total tokens a second on the chat workload, and what all came to."""
    prompt, answer, in_flight, requests = workloads.get("chat", WORKLOADS["chat"])
    shape = (prompt, answer, in_flight, min(requests, SWEEP_REQUESTS))
    tried = []
    for settings in SERVERS[name][2]:
        with start(name, settings) as server:
            total = run_workload(server, "sweep", shape, seed=7)["total_tps"]
        tried.append({"arguments": settings[0], "environment": settings[1], "total_tps": total})
        print(f"  {name}: {' '.join(settings[0]) or 'defaults':40} {total:9.1f} tok/s", flush=True)
    best = max(tried, key=lambda each: each["total_tps"])
    return (best["arguments"], best["environment"]), tried


def interval(ratios, resamples=5000):
    """Median of the ratios and its 95% bootstrap interval."""
    draw = random.Random(1)
    medians = [statistics.median(draw.choices(ratios, k=len(ratios))) for _ in range(resamples)]
    return {"median": statistics.median(ratios), "low": quantile(medians, 0.025),
            "high": quantile(medians, 0.975), "rounds": len(ratios)}


def compare(runs, workloads, servers):
    """By workload and pair of servers: ours over the peer's, round by round."""
    ratios = {}
    for workload in workloads:
        for ours, peer in PAIRS:
            if ours not in servers or peer not in servers:
                continue
            for metric in ["total_tps", *(["ttft_ms_p99"] if workload == "chat" else [])]:
                each = [mine[metric] / other[metric] for mine, other in
                        zip(runs[workload][ours], runs[workload][peer]) if other[metric]]
                ratios[f"{workload} {metric}: {ours} / {peer}"] = interval(each)
    return ratios


def print_tables(runs, ratios, workloads, servers):
    columns = ["total_tps", "output_tps", "ttft_ms_p50", "ttft_ms_p99", "tpot_ms_p50", "tpot_ms_p99"]
    print(f"\n{'workload':12}{'server':18}" + "".join(f"{column:>14}" for column in columns))
    for workload in workloads:
        for server in servers:
            cells = [statistics.median(run[column] for run in runs[workload][server])
                     for column in columns]
            invalid = sum(not run["valid"] for run in runs[workload][server])
            print(f"{workload:12}{server:18}" + "".join(f"{cell:14.1f}" for cell in cells) +
                  (f"  {invalid} invalid" if invalid else ""))
    print("\nratios of the rounds: median (95%)")
    for pair, found in ratios.items():
        print(f"  {pair:56}{found['median']:7.2f} ({found['low']:.2f}..{found['high']:.2f})"
              f"  {found['rounds']} rounds")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="small workloads, no sweep, one round")
    parser.add_argument("--rounds", type=int, help="default 3; with --quick 1")
    parser.add_argument("--workloads", help=f"of {', '.join(WORKLOADS)}; comma between")
    parser.add_argument("--engines", help=f"of {', '.join(SERVERS)}; comma between")
    parser.add_argument("--model", type=pathlib.Path, default=MODEL)
    parser.add_argument("--report", type=pathlib.Path, default=OUT / "peers.json",
                        help="the file that is written")
    parser.add_argument("--settings-of", type=pathlib.Path, metavar="REPORT",
                        help="an earlier report whose settings are taken: no sweep")
    parser.add_argument("--cache-dir", type=pathlib.Path, default=ROOT / "build/bench/cache",
                        help="where engines are installed")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    return arguments


def chosen(text, known, what):
    names = [name.strip() for name in text.split(",")] if text else list(known)
    for name in names:
        if name not in known:
            raise SystemExit(f"--{what} {name!r} is not known; there are: {', '.join(known)}")
    return names


def end_on_signal(number, _):
    """Unwinds, so that the server that runs is stopped."""
    raise SystemExit(128 + number)


def main():
    signal.signal(signal.SIGTERM, end_on_signal)
    arguments = parse_arguments()
    known = QUICK if arguments.quick else WORKLOADS
    workloads = {name: known[name] for name in chosen(arguments.workloads, known, "workloads")}
    servers = chosen(arguments.engines, SERVERS, "engines")
    OUT.mkdir(parents=True, exist_ok=True)
    if not arguments.model.exists():
        raise SystemExit(f"{arguments.model} is absent: make test-data")
    models = {"gguf": arguments.model, "hf": OUT / "model-bf16"}
    if any(SERVERS[name][1] == "hf" for name in servers):
        cli("export", "--model-path", arguments.model, "--to", models["hf"], "--dtype", "bfloat16")
    programs = {SERVERS[name][0]: install(SERVERS[name][0], arguments.cache_dir)
                for name in servers if SERVERS[name][0] != "native"}

    def start(name, settings):
        return Server(name, programs, models, settings)

    settings, sweeps = {}, {}
    known_settings = (json.loads(arguments.settings_of.read_text())["settings"]
                      if arguments.settings_of else {})
    for name in servers:
        settings[name] = known_settings.get(name, SERVERS[name][2][0])
        if not arguments.quick and name not in known_settings:
            settings[name], sweeps[name] = choose_settings(name, start, workloads)
    runs = {workload: {name: [] for name in servers} for workload in workloads}
    document = {"started_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "cpus": os.cpu_count(), "load_average": os.getloadavg()[0],
                "workloads": workloads, "settings": settings, "sweeps": sweeps}
    for index in range(arguments.rounds):
        turn = index % len(servers)
        for name in servers[turn:] + servers[:turn]:
            with start(name, settings[name]) as server:
                for workload, shape in workloads.items():
                    found = run_workload(server, workload, shape, seed=100 + index)
                    runs[workload][name].append(found)
                    print(f"round {index + 1} {name:16} {workload:12}"
                          f"{found['total_tps']:10.1f} tok/s", flush=True)
        # After each round: a run that is ended early has what was measured.
        document["runs"] = runs
        document["ratios"] = compare(runs, workloads, servers)
        arguments.report.write_text(json.dumps(document, indent=1) + "\n")
    print_tables(runs, document["ratios"], workloads, servers)
    print(f"\n{arguments.report}")


if __name__ == "__main__":
    sys.exit(main())
