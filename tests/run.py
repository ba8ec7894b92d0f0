#!/usr/bin/env python3
"""Runs the Python tests: each file in a process of its own, a few at once because most of them
wait most of the time; those that time how soon a killed process is back run alone, last. Prints the
output of each when it ends, the times last.

    run.py [-j N] [FILE...]     all files of e2e/, api/ and bench/ unless told; N: 4
"""
import argparse
import concurrent.futures
import os
import pathlib
import subprocess
import sys
import time

TESTS = pathlib.Path(__file__).resolve().parent
# The longest first: what starts last should end soon.
ALONE = {"test_faults"}
LONGEST_FIRST = ["test_tune", "test_bench", "test_engine_load", "test_openapi", "test_engine_tools",
                 "test_openai_client", "test_engine_template", "test_engine_schemas"]


def all_files():
    found = [*TESTS.glob("e2e/test_*.py"), *TESTS.glob("api/test_*.py"),
             *TESTS.parent.glob("bench/test_*.py")]
    rank = {name: index for index, name in enumerate(LONGEST_FIRST)}
    return sorted(found, key=lambda file: (rank.get(file.stem, len(rank)), file.stem))


def run(file):
    """(file, whether all passed, seconds, output)"""
    begin = time.monotonic()
    environment = {**os.environ, "PYTHONPATH": str(TESTS / "e2e"), "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run([sys.executable, "-m", "unittest", "--verbose", file.stem], text=True,
                          cwd=file.parent, env=environment, stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT)
    return file, done.returncode == 0, time.monotonic() - begin, done.stdout


def run_all(files, jobs):
    results = []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for done in concurrent.futures.as_completed([pool.submit(run, file) for file in files]):
            results.append(done.result())
            file, _, seconds, output = results[-1]
            print(f"== {file.stem} ({seconds:.1f} s)\n{output}", flush=True)
    return results


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("-j", "--jobs", type=int, default=4)
    parser.add_argument("files", nargs="*", type=pathlib.Path)
    arguments = parser.parse_args()
    files = [file.resolve() for file in arguments.files] or all_files()
    together = [file for file in files if file.stem not in ALONE]
    alone = [file for file in files if file.stem in ALONE]
    results = run_all(together, arguments.jobs) + run_all(alone, 1)
    for file, passed, seconds, _ in sorted(results, key=lambda result: -result[2]):
        print(f"{seconds:7.1f} s  {file.stem:28} {'passed' if passed else 'FAILED'}")
    return 0 if all(passed for _, passed, _, _ in results) else 1


if __name__ == "__main__":
    sys.exit(main())
