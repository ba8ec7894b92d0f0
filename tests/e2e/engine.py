"""Starts `redline serve` over one model, talks to it without the platform, and looks at its process."""
import contextlib
import http.client
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import unittest

import tiny_model
from harness import BINARY, ROOT, free_port, send, wait_for

SMOLLM2 = ROOT / "build/test-data/smollm2/SmolLM2-135M-Instruct.Q4_1.gguf"
LONG = bool(os.environ.get("REDLINE_TEST_LONG"))
MODEL = "m"  # the name every engine here serves
ERROR_KEYS = {"message", "type", "param", "code"}


def need_smollm2():
    """For a test case that needs a model which knows something."""
    if not SMOLLM2.exists():
        raise unittest.SkipTest(f"SKIPPED LOUDLY: {SMOLLM2} is absent: scripts/fetch_test_data.sh")
    return SMOLLM2


class Process:
    """What the kernel says about a running process."""

    def __init__(self, pid):
        self.proc = pathlib.Path(f"/proc/{pid}")

    def _status(self, field):
        return int(re.search(rf"^{field}:\s+(\d+)", (self.proc / "status").read_text(), re.M)[1])

    def rss_bytes(self):
        return self._status("VmRSS") * 1024

    def peak_rss_bytes(self):
        return self._status("VmHWM") * 1024

    def reset_peak_rss(self):
        (self.proc / "clear_refs").write_text("5")

    def num_threads(self):
        return self._status("Threads")

    def num_fds(self):
        return len(os.listdir(self.proc / "fd"))

    def cpu_seconds(self):
        """Of all threads, ended ones too: unlike the time on the wall, no other process adds to it."""
        fields = (self.proc / "stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def http_post(path, body):
    """The bytes of a request."""
    text = json.dumps(body)
    return (f"POST {path} HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(text)}\r\n\r\n{text}").encode()


class Stream:
    """A streaming answer being read."""

    def __init__(self, port, path, body, receive_buffer=None):
        self.socket = socket.socket()
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.socket.settimeout(60)
        self.socket.connect(("127.0.0.1", port))
        self.socket.sendall(http_post(path, body))
        self.response = http.client.HTTPResponse(self.socket)

    def __enter__(self):
        self.response.begin()
        assert self.response.status == 200, (self.response.status, self.response.read())
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        self.response.close()
        self.socket.close()

    def events(self):
        """The data of each event, as text, "[DONE]" included."""
        for line in self.response:
            if line.startswith(b"data: "):
                yield line[6:].strip().decode()

    def chunks(self):
        """The parsed events up to "[DONE]", which must come."""
        for event in self.events():
            if event == "[DONE]":
                return
            yield json.loads(event)
        raise AssertionError("the stream ended without [DONE]")


class Refused(AssertionError):
    """`redline serve` ended before it was ready. `returncode`, and `stderr` as the user sees it."""

    def __init__(self, returncode, stderr):
        super().__init__(f"redline serve ended with {returncode}: {stderr[-2000:]}")
        self.returncode, self.stderr = returncode, stderr


class Engine:
    """One `redline serve`, ended on exit. Without a model it serves the tiny one, changed by
    `tiny`. `memory_limit`: bytes of address space, so that an attack ends it and not the machine;
    with two compute threads, for each takes its share of that."""

    def __init__(self, *flags, model=None, context_length=4096, tiny=None, memory_limit=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="rl-engine-"))
        self.model = model or tiny_model.write(
            self.folder / "tiny", max_position_embeddings=context_length, **tiny or {})
        threads = ["--num-threads", "2"] if memory_limit else []
        self.flags = ["--context-length", str(context_length), *threads, *flags]
        self.port = free_port()
        self.limits = ["prlimit", f"--as={memory_limit}"] if memory_limit else []
        self.process = None
        self.log = open(self.folder / "log", "wb")

    def __enter__(self):
        return self if self.process else self.start()

    def start(self, seconds=120):
        self.process = subprocess.Popen(
            [*self.limits, BINARY, "serve", "--model-path", str(self.model), "--served-model-name", MODEL,
             "--port", str(self.port), *self.flags], stdout=self.log, stderr=self.log)
        wait_for("redline serve is ready", self._is_ready, seconds, 0.01)
        return self

    def _is_ready(self):
        if self.process.poll() is not None:
            log = self.discard()
            raise Refused(self.process.returncode, log)
        with contextlib.suppress(OSError, http.client.HTTPException):
            return self.request("GET", "/health").status == 200

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Ends the process, which must still run, and must end by itself and well."""
        ended_before = self.process.poll()
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise
        finally:
            log = self.discard()
        well = ended_before is None and self.process.returncode == 0
        assert well, f"redline serve ended with {self.process.returncode}: {log[-2000:]}"

    def discard(self):
        """The files of a process that has ended; returns what it wrote."""
        self.log.close()
        log = self.log_text()
        shutil.rmtree(self.folder)
        return log

    def log_text(self):
        return (self.folder / "log").read_text(errors="replace")

    @property
    def usage(self):
        return Process(self.process.pid)

    def request(self, method, path, body=None, headers=None, timeout=300):
        return send(self.port, method, path, body, headers, timeout)

    def post(self, path, body, **options):
        """A POST of JSON; text and bytes go as they are."""
        headers = {"Content-Type": "application/json", **options.pop("headers", {})}
        return self.request("POST", path, body, headers, **options)

    def chat(self, content="Hi", **fields):
        return self.post("/v1/chat/completions", chat_body(content, **fields))

    def complete(self, prompt="Hi", **fields):
        return self.post("/v1/completions", completion_body(prompt, **fields))

    def stream_chat(self, content="Hi", receive_buffer=None, **fields):
        body = chat_body(content, stream=True, **fields)
        return Stream(self.port, "/v1/chat/completions", body, receive_buffer)

    def raw_chat(self, **fields):
        """A socket with a small buffer, on which a chat request was sent."""
        client = socket.socket()
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 2048)
        client.settimeout(30)
        client.connect(("127.0.0.1", self.port))
        client.sendall(http_post("/v1/chat/completions", chat_body(**fields)))
        return client

    def metrics(self):
        """{'redline_engine_steps_total': 12.0, 'name{label="x"}': ...}"""
        lines = self.request("GET", "/metrics").body.decode().splitlines()
        pairs = (line.rsplit(" ", 1) for line in lines if not line.startswith("#"))
        return {name: float(value) for name, value in pairs}

    def metric(self, name):
        return self.metrics()[f"redline_engine_{name}"]

    def is_idle(self):
        """Nothing runs, waits or holds KV pages."""
        found = self.metrics()
        return not any(found[f"redline_engine_{name}"]
                       for name in ("requests_running", "requests_queued", "kv_pages_used"))

    def wait_idle(self, seconds=60):
        wait_for("all pages are free and nothing runs", self.is_idle, seconds, 0.01)


def chat_body(content="Hi", **fields):
    """A small greedy chat request; a field given as ... is left out."""
    body = {"model": MODEL, "messages": [{"role": "user", "content": content}], "temperature": 0,
            "max_tokens": 2, **fields}
    return {name: value for name, value in body.items() if value is not ...}


def completion_body(prompt="Hi", **fields):
    body = {"model": MODEL, "prompt": prompt, "temperature": 0, "max_tokens": 2, **fields}
    return {name: value for name, value in body.items() if value is not ...}


class EngineTestCase(unittest.TestCase):
    """Tests that share one engine."""
    FLAGS = ()
    CONTEXT = 4096
    TINY = None  # changes of the tiny model
    SMOLLM2 = False
    MEMORY_LIMIT = None

    @classmethod
    def setUpClass(cls):
        cls.engine = Engine(*cls.FLAGS, model=need_smollm2() if cls.SMOLLM2 else None,
                            context_length=cls.CONTEXT, tiny=cls.TINY,
                            memory_limit=cls.MEMORY_LIMIT).start()

    @classmethod
    def tearDownClass(cls):
        cls.engine.stop()

    def assert_refused(self, reply, param=None, code=None, status=400):
        """An error in OpenAI's form that names what was wrong and betrays nothing."""
        self.assertEqual(reply.status, status, reply.body[:300])
        error = reply.json["error"]
        self.assertLessEqual(ERROR_KEYS, set(error), error)
        self.assertTrue(error["message"])
        self.assertLess(len(error["message"]), 1000)
        self.assertNotRegex(error["message"], r"0x[0-9a-f]{6,}|\.cc\b|std::|nlohmann")
        if 400 <= status < 500 and status != 429:
            self.assertEqual(error["type"], "invalid_request_error", error)
        if param is not None:
            self.assertTrue((error["param"] or "").startswith(param), error)
        if code is not None:
            self.assertEqual(error["code"], code, error)

    def assert_alive(self):
        """What every case ends with: healthy, a good request is answered, nothing is held."""
        self.assertEqual(self.engine.request("GET", "/health").status, 200)
        self.assertEqual(self.engine.chat().status, 200)
        self.engine.wait_idle()
