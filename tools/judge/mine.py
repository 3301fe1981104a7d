"""Lines with credential words from fetched packages: they count as harmless, except for fixtures (see label.py).

    tools/judge/mine.py PACKAGES SET OUTPUT MOST      MOST: of each package and kind of file

For training, as many again are taken of the lines with a literal beside the name: fixtures, and what looks like them.
"""

import collections
import json
import os
import re
import sys
import random

from packages import texts

KEYWORD = re.compile(
    r"(?i)pass(?:word|wd|phrase|code)|passwort|kennwort|\bpwd\b|[_.-]pw\b|\bpw\b|(?:db|user|root|admin|my|_)pass\b|\bpass\b|secret|token"
    r"|api_?-?key|credential|auth_?key|[a-z]_key\b|[a-z]Key\b|bearer|\bkey\b|\bpin\b|密码|密碼|口令|密钥|令牌|パスワード|トークン|парол|токен|ключ"
    r"|salt\b|\bseed\b|pepper|mnemonic|\s-[pP][ \w].*\s-[uUl]|\s-[uUl].*\s-[pP][ \w]|contraseña|\bclave\b|senha|\bchave\b|mot de passe|\bclé\b|schlüssel|identified by")
QUICK = ("pass", "kennwort", "pwd", "pw", "secret", "token", "key", "credential", "bearer", "pin", "密", "口令", "令牌", "パスワード", "トークン", "парол",
         "токен", "ключ", "contraseña", "clave", "senha", "chave", "clé", "schlüssel", "identified by", "salt", "seed", "mnemonic", " -p")
CONTEXTS = {
    ".py": "python", ".go": "go", ".js": "js", ".mjs": "js", ".cjs": "js", ".jsx": "js", ".ts": "ts", ".tsx": "ts", ".rs": "rust", ".java": "java",
    ".c": "c", ".h": "c", ".cc": "c", ".cpp": "c", ".json": "json", ".yaml": "yaml", ".yml": "yaml", ".md": "md", ".rst": "md", ".mdx": "md", ".txt": "text",
    ".po": "i18n", ".pot": "i18n", ".html": "xml", ".xml": "xml", ".xsd": "xml", ".toml": "toml", ".ini": "ini", ".cfg": "ini", ".conf": "ini",
    ".cnf": "ini", ".sh": "shell", ".bash": "shell", ".env": "env", ".sql": "sql", ".rb": "ruby", ".php": "php", ".cs": "csharp", ".kt": "kotlin",
    ".properties": "ini", ".tf": "terraform", ".hcl": "terraform", ".j2": "yaml", ".vue": "js", ".svelte": "js", ".proto": "proto", ".graphql": "proto",
    ".golden": "text", ".tmpl": "xml", ".tpl": "xml", ".ps1": "shell", ".csv": "table", ".lock": "lock", ".sum": "lock", ".mod": "lock"}
LITERAL = re.compile(r"""(?i)(?:pass|pwd|secret|token|key|credential|auth)[\w.\])-]{0,20}["'`]?\s*(?::=|=>|[:=(,])\s*[bf@&]?["'][^"'\s]{4,80}["']"""
                     r"""|(?:pass|pwd|secret|token|key)\w*[=:] ?[^\s"'$<{(]{5,60}$""")
FILES = 1500            # the most files that are read of a package, spread over it
LINE_MAX = 400
PLACES = 400


def numbers_of(text):
    """The lines that may contain a keyword, in order, limited for each file."""
    low = text.lower()
    if len(low) != len(text):
        return []
    places = set()
    for word in QUICK:
        at = low.find(word)
        while at >= 0 and len(places) < PLACES:
            places.add(at)
            at = low.find("\n", at)
            at = low.find(word, at) if at >= 0 else -1
    numbers, line, last = [], 0, 0
    for at in sorted(places):
        line += text.count("\n", last, at)
        last = at
        if not numbers or numbers[-1] != line:
            numbers.append(line)
    return numbers


def lines_of(root, which):
    """Each line once: (package, context, file, text); every third with the line before it and the two after it."""
    seen = set()
    for package, name, text in texts(root, which, CONTEXTS, FILES):
        context = CONTEXTS[os.path.splitext(name)[1].lower()]
        if ".min." in name:
            continue
        lines = text.split("\n")
        for number in numbers_of(text):
            line = lines[number]
            if not 8 <= len(line) <= LINE_MAX or not KEYWORD.search(line):
                continue
            key = " ".join(line.split())
            if key in seen:
                continue
            seen.add(key)
            block = line
            if number % 3 == 0 and all(len(other) <= LINE_MAX for other in lines[max(0, number - 1):number + 3]):
                block = "\n".join(lines[max(0, number - 1):number + 3])
            yield package, context, name, block.replace("\r", "")


def main():
    root, which, output, most = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
    r = random.Random(11)
    by = collections.defaultdict(list)
    for package, context, name, line in lines_of(root, which):
        literal = which == "train" and bool(LITERAL.search(line))
        by[package, context, literal].append((name, line))
    count = 0
    with open(output, "w", encoding="utf-8") as out:
        for (package, context, literal), lines in sorted(by.items()):
            total = len(lines) + len(by.get((package, context, not literal), ()))
            taken = r.sample(lines, min(len(lines), most))
            # The weight of a line, so that all of them together count as if drawn evenly.
            weight = min(most, total) * len(lines) / total / len(taken)
            for name, line in taken:
                count += 1
                out.write(json.dumps({"id": "%s-%d" % (which, count), "text": line, "secret": None, "kind": "fp", "context": context,
                                      "style": "mined", "use": "", "source": package, "path": name, "weight": round(weight, 3)},
                                     ensure_ascii=False) + "\n")
    print("%s: %d lines of %d packages" % (which, count, len({package for package, _, _ in by})))


if __name__ == "__main__":
    main()
