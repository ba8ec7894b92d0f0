"""requantize.py FROM.gguf TO.gguf: the same model with its Q4_1 tensors as Q4_0.

For a peer whose kernels for Q4_0 are its fastest; a plain rounding, good enough to be timed.
"""

import os
import pathlib
import sys

sys.path.append(str(pathlib.Path(__file__).resolve().parents[2] / "tests/reference"))

from gguf_file import GgufFile, write_raw  # noqa: E402
from quants import dequantize, quantize  # noqa: E402


def main():
    source, target = sys.argv[1:]
    gguf = GgufFile(source)
    if gguf.metadata.get("general.alignment", 32) != 32:
        raise SystemExit(f"{source}: tensors aligned to anything but 32 bytes are not copied")
    tensors = {name: ("q4_0", shape, quantize("q4_0", dequantize(kind, raw)))
               if kind == "q4_1" else (kind, shape, raw)
               for name, (kind, shape, raw) in gguf.tensors.items()}
    write_raw(f"{target}.part", len(gguf.metadata), gguf.metadata_bytes, tensors)
    os.rename(f"{target}.part", target)


if __name__ == "__main__":
    main()
