#!/usr/bin/env python3
"""Idle cost of the platform without a model: time to ready and resident memory of the whole tree.

Starts `redline up --no-default-model` in a fresh data directory, five times by default, and prints
minimum, median and maximum. Ready: the first answer of /health and of /api/v1/status.
"""
import argparse
import json
import pathlib
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def get(url, key):
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {key}"})
    with urllib.request.urlopen(request, timeout=2) as response:
        return response.status


def descendants(pid):
    found = [pid]
    for parent in found:
        for task in pathlib.Path(f"/proc/{parent}/task").iterdir():
            found += [int(child) for child in (task / "children").read_text().split()]
    return found


def rss_bytes(pid):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


def wait_until_ready(port, key_path, begin):
    while time.monotonic() - begin < 30:
        try:
            key = key_path.read_text().strip()
            get(f"http://127.0.0.1:{port}/health", key)
            get(f"http://127.0.0.1:{port}/api/v1/status", key)
            return time.monotonic() - begin
        except OSError:
            time.sleep(0.002)
    raise SystemExit("error: not ready after 30 s")


def run_once(binary, idle_seconds):
    with tempfile.TemporaryDirectory() as data_dir:
        port = free_port()
        begin = time.monotonic()
        process = subprocess.Popen([binary, "up", "--data-dir", data_dir, "--port", str(port),
                                    "--no-default-model"], stderr=subprocess.DEVNULL)
        try:
            ready = wait_until_ready(port, pathlib.Path(data_dir) / "admin.key", begin)
            time.sleep(idle_seconds)
            total = sum(rss_bytes(pid) for pid in descendants(process.pid))
        finally:
            process.terminate()
            process.wait()
    return {"ready_seconds": ready, "rss_mib": total / 2**20}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--binary", default="build/release/redline")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--idle-seconds", type=float, default=3)
    arguments = parser.parse_args()
    runs = [run_once(arguments.binary, arguments.idle_seconds) for _ in range(arguments.runs)]
    for name in runs[0]:
        values = [run[name] for run in runs]
        print(f"{name}: min {min(values):.3f} median {statistics.median(values):.3f} "
              f"max {max(values):.3f} ({len(values)} runs)")
    print(json.dumps(runs))


if __name__ == "__main__":
    main()
