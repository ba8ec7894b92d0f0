#!/usr/bin/env python3
"""Writes the argparse parser of an installed engine as JSON, for engine_arguments.py.

  PYTHON dump_engine_arguments.py vllm|sglang > LIVE.json

PYTHON is the interpreter of the engine's own environment (redline engine install puts it into
CACHE/engines/NAME@VERSION/venv/bin/python). Defaults that depend on the machine are those of this one.
"""
import argparse
import importlib.metadata
import json
import os
import sys


def vllm_parser():
    try:
        from vllm.utils.argparse_utils import FlexibleArgumentParser
    except ImportError:
        from vllm.utils import FlexibleArgumentParser
    try:
        from vllm.entrypoints.openai.cli_args import make_arg_parser
    except ImportError:
        from vllm.entrypoints.launchers.cli_args import make_arg_parser
    return make_arg_parser(FlexibleArgumentParser())


def sglang_parser():
    from sglang.srt.server_args import ServerArgs
    parser = argparse.ArgumentParser()
    ServerArgs.add_cli_args(parser)
    return parser


PARSERS = {"vllm": vllm_parser, "sglang": sglang_parser}


def plain(value):
    """What JSON can hold; the rest as text, nothing for a default that is an object."""
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(each) for each in value]
    if isinstance(value, dict):
        return {str(key): plain(each) for key, each in value.items()}
    return None


def converter(function):
    """A converter's name; of one that wraps another (vLLM's _optional_type), with it behind a colon."""
    name = getattr(function, "__name__", None)
    for cell in getattr(function, "__closure__", None) or ():
        if callable(cell.cell_contents):
            return f"{name}:{converter(cell.cell_contents)}"
    return name


def entry(action):
    kind = converter(action.type) if action.type is not None else None
    return {"flags": list(action.option_strings), "dest": action.dest,
            "action": type(action).__name__, "type": kind, "nargs": action.nargs,
            "choices": plain(list(action.choices)) if action.choices is not None else None,
            "default": plain(action.default), "const": plain(action.const),
            "required": action.required}


def main():
    engine = sys.argv[1]
    out = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what the engine says while it is imported
    parser = PARSERS[engine]()
    actions = [each for each in parser._actions if not isinstance(each, argparse._HelpAction)]
    json.dump({"engine": engine, "version": importlib.metadata.version(engine).split("+")[0],
               "allow_abbrev": parser.allow_abbrev, "args": [entry(each) for each in actions]},
              out, indent=1)
    out.write("\n")


if __name__ == "__main__":
    main()
