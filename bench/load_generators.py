#!/usr/bin/env python3
"""`redline bench` beside `vllm bench serve`, against the built-in mock server, in turns.

    load_generators.py --vllm PYTHON [--repeats N] [--output json]

One-token answers at concurrency 256. Client CPU for each request is the difference between a large
and a small run over the difference in requests, so that starting costs nothing; the rate is what each
tool reports of its own window in the large run. PYTHON is the interpreter of an environment in which
`vllm bench serve` runs. Client and server share the machine's cores.
"""
import argparse
import json
import os
import pathlib
import resource
import statistics
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parent.parent
BINARY = ROOT / "build/release/redline"
TOKENIZER = ROOT / "build/test-data/gpt2"
CONCURRENCY = 256


class MockServer:
    def __enter__(self):
        self.process = subprocess.Popen([BINARY, "mock-server", "--port", "0"], text=True,
                                        stdout=subprocess.PIPE)
        return self.process.stdout.readline().split()[-1]

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()


def run(command, environment=None):
    """What it wrote, and the CPU seconds it took."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    done = subprocess.run(command, capture_output=True, text=True,
                          env={**os.environ, **(environment or {})})
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    if done.returncode not in (0, 10):
        sys.exit(f"{' '.join(map(str, command))}\n{done.stderr[-2000:]}")
    return done.stdout, (after.ru_utime + after.ru_stime) - (before.ru_utime + before.ru_stime)


def redline(url, num_requests, folder):
    workload = folder / "workload.yaml"
    workload.write_text(f"name: one-token\ninput_tokens: 16\noutput_tokens: 1\n"
                        f"num_requests: {num_requests}\n")
    text, cpu = run([BINARY, "bench", "--url", url, "--model", "mock", "--workload", workload,
                     "--concurrency", str(CONCURRENCY), "--no-self-check", "--no-warm-up",
                     "--output", "json"])
    return json.loads(text)["request_rate"], cpu


def vllm(python, url, num_requests, folder):
    result = folder / "vllm.json"
    main = ("import sys; sys.argv[0] = 'vllm'; "
            "from vllm.entrypoints.cli.main import main; main()")
    _, cpu = run([python, "-c", main, "bench", "serve", "--backend", "vllm", "--base-url", url,
                  "--endpoint", "/v1/completions", "--model", "mock", "--tokenizer", TOKENIZER,
                  "--dataset-name", "random", "--random-input-len", "16", "--random-output-len", "1",
                  "--num-prompts", str(num_requests), "--max-concurrency", str(CONCURRENCY),
                  "--ignore-eos", "--disable-tqdm", "--save-result", "--result-dir", folder,
                  "--result-filename", result.name], {"HF_HUB_OFFLINE": "1"})
    return json.loads(result.read_text())["request_throughput"], cpu


def measure(tool, url, sizes, folder):
    """(requests per second, microseconds of client CPU for a request)"""
    small, large = sizes
    _, cpu_small = tool(url, small, folder)
    rate, cpu_large = tool(url, large, folder)
    return rate, (cpu_large - cpu_small) / (large - small) * 1e6


def spread(values):
    return f"{statistics.median(values):,.1f} ({min(values):,.1f}..{max(values):,.1f})"


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--vllm", required=True, metavar="PYTHON")
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--output", choices=["table", "json"], default="table")
    arguments = parser.parse_args()
    tools = {
        "redline bench": (redline, (20_000, 220_000)),
        "vllm bench serve": (lambda *rest: vllm(arguments.vllm, *rest), (1_000, 11_000)),
    }
    rows = {name: [] for name in tools}
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(arguments.repeats):
            for name, (tool, sizes) in tools.items():
                with MockServer() as url:
                    rows[name].append(measure(tool, url, sizes, pathlib.Path(folder)))
                rate, cpu = rows[name][-1]
                print(f"{repeat + 1}/{arguments.repeats} {name}: {rate:,.0f} requests/s, {cpu:.1f} us",
                      file=sys.stderr)
    rates = {name: [row[0] for row in each] for name, each in rows.items()}
    cpus = {name: [row[1] for row in each] for name, each in rows.items()}
    ours, theirs = rows
    ratio_rate = [a / b for a, b in zip(rates[ours], rates[theirs])]
    ratio_cpu = [b / a for a, b in zip(cpus[ours], cpus[theirs])]
    if arguments.output == "json":
        print(json.dumps({"rates": rates, "cpu_us": cpus, "rate_ratio": ratio_rate,
                          "cpu_ratio": ratio_cpu}))
        return
    print(f"one-token answers, concurrency {CONCURRENCY}, {arguments.repeats} repeats in turns: "
          "median (least..most)")
    for name in rows:
        print(f"  {name:17} {spread(rates[name])} requests/s   {spread(cpus[name])} us CPU each")
    print(f"  ratio             {spread(ratio_rate)} in rate   {spread(ratio_cpu)} in CPU")


if __name__ == "__main__":
    main()
