"""Model files that are damaged or made to do damage: `redline serve` says what is wrong in one line
and ends with a status, soon and without memory to speak of."""
import json
import os
import pathlib
import struct
import subprocess
import tempfile
import unittest

import tiny_gguf
import tiny_model
from engine import BINARY, MODEL, Engine, Refused
from harness import free_port, wait_for
from tiny_gguf import ARRAY, STRING, UINT32, default_infos, default_keys, key, text, uint32

BIG = 1 << 63


def changed_info(index=0, **changes):
    """The right tensor entries but one."""
    infos = default_infos()[0]
    entry = dict(zip(("name", "dims", "type_id", "offset"), infos[index]))
    infos[index] = tuple({**entry, **changes}.values())
    return infos


def without_key(name):
    return [entry for entry in default_keys() if text(name) not in entry]


def array(element_type, count, encoded=b""):
    return struct.pack("<IQ", element_type, count) + encoded


GGUF_CASES = [
    ("2^63 keys", dict(num_keys=BIG)),
    ("2^63 tensors", dict(num_tensors=BIG)),
    ("one key more than there is", dict(num_keys=len(default_keys()) + 1)),
    ("no keys", dict(keys=[])),
    ("no tensors", dict(infos=[], data=b"")),
    ("big-endian", dict(version=0x03000000)),
    ("version 99", dict(version=99)),
    ("wrong magic", dict(magic=b"GGML")),
    ("string of 2^63", dict(keys=[text("a") + struct.pack("<IQ", STRING, BIG)])),
    ("key name of 2^63", dict(keys=[struct.pack("<Q", BIG)])),
    ("array of 2^63", dict(keys=[key("a", ARRAY, array(UINT32, BIG))])),
    ("array of 2^61 strings", dict(keys=[key("a", ARRAY, array(STRING, 1 << 61))])),
    ("array of arrays", dict(keys=[key("a", ARRAY, array(ARRAY, 1, array(ARRAY, 1)))])),
    ("unknown value type", dict(keys=[key("a", 99, b"\0" * 8)])),
    ("duplicate key", dict(keys=default_keys() + default_keys()[:1])),
    ("architecture missing", dict(keys=without_key("general.architecture"))),
    ("dims product overflows", dict(infos=changed_info(dims=(1 << 32, 1 << 32)))),
    ("dims product overflows to right", dict(infos=changed_info(dims=(1 << 62, 4, 64, 1)))),
    ("dims of 2^63", dict(infos=changed_info(dims=(BIG, 1)))),
    ("dims of 0", dict(infos=changed_info(dims=(0, 260)))),
    ("5 dims", dict(infos=changed_info(dims=(1, 1, 1, 64, 260)))),
    ("offset behind the file", dict(infos=changed_info(offset=1 << 40))),
    ("offset of 2^63", dict(infos=changed_info(offset=BIG))),
    ("offset that wraps", dict(infos=changed_info(offset=(1 << 64) - 32))),
    ("offset that is not aligned", dict(infos=changed_info(offset=1))),
    ("overlapping tensors", dict(infos=changed_info(2, offset=0))),
    ("duplicate tensor", dict(infos=changed_info(1, name="token_embd.weight"))),
    ("name of a megabyte", dict(infos=changed_info(name="x" * (1 << 20)))),
    ("unknown type", dict(infos=changed_info(type_id=999))),
    ("data cut short", dict(data=default_infos()[1][:1000])),
    ("alignment 2^31", dict(keys=default_keys() + [uint32("general.alignment", 1 << 31)])),
    ("alignment 0", dict(keys=default_keys() + [uint32("general.alignment", 0)])),
    ("alignment 3", dict(keys=default_keys() + [uint32("general.alignment", 3)])),
    ("2^32 - 1 layers", dict(keys=without_key("llama.block_count")
                             + [uint32("llama.block_count", (1 << 32) - 1)])),
    ("no heads", dict(keys=without_key("llama.attention.head_count")
                      + [uint32("llama.attention.head_count", 0)])),
    ("context of 2^32 - 1", dict(keys=without_key("llama.context_length")
                                 + [uint32("llama.context_length", (1 << 32) - 1)])),
]


def safetensors(header, data=b"\0" * 64, header_size=None):
    raw = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(raw) if header_size is None else header_size) + raw + data


def entry(**changes):
    return {"model.norm.weight": {"dtype": "F32", "shape": [16], "data_offsets": [0, 64], **changes}}


SAFETENSORS_CASES = [
    ("empty", b""),
    ("7 bytes", b"\0" * 7),
    ("header longer than the file", safetensors({}, header_size=1 << 40)),
    ("header of 2^63", safetensors({}, header_size=BIG)),
    ("header is a list", safetensors(b"[]")),
    ("header is no JSON", safetensors(b"{" * 100)),
    ("header nested 100,000 deep", safetensors(b'{"a":' * 100_000)),
    ("offset behind the file", safetensors(entry(data_offsets=[0, 1 << 40]))),
    ("offsets backwards", safetensors(entry(data_offsets=[64, 0]))),
    ("negative offset", safetensors(entry(data_offsets=[-64, 0]))),
    ("offsets too large for 64 bits", safetensors(entry(data_offsets=[0, 1 << 70]))),
    ("shape of another size", safetensors(entry(shape=[17]))),
    ("shape product overflows", safetensors(entry(shape=[1 << 32, 1 << 32]))),
    ("negative shape", safetensors(entry(shape=[-16]))),
    ("unknown dtype", safetensors(entry(dtype="Q9"))),
    ("duplicate name", safetensors(b'{"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]},'
                                   b'"a":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}}')),
    ("overlapping tensors", safetensors({**entry(), "lm_head.weight": {
        "dtype": "F32", "shape": [16], "data_offsets": [0, 64]}})),
    ("missing tensors", safetensors(entry())),
]
CONFIG_CASES = [
    ("not JSON", b"{"), ("a list", b"[]"), ("empty", b""),
    *((f"{field} is {value!r}", json.dumps(tiny_model.config(**{field: value})).encode())
      for field, values in {
          "hidden_size": [0, -1, 63, 1 << 31, 1 << 62, "64", None, 1e300],
          "num_hidden_layers": [0, -1, 1 << 31, 1 << 62], "num_attention_heads": [0, 3, 1 << 40],
          "num_key_value_heads": [0, 3, -1], "vocab_size": [0, -1, 259, 1 << 40],
          "intermediate_size": [0, 1 << 40], "max_position_embeddings": [0, -1],
          "rms_norm_eps": ["x", -1], "rope_theta": [0, "x"], "model_type": [None, 5, "x" * 10_000],
      }.items() for value in values),
]


class Damaged(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name)

    def serve(self, path):
        """Serves until it ends: (returncode, what it said, its use of resources)."""
        with tempfile.TemporaryFile("w+") as output:
            process = subprocess.Popen(
                [BINARY, "serve", "--model-path", str(path), "--port", str(free_port())],
                stdout=output, stderr=output)
            try:
                _, status, usage = wait_for("it ends", lambda: (
                    lambda ended: ended if ended[0] else None)(os.wait4(process.pid, os.WNOHANG)),
                    30, 0.005)
                process.returncode = os.waitstatus_to_exitcode(status)
            finally:
                if process.returncode is None:
                    process.kill()
                    process.wait()
            output.seek(0)
            return process.returncode, output.read(), usage

    def assert_refused(self, path):
        """Returns the line that says why."""
        returncode, said, usage = self.serve(path)
        told = [line for line in said.splitlines() if line.startswith("redline: ")]
        self.assertEqual(len(told), 1, said)
        self.assertLess(len(told[0]), 1000)
        self.assertTrue(told[0].isprintable(), told[0])
        self.assertGreater(returncode, 0, said)  # negative: a signal
        self.assertLess(returncode, 64)
        self.assertLess(usage.ru_utime + usage.ru_stime, 2)
        self.assertLess(usage.ru_maxrss * 1024, 256 << 20)
        return told[0]

    def test_gguf(self):
        path = self.folder / "model.gguf"
        for name, parts in GGUF_CASES:
            with self.subTest(name=name):
                path.write_bytes(tiny_gguf.build(**parts))
                self.assert_refused(path)

    def test_gguf_cut_anywhere(self):
        whole = tiny_gguf.build()
        path = self.folder / "model.gguf"
        for size in (0, 3, 4, 8, 23, 24, 100, 300, 2000, 3000, len(whole) // 2, len(whole) - 33):
            with self.subTest(size=size):
                path.write_bytes(whole[:size])
                self.assert_refused(path)

    def test_safetensors(self):
        model = tiny_model.write(self.folder)
        for name, content in SAFETENSORS_CASES:
            with self.subTest(name=name):
                (model / "model.safetensors").write_bytes(content)
                self.assert_refused(model)

    def test_config(self):
        model = tiny_model.write(self.folder)
        for name, content in CONFIG_CASES:
            with self.subTest(name=name):
                (model / "config.json").write_bytes(content)
                self.assert_refused(model)

    def test_tokenizer(self):
        model = tiny_model.write(self.folder)
        good = tiny_model.tokenizer()
        for name, content in [("cut", json.dumps(good)[:1000]), ("a list", "[]"), ("empty", ""),
                              ("no model", json.dumps({**good, "model": None})),
                              ("ids of 2^63", json.dumps(good).replace(": 65,", f": {BIG},"))]:
            with self.subTest(name=name):
                (model / "tokenizer.json").write_text(content)
                self.assert_refused(model)


    def test_weights_that_are_no_numbers(self):
        for value in (float("nan"), float("inf")):
            tensors = tiny_model.weights()
            shape, values = tensors["lm_head.weight"]
            tensors["lm_head.weight"] = (shape, struct.pack("<f", value) + values[4:])
            self.assertIn("lm_head", self.assert_refused(
                tiny_model.write(self.folder, tensors=tensors)))


class Loaded(unittest.TestCase):
    """What can be loaded, but not trusted."""

    def test_with_and_without_a_tokenizer_that_knows_the_tokens(self):
        one_token = [key("tokenizer.ggml.model", STRING, text("gpt2")),
                     key("tokenizer.ggml.tokens", ARRAY, array(STRING, 1, text("a"))),
                     key("tokenizer.ggml.merges", ARRAY, array(STRING, 0))]
        for keys in (default_keys(), default_keys() + one_token):
            with tempfile.TemporaryDirectory() as folder:
                path = pathlib.Path(folder) / "model.gguf"
                path.write_bytes(tiny_gguf.build(keys=keys))
                with Engine(model=path, context_length=256) as engine:
                    reply = engine.complete([1, 2, 3], max_tokens=50, ignore_eos=True)
                    self.assertEqual(reply.status, 200, reply.body)
                    self.assertEqual(reply.json["usage"]["completion_tokens"], 50)

    def test_file_that_shrinks_while_it_is_served(self):
        with tempfile.TemporaryDirectory() as folder:
            model = tiny_model.write(folder)
            try:
                with Engine(model=model) as engine:
                    answer = engine.chat(max_tokens=20).json["choices"][0]["message"]
                    (model / "model.safetensors").write_bytes(b"")
                    again = engine.chat(max_tokens=20)
                    if again.status == 200:
                        self.assertEqual(again.json["choices"][0]["message"], answer)
                    self.assertEqual(engine.request("GET", "/health").status, 200)
            except Refused as refusal:
                self.fail(str(refusal))

    def test_name_from_the_file_system_is_escaped(self):
        with tempfile.TemporaryDirectory() as folder:
            model = tiny_model.write(pathlib.Path(folder) / 'a"b\n\x1b[31m')
            with Engine(model=model) as engine:
                self.assertEqual(engine.request("GET", "/v1/models").json["data"][0]["id"], MODEL)
                self.assertEqual(engine.request("GET", "/server_info").json["model_path"],
                                 str(model))
                self.assertNotIn("\x1b", engine.log_text())


if __name__ == "__main__":
    unittest.main()
