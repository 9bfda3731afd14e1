#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0
"""check.py: does what docs/ names exist, is what it quotes so, and is all of it told of?

Prints a line for everything that is not, and fails then.
"""

import pathlib
import re
import sys

root = pathlib.Path(__file__).resolve().parent.parent
complaints = []


def complain(where, what):
    complaints.append(f"{where}: {what}")


def read(path):
    return (root / path).read_text(encoding="utf-8")


def read_all(*patterns):
    return "\n".join(read(path) for pattern in patterns for path in sorted(root.glob(pattern)))


# --- what there is

header = read("uapi/linux/msgpass.h")
library = read("lib/msgpass.h")
module = read_all("module/*.[ch]")
sources = module + read_all("lib/*.[ch]", "tools/*.[ch]")

ioctls = set(re.findall(r"#define (MSGPASS_IOC_\w+)\s+_IO\(", header))
verbs = set(re.findall(r'^\t\{ "(\w+)", FOR_', read("tools/main.c"), re.M))
options = set(re.findall(r'^\t\{ "([\w-]+)",', read("tools/options.c"), re.M))
targets = set(re.findall(r"^([\w -]+):", read("Makefile"), re.M))
targets = {target for line in targets for target in line.split()}
documented = re.compile(r"^ \* (?:DOC: (.+)|(?:struct |enum )?(\w+)(?:\(\))? -)", re.M)
# These never get to a program.
internal = {"ECANCELED", "ERESTARTSYS", "ESTALE"}
errors = set(re.findall(r"\bE(?!POLL)[A-Z0-9]{3,}\b", header))
errors |= set(re.findall(r"-(E[A-Z0-9]+)\b", module)) - internal
locks = set(re.findall(r"DEFINE_(?:SPINLOCK|MUTEX)\((\w+)\)", module))
locks |= set(re.findall(r"(?:spin_lock|mutex)_init\(&(\w+->\w+)\)", module))


def has_test(program, name):
    path = root / "selftests" / f"{program}.c"
    return path.exists() and re.search(rf"\bTEST_F\w*\(\w+, {name}[,)]", path.read_text())


def has_experiment(name):
    return (root / "tools/lab" / f"{name}.sh").exists()


def has_verb(name, rest):
    return name in verbs and set(re.findall(r"--(\w[\w-]*)", rest or "")) <= options


def has_function(name):
    return re.search(rf"^\S.*\b{name}\(", sources, re.M)


# --- what is named

# A pattern for what stands between two pairs of backticks, what that is, and is it there?
kinds = [
    (r"(MSGPASS_IOC_\w+)", "ioctl", lambda name: name in ioctls),
    (r"(msgpass_\w+)\(\)", "function", has_function),
    (r"(\w+): ([a-z_0-9]+)", "test", has_test),
    (r"msgpass lab ([\w-]+)", "experiment", has_experiment),
    (r"msgpass (?!VERB|lab)([a-z]+)(?: (.*))?", "verb or option", has_verb),
    (r"make ([a-z][\w-]*)(?: .*)?", "target", lambda name: name in targets),
    (r"((?:docs|module|selftests|tools|uapi)/[\w./-]+)", "file",
     lambda name: (root / name).exists()),
]


def check_names(page, text):
    for name in re.findall(r"``([^`]+)``", text):
        name = " ".join(name.split())
        for pattern, kind, exists in kinds:
            match = re.fullmatch(pattern, name)
            if match:
                if not exists(*match.groups()):
                    complain(page, f"there is no {kind} {name}")
                break


# --- what is quoted

def definition(path, name):
    """The lines of a function or a table, or none."""
    lines = read(path).split("\n")
    for start, line in enumerate(lines):
        if not re.match(rf"\w.*\b{name}\b ?[(\[]|{name}\(", line):
            continue
        end = start
        while end < len(lines) and not re.search(r"[;{]$|^$", lines[end]):
            end += 1
        if end < len(lines) and lines[end].endswith("{"):
            return lines[start:lines.index("};" if "[" in line else "}", end) + 1]
    return []


def squeeze(lines):
    return [" ".join(line.split()) for line in lines if line.strip()]


def without_traces(lines):
    """Tracepoints stand anywhere, and are left out of quotes."""
    text = "\n".join(lines) + "\n"
    return re.sub(r"^(if \(.*\)\n)?trace_\w+\([^;]*;\n", "", text, flags=re.M).split("\n")


def is_quoted(quote, source):
    """Line by line; what a line of dots leaves out may be anything."""
    at, gap = 0, True
    for line in quote:
        if line == "...":
            gap = True
            continue
        try:
            found = source.index(line, at)
        except ValueError:
            return line
        if found != at and not gap:
            return line
        at, gap = found + 1, False
    return None


def check_quotes(page, text):
    pattern = r"^( *)\.\. code-block:: c\n +:caption: (\S+), (\w+)\n\n((?:\1 +.*\n|\n)+)"
    for _, path, name, quote in re.findall(pattern, text + "\n", re.M):
        source = definition(path, name) if (root / path).exists() else []
        if not source:
            complain(page, f"there is no {name} in {path}")
            continue
        line = is_quoted(squeeze(quote.split("\n")), squeeze(without_traces(squeeze(source))))
        if line is not None:
            complain(page, f"{name} of {path} has no, or not there: {line}")


# --- what has to be told of

def check_told(page, kind, names):
    text = read(page)
    for name in sorted(names):
        if not re.search(rf"(?<![\w-]){re.escape(name)}(?![\w])", text):
            complain(page, f"it does not tell of the {kind} {name}")


def of_header(text):
    return {" ".join(title or name for title, name in [match]) for match in documented.findall(text)}


for path in sorted(root.glob("docs/*.rst")):
    page = path.relative_to(root)
    check_names(page, path.read_text(encoding="utf-8"))
    check_quotes(page, path.read_text(encoding="utf-8"))

check_told("docs/concepts.rst", "ioctl", ioctls)
check_told("docs/errors.rst", "error", errors)
check_told("docs/abi.rst", "part of the header,", of_header(header))
check_told("docs/library.rst", "part of the header,", of_header(library))
check_told("docs/locking.rst", "lock", locks)

for complaint in complaints:
    print(complaint)
sys.exit(bool(complaints))
