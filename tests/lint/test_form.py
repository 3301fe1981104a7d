"""How the files look: format, titles, comments, sources listed"""

import os
import re
import subprocess

import pytest

from tree import TOP, read, tracked

C_FILES = [path for path in tracked(".c", ".h") if path.startswith(("src/", "tests/"))]
HEADERS = [path for path in tracked(".h") if path.startswith("src/")]
SCRIPTS = [path for path in tracked() if read(path).startswith("#!")]


def test_clang_format_is_content():
    # The formatter's output differs between versions: tools/test provides version 14 on systems that no longer have it.
    command = [os.environ.get("CLANG_FORMAT", "clang-format-14"), "--dry-run", "--Werror", "--style=file", *C_FILES]
    done = subprocess.run(command, cwd=TOP, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[:4000]


@pytest.mark.parametrize("path", C_FILES)
def test_file_begins_with_its_title(path):
    begins_well = read(path).startswith(("/*\n * ", "/* "))
    assert begins_well, "the first comment of a file is its title"


@pytest.mark.parametrize("path", [path for path in tracked(".c") if path.startswith("src/")])
def test_file_is_short(path):
    n_lines = read(path).count("\n")
    assert n_lines <= 850, "about 500 lines is where to look whether it is more than one thing"


@pytest.mark.parametrize("path", [path for path in tracked(".c") if path.startswith("src/")])
def test_source_is_listed(path):
    """Listed, never globbed: a file that is not listed is not built, and nobody sees it."""
    folder = os.path.dirname(path)
    name = os.path.basename(path)
    lists = [read(os.path.join(up, "meson.build")) for up in (folder, "src", ".")
             if os.path.exists(os.path.join(TOP, up, "meson.build"))]
    inner = os.path.relpath(path, "src")
    assert any("'%s'" % name in text or "'%s'" % inner in text or "'%s'" % path in text for text in lists)


# A function's declaration at the start of a line, to its semicolon.
DECLARATION = re.compile(r"^(?!static|typedef|struct|enum|extern const|DEFINE_|#|/\*| \*|\}|_)[A-Za-z][\w \*]*?\**"
                         r"\b(\w+)\([^;{]*\)[^;{]*;", re.MULTILINE)
# Their meaning is the same everywhere: x_free takes NULL, x_done empties; and command.h says what a command is.
KNOWN = re.compile(r"_(free|freep|ref|unref|done)$|^command_")


def undocumented(text):
    """Public functions without a comment above them, or above their group of lines."""
    paragraphs, start = [], 0
    for gap in re.finditer(r"\n[ \t]*\n", text):
        paragraphs.append(text[start:gap.start()])
        start = gap.end()
    paragraphs.append(text[start:])
    documented = False
    for paragraph in paragraphs:
        names = [name for name in DECLARATION.findall(paragraph)]
        if not names:
            documented = paragraph.rstrip().endswith("*/")
            continue
        if "/*" not in paragraph and not documented:
            yield from (name for name in names if not KNOWN.search(name))
        documented = False


@pytest.mark.parametrize("path", HEADERS)
def test_public_functions_are_documented(path):
    names = list(undocumented(read(path)))
    assert names == []


def test_an_undocumented_function_would_be_seen():
    assert list(undocumented("/* Title */\n#pragma once\n\nint thing_do(int x);\n")) == ["thing_do"]
    assert list(undocumented("/* Title */\n#pragma once\n\n/* Does it. */\nint thing_do(int x,\n        int y);\n")) == []


@pytest.mark.parametrize("path", SCRIPTS)
def test_script_can_be_run(path):
    assert os.access(os.path.join(TOP, path), os.X_OK), "begins with #! and is not executable"


@pytest.mark.parametrize("path", [path for path in SCRIPTS if "sh" in read(path).split("\n", 1)[0]])
def test_shell_script_parses(path):
    subprocess.run(["bash", "-n", os.path.join(TOP, path)], check=True)


def test_text_files_are_tidy():
    bad = []
    for path in tracked(".c", ".h", ".py", ".sh", ".build", ".md", ".json", ".service", ".conf", ".in", ".yml"):
        text = read(path)
        if text and (not text.endswith("\n") or re.search(r"[ \t]+$", text, re.MULTILINE) or "\r" in text):
            bad.append(path)
    assert bad == [], "no newline at the end, or spaces at the end of a line"


@pytest.mark.parametrize("tool", ["bench", "quickstart", "test"])
def test_help_needs_nothing(tool, tmp_path):
    """It is printed before anything is installed or built."""
    for name in ("apt-get", "meson", "ninja"):
        (tmp_path / name).write_text(f"#!/bin/sh\ntouch {tmp_path}/called\n")
        (tmp_path / name).chmod(0o755)
    done = subprocess.run([os.path.join(TOP, "tools", tool), "--help"], capture_output=True, text=True,
                          env=os.environ | {"PATH": f"{tmp_path}:{os.environ['PATH']}"})
    assert done.returncode == 0 and f"tools/{tool}" in done.stdout
    assert not (tmp_path / "called").exists()
