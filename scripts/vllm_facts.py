#!/usr/bin/env python3
"""Writes the facts about one vLLM version that its resolver reads, into src/backends/vllm/.

    scripts/vllm_facts.py PARSER.json PACKAGE_DIR VERSION

PARSER.json: the live parser of `vllm serve`, dumped argument by argument. PACKAGE_DIR: the unpacked
wheel's vllm/ directory; it is read, never imported. Two files come out, one fact a line:
  arguments_VERSION.json       the command line (backends/arguments/argument_table.h)
  architectures_VERSION.json   the model classes and what they can do
"""
import ast
import json
import pathlib
import sys

OUT = pathlib.Path(__file__).resolve().parent.parent / "src/backends/vllm"
ACTIONS = {"_StoreAction": None, "LoRAParserAction": None, "_StoreTrueAction": "store_true",
           "_AppendAction": "append", "BooleanOptionalAction": "boolean_optional"}
TYPES = {"int": "int", "float": "float", "loads": "json", "_parse_type": "json",
         "parse_dataclass": "json", "human_readable_int": "human_readable_int",
         "union_dict_and_str": "string_or_json_object"}
HUMAN_READABLE = {"max_model_len", "max_num_batched_tokens", "kv_cache_memory_bytes"}
# What a model class can do, by the mixin that says so (model_executor/models/interfaces.py).
TRAITS = {"SupportsPP": "pipeline", "SupportsMultiModal": "multimodal", "IsHybrid": "hybrid",
          "IsAttentionFree": "attention_free", "VllmModelForPooling": "pooling"}


def annotations(package):
    """Field name -> annotation, of every configuration class."""
    found = {}
    sources = sorted((package / "config").glob("*.py"))
    for path in [*sources, package / "entrypoints/openai/cli_args.py",
                 package / "engine/arg_utils.py"]:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                for field in node.body:
                    if isinstance(field, ast.AnnAssign):
                        found.setdefault(field.target.id, []).append(ast.unparse(field.annotation))
    return found


def inner_type(dest, hints):
    """Of an argument that may be null: how the text that is not null is read."""
    if dest in HUMAN_READABLE:
        return "human_readable_int"
    hint = " ".join(hints.get(dest, []))
    for word, name in (("Config", "json"), ("dict", "json"), ("Literal", None), ("str", None),
                       ("int", "int"), ("float", "float")):
        if word in hint:
            return name
    return None


def argument(entry, hints):
    row = {"flags": entry["flags"], "dest": entry["dest"]}
    if ACTIONS[entry["action"]]:
        row["action"] = ACTIONS[entry["action"]]
    kind = TYPES.get(entry["type"])
    if entry["type"] == "_optional_type":
        row["nullable"] = True
        kind = inner_type(entry["dest"], hints)
    if kind:
        row["type"] = kind
    if entry["nargs"] not in (None, 0):
        row["nargs"] = str(entry["nargs"])
    if entry["choices"]:
        row["choices"] = [choice for choice in entry["choices"] if choice != "None"]
    is_class = entry["type"] == "parse_dataclass"
    if entry["default"] is not None:
        row["default"] = {} if is_class else entry["default"]
    if entry["dest"] == "hf_token":
        row["const"] = True
    return row


def write_arguments(dump, hints, version):
    rows = [{"flags": ["-h", "--help"], "dest": "help", "action": "help"}]
    rows += [argument(entry, hints) for entry in dump["args"]]
    lines = ",\n".join(json.dumps(row) for row in rows)
    text = f'{{"engine": "vllm", "version": "{version}", "arguments": [\n{lines}\n]}}\n'
    (OUT / f"arguments_{version}.json").write_text(text, encoding="utf-8")


def classes(package):
    """Class name -> names of its bases, over all model files."""
    found = {}
    for path in sorted((package / "model_executor/models").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                bases = [ast.unparse(base).split("[")[0].split(".")[-1] for base in node.bases]
                found.setdefault((path.stem, node.name), bases)
                found.setdefault((None, node.name), bases)
    return found


def traits(known, module, name, seen=()):
    found = {TRAITS[name]} if name in TRAITS else set()
    for base in known.get((module, name), known.get((None, name), [])):
        if base not in seen:
            found |= traits(known, module, base, (*seen, name))
    return found


def registry(package):
    tree = ast.parse((package / "model_executor/models/registry.py").read_text(encoding="utf-8"))
    for node in tree.body:
        if not isinstance(node, ast.Assign) or not isinstance(node.value, ast.Dict):
            continue
        group = node.targets[0].id
        if not group.endswith("_MODELS") or group.startswith("_PREVIOUSLY"):
            continue
        for key, value in zip(node.value.keys, node.value.values):
            if key is not None and isinstance(value, ast.Tuple):
                yield key.value, group, *ast.literal_eval(value)


def write_architectures(package, version):
    known = classes(package)
    rows = {}
    for name, group, module, cls in registry(package):
        can = traits(known, module, cls)
        if group in ("_EMBEDDING_MODELS", "_CROSS_ENCODER_MODELS"):
            can |= {"pooling"}
        if "pooling" not in can:
            can |= {"generate"}
        rows.setdefault(name, sorted(can))
    lines = ",\n".join(f"{json.dumps(name)}: {json.dumps(can)}"
                       for name, can in sorted(rows.items()))
    (OUT / f"architectures_{version}.json").write_text(f"{{\n{lines}\n}}\n", encoding="utf-8")


def main():
    dump, package, version = sys.argv[1:4]
    package = pathlib.Path(package)
    parser = json.loads(pathlib.Path(dump).read_text(encoding="utf-8"))
    write_arguments(parser, annotations(package), version)
    write_architectures(package, version)


if __name__ == "__main__":
    main()
