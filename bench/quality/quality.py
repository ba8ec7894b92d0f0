"""How far this engine and llama.cpp stray from the model they were given.

Both read the same quantised file and the same 2,000 tokens. The reference is tests/reference's numpy
implementation in float64 over the file's weights dequantised to float32; nothing of it is shared
with either engine. Measured: KL(reference || engine) of the next token's whole distribution at each
position, and the ratio of the two means with a bootstrap interval.

Run it through `make bench-quality`, which builds and fetches what it needs.
"""

import argparse
import hashlib
import json
import os
import pathlib
import platform
import subprocess
import sys

import numpy as np

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path += [str(ROOT / "tests" / "reference"), str(HERE.parent / "peers")]

import llama_cpp  # noqa: E402
from divergence import compare, ratio_interval  # noqa: E402
from llama_reference import Llama  # noqa: E402

MODEL = ROOT / "build/test-data/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
REFERENCE_CHUNK = 125  # tokens
LIMIT = 1.05


def note(text):
    print(text, file=sys.stderr, flush=True)


def run(command):
    # OpenMP threads that wait without spinning: no difference to the numbers, a large one to neighbours.
    environment = {**os.environ, "OMP_WAIT_POLICY": "passive"}
    done = subprocess.run([str(part) for part in command], stdout=subprocess.PIPE, text=True,
                          env=environment)
    if done.returncode != 0:
        raise SystemExit(f"quality: {command[0]} failed with exit code {done.returncode}")
    return done.stdout.strip()


def digest(*paths):
    return hashlib.sha256(b"".join(pathlib.Path(path).read_bytes() for path in paths)).hexdigest()


def rows_of(path, num_rows):
    return np.memmap(path, np.float32, "r").reshape(num_rows, -1)


def reference_rows(model, ids_path, work):
    """The reference's log-probabilities as float32, computed once for a model and a text."""
    sources = sorted((ROOT / "tests" / "reference").glob("*.py"))
    path = work / f"reference-{digest(model, ids_path, *sources)[:16]}.f32"
    ids = [int(line) for line in ids_path.read_text().split()]
    if not path.exists():
        note(f"computing the reference for {len(ids)} tokens in float64 (minutes, once)")
        llama = Llama(model)
        caches = [{} for _ in llama.layers]
        with open(f"{path}.part", "wb") as out:
            for begin in range(0, len(ids), REFERENCE_CHUNK):
                rows = llama.log_probs(ids[begin : begin + REFERENCE_CHUNK], caches)
                out.write(rows.astype(np.float32).tobytes())
        os.rename(f"{path}.part", path)
    return rows_of(path, len(ids))


def summary(name, divergence, agrees):
    quantile = lambda q: float(np.quantile(divergence, q))
    return {
        "engine": name,
        "mean_kl_nats": float(divergence.mean()),
        "median_kl_nats": quantile(0.5),
        "p99_kl_nats": quantile(0.99),
        "max_kl_nats": float(divergence.max()),
        "top1_agreement": float(agrees.mean()),
    }


def measure_llama_cpp(model, ids_path, reference, ours, work, rounds):
    """One result for each round: llama.cpp as it comes, and with an exact KV cache."""
    program = llama_cpp.compile_program(HERE / "llama_logits.c")
    results = []
    for kv in rounds:
        out = work / "llama_cpp.f32"
        note(f"llama.cpp, KV cache {kv}")
        system = run([program, model, ids_path, out, os.cpu_count(), kv])
        divergence, agrees = compare(reference, rows_of(out, len(reference)))
        out.unlink()
        ratio, interval = ratio_interval(ours, divergence)
        name = f"llama.cpp {llama_cpp.VERSION.split('.')[0]}, KV {'f16' if kv == 'default' else kv}"
        results.append({**summary(name, divergence, agrees), "system": system,
                        "ratio": ratio, "ratio_interval_95": interval,
                        "holds": interval[1] <= LIMIT})
    return results


def cpu_name():
    for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.machine()


def measure(args, work):
    ids, logits = work / "ids.txt", work / "redline.f32"
    note("redline")
    isa = run([args.dump_logits, args.model, args.text, args.tokens, ids, logits])
    reference = reference_rows(args.model, ids, work)
    ours, agrees = compare(reference, rows_of(logits, args.tokens))
    logits.unlink()
    report = {"model": args.model.name, "model_sha256": digest(args.model), "tokens": args.tokens,
              "machine": f"{cpu_name()}, {os.cpu_count()} CPUs", "isa": isa, "limit": LIMIT,
              "redline": summary("redline", ours, agrees), "llama_cpp": [], "not_compared": None}
    try:
        rounds = ("default", "f32")
        report["llama_cpp"] = measure_llama_cpp(args.model, ids, reference, ours, work, rounds)
    except llama_cpp.Unavailable as reason:
        report["not_compared"] = str(reason)
    return report


def print_table(report):
    print(f"{report['model']}, {report['tokens']} tokens, {report['machine']}, {report['isa']}")
    print(f"{'engine':24} {'mean KL':>10} {'median':>10} {'p99':>10} {'max':>10} {'top-1':>8}")
    for row in [report["redline"], *report["llama_cpp"]]:
        numbers = [row[f"{name}_kl_nats"] for name in ("mean", "median", "p99", "max")]
        columns = " ".join(f"{number:10.3g}" for number in numbers)
        print(f"{row['engine']:24} {columns} {100 * row['top1_agreement']:7.2f}%")
    for row in report["llama_cpp"]:
        low, high = row["ratio_interval_95"]
        verdict = "holds" if row["holds"] else "DOES NOT HOLD"
        print(f"redline / {row['engine']}: {row['ratio']:.3g} "
              f"(95% {low:.3g} .. {high:.3g}); at most {report['limit']}: {verdict}")
    if report["not_compared"]:
        print(f"NOT COMPARED with llama.cpp: {report['not_compared']}")


def parse_arguments():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--model", type=pathlib.Path, default=MODEL, help="a GGUF file")
    parser.add_argument("--text", type=pathlib.Path, default=HERE / "text.txt")
    parser.add_argument("--tokens", type=int, default=2000)
    parser.add_argument("--output", choices=["table", "json"], default="table")
    parser.add_argument("--dump-logits", type=pathlib.Path,
                        default=ROOT / "build/release/bench/dump_logits", help=argparse.SUPPRESS)
    return parser.parse_args()


def main():
    args = parse_arguments()
    work = llama_cpp.CACHE / "quality"
    work.mkdir(parents=True, exist_ok=True)
    report = measure(args, work)
    print(json.dumps(report, indent=1)) if args.output == "json" else print_table(report)
    return 0 if all(row["holds"] for row in report["llama_cpp"]) else 1


if __name__ == "__main__":
    sys.exit(main())
