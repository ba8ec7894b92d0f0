#!/usr/bin/env python3
"""Writes llama.cpp's argument table (src/backends/llama_cpp/arguments_VERSION.json).

  llama-server --help | llama_cpp_arguments.py VERSION > arguments_VERSION.json

An option stands at the beginning of a line: its flags, then the names of its values. Kept are the
facts alone, one argument a line, in the form that src/backends/arguments/argument_table.h describes. A
number is taken for a whole one when its default is; what cannot be told is text.
"""
import json
import re
import sys

HELP_TEXT_COLUMN = 40


def blocks(text):
    """(what stands in front, help) of each option."""
    head, help_lines = None, []
    for line in text.splitlines():
        if line.startswith("-") and not line.startswith("-----"):
            if head:
                yield head, " ".join(help_lines)
            head, help_lines = line[:HELP_TEXT_COLUMN], [line[HELP_TEXT_COLUMN:]]
            # A long head pushes the help to the next line.
            if len(line) > HELP_TEXT_COLUMN and line[HELP_TEXT_COLUMN - 1] != " ":
                head, help_lines = line, []
        elif head and line.startswith(" "):
            help_lines.append(line.strip())
    if head:
        yield head, " ".join(help_lines)


def choices_of(value):
    for pattern in (r"\{([^}]*)\}", r"\[([^\]]*)\]", r"<([^>]*)>"):
        match = re.fullmatch(pattern, value)
        if match and ".." not in match.group(1):
            words = re.split(r"[,|]", match.group(1))
            if len(words) > 1:
                return words
    return []


def entry(head, text):
    words = head.replace(",", " , ").split() if not re.search(r"[\[{<]", head) else re.sub(
        r",\s+-", " , -", head).split()
    flags = [word for word in words if word.startswith("-")]
    values = [word for word in words if not word.startswith("-") and word != ","]
    longest = [flag for flag in flags if flag.startswith("--")]
    on = [flag for flag in longest if not flag.startswith("--no-")]
    flags.sort(key=lambda flag: (not flag.startswith("--"), flag.startswith("--no-")))
    dest = (on or longest or flags)[0].lstrip("-").replace("-", "_")
    result = {"flags": flags, "dest": dest}
    if dest in ("help", "version", "cache_list", "completion_bash", "list_devices"):
        result["action"] = "help"
        return result
    if not values:
        both = on and any(flag.startswith("--no-") for flag in flags)
        result["action"] = "boolean_optional" if both else "store_true"
        return result
    default = re.search(r"default: '?([^,')\s]+)", text)
    if len(values) > 1 and all(re.fullmatch(r"[A-Z]+", value) for value in values):
        result["nargs"] = str(len(values))
    choices = choices_of(values[0]) if len(values) == 1 else []
    if choices:
        result["choices"] = choices
    elif values == ["N"] and default and re.fullmatch(r"-?\d+", default.group(1)):
        result["type"] = "int"
    elif values == ["N"] and default and re.fullmatch(r"-?\d+\.\d+", default.group(1)):
        result["type"] = "float"
    return result


def without_short_negatives(each):
    """-nkvo is --no-kv-offload: an entry of its own, for only --no-... is false by its name."""
    if each.get("action") != "boolean_optional":
        return [each]
    negative = [flag for flag in each["flags"] if re.match(r"-n[a-z-]*$", flag)]
    kept = [flag for flag in each["flags"] if flag not in negative]
    rest = [{"flags": negative, "dest": each["dest"], "action": "store_false"}] if negative else []
    return [{**each, "flags": kept}] + rest


def main():
    entries = [one for head, text in blocks(sys.stdin.read())
               for one in without_short_negatives(entry(head, text))]
    print('{"engine": "llama_cpp", "version": %s, "allow_abbrev": false, "arguments": [' %
          json.dumps(sys.argv[1]))
    print(",\n".join(json.dumps(each) for each in entries))
    print("]}")


if __name__ == "__main__":
    main()
