"""Starts the real binary in a temporary data directory and talks to it as a user would."""
import contextlib
import http.client
import json
import os
import pathlib
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
BINARY = os.environ.get("REDLINE_BINARY", str(ROOT / "build/release/redline"))
CACHE_DIR = os.environ.get("REDLINE_TEST_CACHE", str(ROOT / "build/test-data/cache"))
MODEL = "smollm2-135m-instruct"
QUESTION = "What is the capital of France? Answer in one word."


def free_port():
    """A port that no client's connection gets meanwhile: below the range the kernel gives those."""
    while True:
        port = random.randrange(10_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def wait_for(what, predicate, seconds=30, interval=0.05):
    """Returns predicate()'s first true value; fails with `what` after `seconds`."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        value = predicate()
        if value:
            return value
        time.sleep(interval)
    raise AssertionError(f"not within {seconds} s: {what}")


def alive(pid):
    """Whether a process runs (a zombie does not)."""
    try:
        stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return stat.rsplit(")", 1)[1].split()[0] not in ("Z", "X")


def children_by_role(pid):
    """{"server": pid, ...} of a running `redline up`."""
    roles = {}
    for task in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            with contextlib.suppress(OSError, IndexError):  # it may be gone, or a zombie
                argv = pathlib.Path(f"/proc/{child}/cmdline").read_bytes().split(b"\0")
                roles[argv[1].decode()] = int(child)
    return roles


def read_until_cut(response):
    """What a response still holds, whether it ends as HTTP says or is cut."""
    try:
        return response.read()
    except http.client.IncompleteRead as cut:
        return cut.partial
    except ConnectionError:
        return b""


class Reply:
    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    @property
    def json(self):
        return json.loads(self.body)


def send(port, method, path, body=None, headers=None, timeout=60):
    """One request over a connection of its own. A body that is no text or bytes goes as JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=timeout)
    sent = dict(headers or {})
    if body is not None and not isinstance(body, (bytes, str)):
        body = json.dumps(body)
        sent.setdefault("Content-Type", "application/json")
    try:
        connection.request(method, path, body, sent)
        response = connection.getresponse()
        return Reply(response.status, dict(response.getheaders()), response.read())
    finally:
        connection.close()


class Redline:
    """One `redline up`, ended on exit."""

    def __init__(self, *flags, default_model=False, data_dir=None):
        self.keep_data = data_dir is not None
        self.data_dir = pathlib.Path(data_dir or tempfile.mkdtemp(prefix="rl-"))
        self.port = free_port()
        self.flags = list(flags) + ([] if default_model else ["--no-default-model"])
        self.process = None
        self.log = None

    def close_log(self):
        if self.log:
            self.log.close()

    def start(self):
        self.close_log()
        self.log = open(self.data_dir.parent / f"{self.data_dir.name}.log", "ab")
        self.process = subprocess.Popen(
            [BINARY, "up", "--data-dir", str(self.data_dir), "--cache-dir", CACHE_DIR,
             "--port", str(self.port), *self.flags], stdout=self.log, stderr=self.log)
        self.wait_ready()
        return self

    def wait_ready(self, seconds=60):
        def ready():
            if self.process.poll() is not None:
                raise AssertionError(f"redline up ended: {self.log_text()}")
            with contextlib.suppress(OSError, http.client.HTTPException):
                return self.request("GET", "/api/v1/status").status == 200
        wait_for("redline up is ready", ready, seconds, 0.01)

    def log_text(self):
        return pathlib.Path(self.log.name).read_text(errors="replace")

    def __enter__(self):
        return self.start()

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(90)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
                raise
        self.close_log()
        os.unlink(self.log.name)
        if not self.keep_data:
            shutil.rmtree(self.data_dir, ignore_errors=True)

    @property
    def key(self):
        return (self.data_dir / "admin.key").read_text().strip()

    def connect(self, timeout=60):
        return http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def request(self, method, path, body=None, key=..., headers=None, timeout=60):
        token = self.key if key is ... else key
        sent = dict(headers or {})
        if token is not None:
            sent["Authorization"] = f"Bearer {token}"
        return send(self.port, method, path, body, sent, timeout)

    def cli(self, *words, check=True, timeout=120):
        done = subprocess.run([BINARY, *words, "--data-dir", str(self.data_dir)],
                              capture_output=True, text=True, timeout=timeout)
        if check and done.returncode != 0:
            raise AssertionError(f"redline {' '.join(words)}: {done.returncode}: {done.stderr}")
        return done

    def deploy(self, model=MODEL, wait=True, **fields):
        reply = self.request("POST", "/api/v1/deployments", {"model": model, **fields})
        assert reply.status == 201, (reply.status, reply.body)
        if wait:
            self.wait_running(reply.json["name"])
        return reply.json

    def deployment(self, name=MODEL):
        reply = self.request("GET", f"/api/v1/deployments/{name}")
        return reply.json if reply.status == 200 else None

    def wait_running(self, name=MODEL, seconds=240):
        def running():
            found = self.deployment(name)
            return found if found and found["phase"] == "RUNNING" else None
        return wait_for(f"{name} is RUNNING", running, seconds)

    def instance(self, name=MODEL):
        return self.deployment(name)["instances"][0]

    def chat(self, question=QUESTION, key=..., **fields):
        body = {"model": MODEL, "temperature": 0, "max_tokens": 16,
                "messages": [{"role": "user", "content": question}], **fields}
        return self.request("POST", "/v1/chat/completions", body, key=key)

    def answer(self, **fields):
        reply = self.chat(**fields)
        assert reply.status == 200, (reply.status, reply.body)
        return reply.json["choices"][0]["message"]["content"]

    def open_stream(self, **fields):
        """A streaming chat: (connection, response)."""
        connection = self.connect()
        body = {"model": MODEL, "temperature": 0, "max_tokens": 2000, "stream": True,
                "ignore_eos": True, "messages": [{"role": "user", "content": "Count."}], **fields}
        connection.request("POST", "/v1/chat/completions", json.dumps(body),
                           {"Authorization": f"Bearer {self.key}",
                            "Content-Type": "application/json"})
        return connection, connection.getresponse()
