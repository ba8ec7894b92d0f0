#!/usr/bin/env python3
"""Asks click itself what it makes of argument lists, for the tests of an engine whose options click reads.

  click_answers.py src/backends/tensorrt_llm/arguments_1.2.0rc5.json [COUNT] > testdata/click_VERSION.jsonl

Builds a click command of the table's options and prints, for COUNT lists (misspelt, repeated, negative,
attached, without value, ...), {"args", "ok", "values"}: values only of options that were given.
"""
import json
import math
import random
import sys

import click

TYPES = {"int": click.INT, "float": click.FLOAT}


def option(entry):
    if not entry.get("flags"):
        return click.Argument([entry["dest"]], required=False)
    action = entry.get("action")
    if action in ("store_true", "help"):
        return click.Option(entry["flags"] + [entry["dest"]], is_flag=True, default=False)
    kind = click.Choice(entry["choices"]) if "choices" in entry else TYPES.get(entry.get("type"), click.STRING)
    return click.Option(entry["flags"] + [entry["dest"]], type=kind, multiple=action == "append")


def answer(entries, args):
    given = {}
    command = click.Command("serve", params=[option(each) for each in entries], add_help_option=False,
                            callback=lambda **values: given.update(values))
    try:
        command.main(list(args), standalone_mode=False)
    except click.ClickException:
        return {"args": args, "ok": False}
    if given.pop("help"):
        return {"args": args, "ok": False}  # prints and ends
    return {"args": args, "ok": True, "values": {key: shown(value) for key, value in given.items()
                                                 if value is not None and value is not False and value != ()}}


# JSON has neither tuples nor NaN and infinity.
def shown(value):
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    return list(value) if isinstance(value, tuple) else value


def value_of(entry, chance):
    if "choices" in entry:
        return chance.choice(entry["choices"] + ["", entry["choices"][0].upper(), "auto"])
    if entry.get("type") == "int":
        return chance.choice(["1", "8", "0", "-1", "+4", " 2 ", "1_000", "1e3", "8.0", "", "0x8", "x"])
    if entry.get("type") == "float":
        return chance.choice(["0.9", "1", "-0.5", ".5", "1e-1", "nan", "inf", "0,9", "", "1_0.5", "half"])
    return chance.choice(["text", "", "-x", "--", "--tp_size", "a b", "ü", "{}", "deepseek_v32", "-1"])


def words_of(entry, chance):
    if not entry.get("flags"):
        return [chance.choice(["DeepSeek-V3.2", "/models/a b", "-", "m"])]
    flag = chance.choice(entry["flags"])
    kind = chance.random()
    if kind < 0.06:
        flag = flag.replace("_", "-")
    elif kind < 0.1:
        flag = flag[:-1]
    elif kind < 0.13:
        flag = flag[1:]
    if entry.get("action") in ("store_true", "help"):
        return [flag + chance.choice(["", "", "", "", "=1"])]
    kind = chance.random()
    if kind < 0.2:
        return [flag + "=" + value_of(entry, chance)]
    return [flag] if kind < 0.24 else [flag, value_of(entry, chance)]


def main():
    entries = json.load(open(sys.argv[1]))["arguments"]
    chance = random.Random(1)
    for _ in range(int(sys.argv[2]) if len(sys.argv) > 2 else 300):
        args = []
        if chance.random() < 0.8:
            args.append("DeepSeek-V3.2")
        for entry in chance.choices(entries, k=chance.randint(0, 3)):
            args += words_of(entry, chance)
        if chance.random() < 0.06:
            args.insert(chance.randint(0, len(args)), chance.choice(["--", "-", "extra", "-1"]))
        print(json.dumps(answer(entries, args), ensure_ascii=False))


main()
