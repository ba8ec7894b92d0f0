#!/usr/bin/env python3
"""Redline's engine beside vLLM's CPU build and llama.cpp's server, over HTTP, in turns.

    peers.py [--quick] [--mask-amx] [--rounds N] [--workloads A,B] [--engines A,B] [--model FILE.gguf]

Every round starts each server alone, one after the other, runs every workload on it with `redline
bench` (token ids, exact lengths) and stops it; the order of the servers turns from round to round.
Before, each server's settings are chosen from a few candidates by total tokens a second: by those of
`single` for that workload, by those of `chat` for all others. Weights: the same model as Q4_1 GGUF
(native, llama.cpp), as Q4_0 GGUF (a candidate of llama.cpp's) and as bf16 safetensors written by
`redline export` (native, vLLM). Prints each workload on each server: median of the rounds, and the
ratio of the native engine to each peer, with a 95% bootstrap interval over the rounds' ratios: of
total tokens a second, and of chat's TTFT p99. Writes build/bench/peers.json.
"""
import argparse
import contextlib
import dataclasses
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
SWEEP_REQUESTS = {"chat": 16, "single": 1}
# Once for each start. `redline bench` would repeat whole workloads until they are steady: hours.
WARM_UP = (256, 32, 8, 16)
METRICS = {"total_tps": None, "output_tps": None, "ttft_ms": ("p50", "p99"), "tpot_ms": ("p50", "p99")}

# name: (prompt tokens, answer tokens, in flight at once, requests)
WORKLOADS = {
    "chat": (220, 200, 16, 32), "short": (128, 4, 32, 128), "medium": (2000, 100, 8, 8),
    "long": (4000, 200, 4, 4), "verylong": (7800, 50, 2, 2), "generation": (1000, 2000, 8, 8),
    "single": (128, 256, 1, 2)}
RUNS = [*WORKLOADS, *(f"sweep-{name}" for name in SWEEP_REQUESTS), "warm-up"]
QUICK = {"chat": (220, 20, 8, 16), "short": (128, 4, 8, 32), "single": (128, 32, 1, 2)}

# (ours, peer)
PAIRS = [("native q4_1", "llama.cpp 4-bit"), ("native q4_1", "vllm bf16"), ("native bf16", "vllm bf16")]


@dataclasses.dataclass(frozen=True)
class Settings:
    """What a server is started with: weights (a key of `models`), flags, environment."""

    weights: str
    arguments: tuple = ()
    environment: tuple = ()  # of (name, value)

    def __str__(self):
        assigned = (f"{name}={value}" for name, value in self.environment)
        return " ".join([self.weights, *assigned, *self.arguments])

    @classmethod
    def of(cls, document):
        """Of a report; ValueError, TypeError or KeyError where it is none."""
        weights, arguments = document["weights"], document["arguments"]
        environment = [tuple(each) for each in document["environment"]]
        words = [weights, *arguments, *(word for each in environment for word in each)]
        if not isinstance(arguments, list) or any(len(each) != 2 for each in environment) or \
                not all(isinstance(word, str) for word in words):
            raise ValueError(f"not settings of a server: {document}")
        return cls(weights, tuple(arguments), tuple(environment))


CPU_FLAGS = pathlib.Path("/proc/cpuinfo").read_text()


def native(weights):
    flags = [(), ("--page-size", "64"), ("--chunked-prefill-size", "1024")]
    if "amx_bf16" in CPU_FLAGS:  # then not what `auto` takes
        flags.append(("--kernels", "avx512_bf16" if weights == "bf16" else "avx512_vnni"))
    return [Settings(weights, each) for each in flags]


def native_without_amx(weights):
    """As `native`, of the kernels that a CPU with AVX512-VNNI and AVX512-BF16 alone would choose from."""
    kernels = ["avx512_vnni", "avx512_bf16"] if weights == "bf16" else ["avx512_vnni"]
    return [Settings(weights, ("--kernels", each, *flags)) for each in kernels
            for flags in [(), ("--page-size", "64"), ("--chunked-prefill-size", "1024")]]


def llama(weights, *flags):
    return Settings(weights, ("--flash-attn", "on", "--ubatch-size", "512", "--cache-ram", "0",
                              "--no-cache-prompt", *flags))


# A context of its own for each slot. (One that all share is no choice: every request then scans the
# positions of all, and chat takes ten times as long.)
OWN_SLOTS = ("--parallel", "16", "--no-kv-unified", "--ctx-size", str(16 * CONTEXT))
ONE_SLOT = ("--parallel", "1", "--ctx-size", str(CONTEXT))

# server: (engine, candidate settings)
SERVERS = {
    "native q4_1": ("native", native("q4_1")),
    "llama.cpp 4-bit": ("llama_cpp@11434", [
        llama("q4_0", *OWN_SLOTS), llama("q4_0", *ONE_SLOT), llama("q4_1", *OWN_SLOTS)]),
    "native bf16": ("native", native("bf16")),
    "vllm bf16": ("vllm@0.13.0", [
        Settings("bf16"), Settings("bf16", ("--enforce-eager",)),
        Settings("bf16", ("--max-num-batched-tokens", "1024"))]),
}


# llama.cpp is built without its AMX kernels anyway.
WITHOUT_AMX = (("ONEDNN_MAX_CPU_ISA", "AVX512_CORE_BF16"),
               ("PYTHONPATH", os.pathsep.join(filter(None, [
                   str(ROOT / "bench/peers/mask_amx"), os.environ.get("PYTHONPATH")]))))


def mask_amx(servers):
    """The servers as on a CPU without AMX; what a CPU has is known to each of them by itself."""
    masked = {}
    for name, (engine, candidates) in servers.items():
        if engine == "native":
            candidates = native_without_amx(candidates[0].weights)
        elif engine.startswith("vllm"):
            candidates = [dataclasses.replace(each, environment=each.environment + WITHOUT_AMX)
                          for each in candidates]
        masked[name] = (engine, candidates)
    return masked


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
        engine, _ = SERVERS[name]
        self.port = free_port()
        words = command(engine, programs.get(engine), models[settings.weights], self.port)
        self.log_path = OUT / f"{name.replace(' ', '-')}.log"
        self.words = [str(word) for word in [*words, *settings.arguments]]
        self.environment = {**os.environ, "VLLM_CPU_KVCACHE_SPACE": "4",
                            **dict(settings.environment)}
        self.process = None

    def __enter__(self):
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(self.words, stdout=log, stderr=log, env=self.environment,
                                            start_new_session=True)
        try:
            wait_for(f"{self.words[0]} is ready", self._is_ready, START_SECONDS, 0.2)
            run_workload(self, "warm-up", WARM_UP)
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


def seed_of(name, index=0):
    """No two runs on a server have a seed in common: prompts of one seed begin alike, whatever their
    lengths, and a prefix cache would answer for the engine."""
    return 100 * (index + 1) + RUNS.index(name)


def run_workload(server, name, shape, index=0):
    prompt, answer, in_flight, requests = shape
    path = OUT / f"workload-{name}.json"
    path.write_text(json.dumps({"name": name, "input_tokens": prompt, "output_tokens": answer,
                                "concurrency": in_flight, "num_requests": requests}))
    result = json.loads(cli("bench", "--url", f"http://127.0.0.1:{server.port}", "--model", NAME,
                            "--workload", path, "--seed", seed_of(name, index), "--vocab-size", 49152,
                            "--no-self-check", "--no-warm-up", "--output", "json"))
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


def sweep_of(workload):
    """The workload that settings for this one are chosen by."""
    return "single" if workload == "single" else "chat"


def choose_settings(name, start, sweeps):
    """By name of a sweep: the candidate with most total tokens a second, and what all came to."""
    tried = {sweep: [] for sweep in sweeps}
    for settings in SERVERS[name][1]:
        with start(name, settings) as server:
            for sweep in sweeps:
                shape = (*WORKLOADS[sweep][:3], SWEEP_REQUESTS[sweep])
                total = run_workload(server, f"sweep-{sweep}", shape)["total_tps"]
                tried[sweep].append({"settings": settings, "total_tps": total})
                print(f"  {name}: {sweep:8}{total:9.1f} tok/s  {settings}", flush=True)
    best = {sweep: max(each, key=lambda one: one["total_tps"])["settings"]
            for sweep, each in tried.items()}
    return best, tried


def in_turns(settings, workloads):
    """Workloads of a server, in groups that are run with the same settings."""
    groups = {}
    for workload in workloads:
        groups.setdefault(settings[sweep_of(workload)], []).append(workload)
    return groups.items()


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
                if each:
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
    parser.add_argument("--mask-amx", action="store_true",
                        help="all engines as on a CPU without AMX")
    parser.add_argument("--model", type=pathlib.Path, default=MODEL)
    parser.add_argument("--report", type=pathlib.Path, default=OUT / "peers.json",
                        help="the file that is written")
    parser.add_argument("--settings-of", type=pathlib.Path, metavar="REPORT",
                        help="an earlier report whose settings are taken: no sweep")
    parser.add_argument("--cache-dir", type=pathlib.Path, default=ROOT / "build/bench/cache",
                        help="where engines are installed")
    arguments = parser.parse_args()
    arguments.rounds = arguments.rounds or (1 if arguments.quick else 3)
    if arguments.mask_amx and "avx512_bf16" not in CPU_FLAGS:
        parser.error("--mask-amx needs a CPU with AVX512-BF16: without it, nothing is left to mask for")
    return arguments


def chosen(text, known, what):
    names = [name.strip() for name in text.split(",")] if text else list(known)
    for name in names:
        if name not in known:
            raise SystemExit(f"--{what} {name!r} is not known; there are: {', '.join(known)}")
    return names


def make_models(gguf, servers):
    """The model's weights in all the forms that the servers' candidates ask for."""
    models = {"q4_1": gguf, "q4_0": OUT / "model-q4_0.gguf", "bf16": OUT / "model-bf16"}
    wanted = {settings.weights for name in servers for settings in SERVERS[name][1]}
    if "bf16" in wanted:
        cli("export", "--model-path", gguf, "--to", models["bf16"], "--dtype", "bfloat16")
    if "q4_0" in wanted:
        python = subprocess.run([ROOT / "bench/venv.sh"], check=True, stdout=subprocess.PIPE,
                                text=True)
        subprocess.run([python.stdout.strip(), ROOT / "bench/peers/requantize.py", gguf,
                        models["q4_0"]], check=True)
    return models


def known_settings(report, masks_amx=False):
    try:
        document = json.loads(report.read_text())
        settings = document["settings"]
        if document.get("mask_amx", False) != masks_amx:
            raise ValueError("it was measured with --mask-amx, or this is, and not both")
        return {name: {sweep: Settings.of(each) for sweep, each in sweeps.items()}
                for name, sweeps in settings.items()}
    except (OSError, ValueError, LookupError, AttributeError, TypeError, RecursionError) as error:
        raise SystemExit(f"--settings-of {report}: not a report of this program: {error}") from None


def end_on_signal(number, _):
    """Unwinds, so that the server that runs is stopped."""
    raise SystemExit(128 + number)


def main():
    signal.signal(signal.SIGTERM, end_on_signal)
    arguments = parse_arguments()
    if arguments.mask_amx:
        SERVERS.update(mask_amx(SERVERS))
    all_workloads = QUICK if arguments.quick else WORKLOADS
    workloads = {name: all_workloads[name]
                 for name in chosen(arguments.workloads, all_workloads, "workloads")}
    servers = chosen(arguments.engines, SERVERS, "engines")
    OUT.mkdir(parents=True, exist_ok=True)
    if not arguments.model.exists():
        raise SystemExit(f"{arguments.model} is absent: make test-data")
    models = make_models(arguments.model, servers)
    programs = {SERVERS[name][0]: install(SERVERS[name][0], arguments.cache_dir)
                for name in servers if SERVERS[name][0] != "native"}

    def start(name, settings):
        return Server(name, programs, models, settings)

    needed = list(dict.fromkeys(sweep_of(workload) for workload in workloads))
    known = known_settings(arguments.settings_of, arguments.mask_amx) \
        if arguments.settings_of else {}
    settings, swept = {}, {}
    for name in servers:
        settings[name] = dict(known.get(name, {}))
        missing = [sweep for sweep in needed if sweep not in settings[name]]
        if arguments.quick:
            settings[name].update(dict.fromkeys(missing, SERVERS[name][1][0]))
        elif missing:
            found, swept[name] = choose_settings(name, start, missing)
            settings[name].update(found)
    runs = {workload: {name: [] for name in servers} for workload in workloads}
    document = {"started_at": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "cpus": os.cpu_count(), "load_average": os.getloadavg()[0],
                "mask_amx": arguments.mask_amx, "workloads": workloads, "settings": settings, "sweeps": swept}
    for index in range(arguments.rounds):
        turn = index % len(servers)
        for name in servers[turn:] + servers[:turn]:
            for chosen_settings, names in in_turns(settings[name], workloads):
                with start(name, chosen_settings) as server:
                    for workload in names:
                        found = run_workload(server, workload, workloads[workload], index)
                        runs[workload][name].append(found)
                        print(f"round {index + 1} {name:16} {workload:12}"
                              f"{found['total_tps']:10.1f} tok/s", flush=True)
            # After each server: a run that is ended early has what was measured.
            document["runs"] = runs
            document["ratios"] = compare(runs, workloads, servers)
            report = json.dumps(document, indent=1, default=dataclasses.asdict)
            # By rename: a full disk leaves the last one whole.
            written = arguments.report.with_suffix(".part")
            written.write_text(report + "\n")
            written.replace(arguments.report)
    print_tables(runs, document["ratios"], workloads, servers)
    print(f"\n{arguments.report}")


if __name__ == "__main__":
    sys.exit(main())
