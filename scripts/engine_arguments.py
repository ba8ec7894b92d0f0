#!/usr/bin/env python3
"""Writes an engine's argument table (src/backends/ENGINE/arguments_VERSION.json).

  engine_arguments.py LIVE.json [--type DEST=TYPE ...] > arguments_VERSION.json

LIVE.json is a dump of the engine's own argparse parser (dump_engine_arguments.py): {"engine", "version", "allow_abbrev",
"args": [{"flags", "dest", "action", "type", "nargs", "choices", "default", "required"}, ...]}, where
action and type are the Python names. Kept are the facts alone, one argument a line, in the form that
src/backends/arguments/argument_table.h describes; help texts are left out. A converter whose name does
not tell its type is taken for text unless --type says otherwise.
"""
import argparse
import json

ACTIONS = {"_StoreTrueAction": "store_true", "_StoreFalseAction": "store_false",
           "DeprecatedStoreTrueAction": "store_true", "_AppendAction": "append", "BooleanOptionalAction": "boolean_optional"}
TYPES = {"int": "int", "human_readable_int_or_auto": "human_readable_int_or_auto", "float": "float", "loads": "json", "json_list_type": "json",
         "parse_dataclass": "json", "union_dict_and_str": "string_or_json_object",
         "human_readable_int": "human_readable_int"}
NULLABLE = ("nullable_str", "_optional_type")
HELP = {"flags": ["-h", "--help"], "dest": "help", "action": "help"}


def entry(live, types):
    result = {"flags": live["flags"], "dest": live["dest"]}
    if live["action"] in ACTIONS:
        result["action"] = ACTIONS[live["action"]]
    # A converter that wraps others: the innermost that is known.
    names = (live["type"] or "").split(":")
    kind = types.get(live["dest"], next((TYPES[each] for each in reversed(names) if each in TYPES), None))
    if kind:
        result["type"] = kind
    if names[0] in NULLABLE:
        result["nullable"] = True
    if live["nargs"]:
        result["nargs"] = str(live["nargs"])
    for key in ("choices", "default"):
        if live[key] not in (None, argparse.SUPPRESS):
            result[key] = live[key]
    if live["nargs"] == "?" and live.get("const") is not None:
        result["const"] = live["const"]
    if live["required"]:
        result["required"] = True
    return result


def main():
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("live")
    parser.add_argument("--type", action="append", default=[], metavar="DEST=TYPE")
    options = parser.parse_args()
    with open(options.live, encoding="utf-8") as file:
        live = json.load(file)
    types = dict(each.split("=", 1) for each in options.type)
    entries = [HELP] + [entry(each, types) for each in live["args"]]
    print('{"engine": %s, "version": %s, "allow_abbrev": %s, "arguments": [' %
          tuple(json.dumps(live[key]) for key in ("engine", "version", "allow_abbrev")))
    print(",\n".join(json.dumps(each) for each in entries))
    print("]}")


if __name__ == "__main__":
    main()
