#!/usr/bin/env python3
"""Fails when a file under src/ includes a room that comes after its own.

The order is docs/architecture.md's. `engine` is seen by `app` alone.
"""
import pathlib
import re
import sys

ORDER = ["base", "net", "spec", "openai", "text", "workload", "engine",
         "backends", "planner", "lab", "platform", "app"]
# Inside engine/: the same rule, one level down.
ENGINE_ORDER = ["tensor.h", "weights", "kernels", "model", "bench", "export", "parallel", "runtime", "api"]
INCLUDE = re.compile(r'^\s*#\s*include\s+"([^"]+)"', re.M)


def violations(root: pathlib.Path):
    for path in sorted(root.rglob("*")):
        if path.suffix not in (".h", ".cc") or "bridge/target" in str(path):
            continue
        parts = path.relative_to(root).parts
        for target in INCLUDE.findall(path.read_text(encoding="utf-8")):
            to = target.split("/")
            if to[0] not in ORDER or parts[0] not in ORDER:
                continue
            here, there = ORDER.index(parts[0]), ORDER.index(to[0])
            if there > here:
                yield path, target, f"{parts[0]} comes before {to[0]}"
            elif to[0] == "engine" and parts[0] not in ("engine", "app"):
                yield path, target, "engine is seen by app alone"
            elif parts[0] == to[0] == "engine" and len(parts) > 2 and len(to) > 1:
                inner, other = parts[1], to[1]
                if (inner in ENGINE_ORDER and other in ENGINE_ORDER
                        and ENGINE_ORDER.index(other) > ENGINE_ORDER.index(inner)):
                    yield path, target, f"engine/{inner} comes before engine/{other}"


def main():
    root = pathlib.Path(__file__).resolve().parent.parent / "src"
    found = list(violations(root))
    for path, target, why in found:
        print(f'{path.relative_to(root.parent)}: #include "{target}": {why}')
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
