"""Makes labelled texts: secrets in contexts, harmless values in the same contexts, chatter. The same seed makes the same texts.

    tools/judge/generate.py SET OUTPUT

A record: {"id", "text", "secret": [start, end] in bytes or null, "kind": "tp" or "fp", "context", "style", "use", "source"}.
"""

import json
import random
import re
import sys

import contexts
import harmless
import names
import values

BEFORE = ["", "", "", "# settings\n", "Here it is:\n\n", "$ cat .env\n", "    1\t", "  12\t", "+", "-", "  ", "    ", "\t", "> ", "// ", "# ", "ok,\n",
          "```\n", "config.py:12:", "deploy/app.yml:7:  ", "| ", "* ", "10:", "\x1b[32m", "<!-- ", "; "]
AFTER = ["", "", "", "\n", "\nDone.", "\nHOST=localhost\n", "\n```\n", "\r\n", "\n\nThanks!", "\x1b[0m", "\nexit 0\n", "  # keep"]
BEFORE_TEST = ["", "", "", "what is wrong here?\n", "@@ -1,3 +1,4 @@\n", "     3→", "root@box:~# ", "2. ", "user: ", "settings.rb-9-", "\t\t"]
AFTER_TEST = ["", "", "", "\n", "\n\nIt says 401.", "\n(2 rows)\n", "\nEOF\n"]
WRAPS = ['{"output": %s}', '{"type":"text","text":%s}', '{"stdout":%s,"stderr":""}', '[%s]']
WRAPS_TEST = ['{"content": %s, "is_error": false}', '{"role":"user","message":%s}']


def around(r, text, at, befores, afters, wraps):
    """@text with something around it, and the new position of the value at @at. Tools put JSON in strings."""
    if r.random() < .35:
        before, after = r.choice(befores), r.choice(afters)
        text, at = before + text + after, at + len(before)
    for likely in (.25, .4):
        if r.random() >= likely:
            break
        head, tail = text[:at], text[at:]
        quoted_head, quoted_tail = json.dumps(head, ensure_ascii=False)[:-1], json.dumps(tail, ensure_ascii=False)[1:]
        before, after = r.choice(wraps).split("%s")
        text, at = before + quoted_head + quoted_tail + after, len(before) + len(quoted_head)
    return text, at


def as_tools_show(number, text):
    """One in three lines of packages, as sessions show them: in a JSON string, numbered, in a diff."""
    if number % 7 == 3:
        text = json.dumps({"content": text}, ensure_ascii=False)
        return json.dumps({"message": text}, ensure_ascii=False) if number % 3 == 0 else text
    if number % 7 == 4:
        return "\n".join("%6d\t%s" % (number % 900 + i, line) for i, line in enumerate(text.split("\n")))
    if number % 21 == 5:
        return "\n".join("+" + line for line in text.split("\n"))
    return text


def is_plain(value):
    return json.dumps(value, ensure_ascii=False)[1:-1] == value


class Generator:
    def __init__(self, seed, test):
        self.r = random.Random(seed)
        self.names = names.TEST if test else names.TRAIN
        self.values = values.TEST if test else values.TRAIN
        self.templates = contexts.parse(contexts.TEST if test else contexts.TRAIN)
        self.other = names.OTHER_TEST if test else names.OTHER_TRAIN
        self.things = names.THINGS_TEST if test else names.THINGS_TRAIN
        self.test = test
        self.named = [t for t in self.templates if t[0] == "A" and re.search("«[NnckCKd]»", t[3])]
        self.chatter = harmless.lines(harmless.CHATTER_TEST if test else harmless.CHATTER_TRAIN)
        self.digests = harmless.lines(harmless.RANDOM_TEST if test else harmless.RANDOM_TRAIN)
        self.around = (BEFORE_TEST, AFTER_TEST, WRAPS_TEST) if test else (BEFORE, AFTER, WRAPS)
        self.source = "made-test" if test else "made-train"

    def record(self, number, text, at, value, **more):
        start = len(text[:at].encode())
        return {"id": "%s-%s-%d" % (self.source, more["kind"], number), "text": text, "source": self.source,
                "secret": [start, start + len(value.encode())] if more["kind"] == "tp" else None, **more}

    def positive(self, number):
        r = self.r
        use, quoting, context, template = self.templates[number % len(self.templates)]
        if not self.test and r.random() < .2:
            use, quoting, context, template = contexts.sentence(r)
        named = use if use != "A" else r.choice("PPPTT")
        kind = "pin" if use == "I" else "password" if (named == "P") == (r.random() < .85) else "token"
        fits = contexts.FITS[quoting]
        # In a language without blanks, nothing marks the end of such a value.
        style, value = values.make(r, self.values, kind, lambda v: fits(v) and (is_plain(v) or quoting == "p") and (v.isascii() or context not in ("zh", "ja")))
        before, after = names.fill(r, template, self.names, named).split("¤")
        text, at = around(r, before + value + after, len(before), *self.around)
        return self.record(number, text, at, value, kind="tp", context=context, style=style, use=named)

    def harmless_value(self, number):
        """A context with a value that is not a secret."""
        r = self.r
        use, quoting, context, template = r.choice(self.templates)
        while context in ("url", "form") or "echo" in template or "sshpass" in template:
            use, quoting, context, template = r.choice(self.templates)
        if not self.test and r.random() < .2:
            use, quoting, context, template = contexts.sentence(r)
        named = use if use != "A" else r.choice("PPPTT")
        parts = names.secret_name(r, self.names, named)
        value = harmless.value(r)
        if quoting in "bv" and " " in value and context not in ("yaml", "ini"):
            value = value.split(" ")[0]
        text = names.fill(r, template.replace("¤", value), self.names, named, parts)
        return self.record(number, around(r, text, 0, *self.around)[0], 0, "", kind="fp", context=context, style="harmless", use=named)

    def identifier(self, number, word, for_passwords):
        """A context whose value is a name of several words (identifiers.py)."""
        r = self.r
        use = "P" if for_passwords and r.random() < .2 else "T"
        quoting, context, template = r.choice([t for t in self.named if t[0] in ("A", use) and contexts.FITS[t[1]](word)])[1:]
        text = names.fill(r, template.replace("¤", word), self.names, use)
        return self.record(number, around(r, text, 0, *self.around)[0], 0, "", kind="fp", context=context, style="identifier", use=use)

    def other_name(self, number):
        r = self.r
        use, quoting, context, template = r.choice(self.named)
        name = r.choice(self.other)
        if r.random() < .12:
            name = r.choice(self.things) + "_key"
        text = names.fill(r, template.replace("¤", harmless.random_other(r, name)), self.names, "T", [name])
        return self.record(number, around(r, text, 0, *self.around)[0], 0, "", kind="fp", context=context, style="other-name", use="T")

    def talk(self, number):
        r = self.r
        line = self.chatter[number % len(self.chatter)]
        text = names.fill(r, line, self.names, r.choice("PPPT"))
        if r.random() < .3:
            text += r.choice([" ", "\n"]) + names.fill(r, r.choice(self.chatter), self.names, r.choice("PPT"))
        return self.record(number, around(r, text, 0, *self.around)[0], 0, "", kind="fp", context="chatter", style="chatter", use="P")


    def digest(self, number):
        """Something random that opens nothing, with a name that says so."""
        r = self.r
        text = names.fill(r, self.digests[number % len(self.digests)], self.names, r.choice("PPPT"))
        return self.record(number, around(r, text, 0, *self.around)[0], 0, "", kind="fp", context="digest", style="digest", use="P")

    def secret_for(self, fits):
        """(style, secret that @fits) for the place of something harmless; never a word, which would be harmless there as well."""
        return values.make(self.r, self.values, self.r.choice(["password", "token"]), lambda v: fits(v) and not v.isalpha())


def made(seed, test, n_secret, n_value, n_name, n_talk, n_digest):
    """All records of a made set."""
    g = Generator(seed, test)
    for n, one in ((n_secret, g.positive), (n_value, g.harmless_value), (n_name, g.other_name), (n_talk, g.talk), (n_digest, g.digest)):
        for number in range(n):
            yield one(number)


SETS = {"train": (20260101, False, 18000, 9000, 5500, 5500, 450), "test": (417, True, 2840, 1500, 800, 700, 200), "confirm": (90210, True, 1420, 700, 400, 400, 200)}


def main():
    which, output = sys.argv[1:]
    with open(output, "w", encoding="utf-8") as out:
        for record in made(*SETS[which]):
            out.write(json.dumps(record, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
