"""Every string that people read can be translated"""

import re
import subprocess

import pytest

from conftest import SESSION, columns
from languages import speaking
from scrubjay_test import SOURCES

PO = SOURCES / "po"
LANGUAGES = (PO / "LINGUAS").read_text().split()
KEYWORDS = ["--from-code=UTF-8", "--keyword=_", "--keyword=N_", "--keyword=P_:1,2", "--flag=print_error:1:c-format"]


def listed():
    return (PO / "POTFILES").read_text().split()


def test_every_source_is_listed():
    with_strings = sorted(str(path.relative_to(SOURCES)) for path in (SOURCES / "src" / "ctl").glob("*.c"))
    assert sorted(listed()) == [*with_strings, "src/service/notification.c"]


def test_printed_text_goes_through_gettext():
    """Sentences of print_error(), summaries and help texts; format strings without a word are exempt."""
    left_out = []
    for path in listed():
        text = (SOURCES / path).read_text()
        left_out += [(path, found) for found in re.findall(r'print_error\(\s*("[^"]*[a-z]{3}[^"]*")', text)]
        left_out += [(path, found) for found in re.findall(r'\.summary = ("[^"]*")', text)]
        left_out += [(path, found) for found in re.findall(r'^\s*\{ "[a-z-]+", (?:NULL|N_\("[^"]*"\)),\s*("[^"]*")', text,
                                                          re.MULTILINE)]
        left_out += [(path, found) for found in re.findall(r'(?:puts|printf)\(\s*("[^"]*[a-z]{3} [a-z]{2}[^"]*")', text)]
    assert left_out == []


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    path = tmp_path_factory.mktemp("po") / "scrubjay.pot"
    subprocess.run(["xgettext", *KEYWORDS, "-o", path, *listed()], cwd=SOURCES, check=True)
    assert path.read_text().count("\nmsgid ") > 200
    return path


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_translation_is_complete(language, template, tmp_path):
    merged = tmp_path / "merged.po"
    subprocess.run(["msgmerge", "-q", "--no-fuzzy-matching", "-o", merged, PO / f"{language}.po", template], check=True)
    missing = subprocess.run(["msgattrib", "--untranslated", "--no-obsolete", merged], capture_output=True, text=True,
                             check=True).stdout
    assert missing == ""
    fuzzy = subprocess.run(["msgattrib", "--only-fuzzy", "--no-obsolete", merged], capture_output=True, text=True,
                           check=True).stdout
    assert fuzzy == ""
    obsolete = subprocess.run(["msgattrib", "--only-obsolete", merged], capture_output=True, text=True, check=True).stdout
    assert obsolete == ""


def test_counts_have_plural_forms(template):
    """A number before an English plural goes through ngettext(), in all its forms."""
    entries = template.read_text().split("\n\n")[1:]
    single = ["".join(re.findall(r'"(.*)"', entry)) for entry in entries if "msgid_plural" not in entry]
    assert [text for text in single if re.search(r"%(?:<PRI\w+>|zu|u|d)\s(?:[a-z]+ )?[a-z]+s\b", text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_columns_of_the_help_are_straight(ctl, language):
    """Counted as in a terminal: a Chinese character takes two columns."""
    for arguments, column in (["--help"], 22), (["sessions", "--help"], 24), (["findings", "--help"], 24):
        lines = [line for line in ctl.run(*arguments, **speaking(language)).out.splitlines() if line.startswith("  ")]
        assert len(lines) > 8
        begins = set()
        for line in lines:
            name, help_text = re.fullmatch(r"(  \S+(?: \S+)*?) {2,}(\S.*)", line).groups() if re.search(r"\S {2,}\S", line) \
                else re.fullmatch(r"(  .*?) (\S+)", line).groups()
            begin = columns(line) - columns(help_text)
            begins.add(begin if columns(name) < column - 1 else column)
        assert begins == {column}


@pytest.mark.parametrize("language", LANGUAGES)
def test_the_translation_is_well_formed(language):
    subprocess.run(["msgfmt", "--check-format", "--check-domain", "-o", "/dev/null", PO / f"{language}.po"], check=True)


@pytest.mark.parametrize("language, help_says, status_says, error_says", [
    ("de", "Aufruf: scrubjayctl", "3 Sitzungen, 3 Nachrichten, 1 mit Stern", "Es gibt keine Sitzung 'zzz'"),
    ("zh_CN", "用法：scrubjayctl", "3 个会话, 3 条消息", "没有会话 'zzz'"),
])
def test_it_speaks(sample, language, help_says, status_says, error_says):
    spoken = speaking(language)
    assert help_says in sample.run("--help", **spoken).out
    assert status_says in sample.run("status", **spoken).out
    assert error_says in sample.run("show", "zzz", code=1, **spoken).err
    assert SESSION in sample.run("sessions", **spoken).out


@pytest.mark.parametrize("language", LANGUAGES)
def test_help_stays_within_one_screen(sample, language):
    out = sample.run("--help", **speaking(language)).out
    assert len(out.splitlines()) <= 30
