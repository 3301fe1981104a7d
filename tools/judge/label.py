"""What each candidate of a record is: 1 the secret, 0 not a secret, -1 neither (a part of one, or nobody can tell), 2 a fixture.

Lines of packages contain passwords and tokens that tests and examples made up. Beside the name of a secret, such a literal (a
"fixture") counts as a secret in training, and neither way in a test set.
"""

import functools
import re

from words import DICT

STRONG = re.compile(r"(?i)pass(?:w|phrase|code)|passwd|pwd|(?:^|[_.-])pw$|secret|token|api_?-?key|access_?key|encryption_?key|(?:db|user|root|admin|_|^)pass$"
                    r"|^auth$|[a-z]Pass$|^pass$")
OTHER = re.compile(r"(?i)public|pub_?key|key_?id|keyid|client_?id|(?:id|name|url|uri|file|path|type|field|label|title|hint|error|format|length|count|tokens|ttl|"
                   r"expir\w*|policy|prompt|endpoint|limit|ref|header|index|scope|hash|digest|var|env|regex|pattern|class|kind|mode|status|algo|algorithm|encryption|connector|claims|supported|methods|required|selector|handler|plugin|strategy|manager|provider|service)s?$|forgot|"
                   r"^(?:exports\.)?(?:result|translation|payload|context|cache)|csrf|PublicKeyToken|continuation|next_?token|page_?token|primary|^label|"
                   r"^title|^total|^max|^num|^min")
FOREIGN = re.compile(r"(?i)^(?:passwor|passwort|kennwort|contrase|senha|palavra|parol|has.o|heslo|salasana|l.senord|adgangskode|kodeord|wachtwoord|lozink|"
                     r"jelsz|geslo|.ifr|slapta|passord|new|old|confirm|forgot|reset|enter|your|invalid|wrong|missing|required|optional)")
TYPES = set("string str int bool boolean null none true false nil undefined number object array any bytes char varchar text required optional void "
            "password secret token tokens passwd value key username user name email bearer basic jwt oauth oauth2 hidden input base64 utf8 utf-8 latin1 "
            "hex ascii encoding default example enabled disabled admin_password self this whatever other flag description secrets access refresh "
            "login account sha256 md5 query header cookie plain env file auth apikey api_key access_token refresh_token id_token accesstoken".split())
REFERENCE = re.compile(r"[$%{<(\[`]|://|\*\*|\.\.\.|…|^/|^\./|^~|op:|arn:|secretref|os\.environ|process\.env|^@|^:|^#|^-")
IDENTIFIER = re.compile(r"[a-z]+(?:[A-Z][a-z]+)+|[A-Z][A-Z0-9]*_[A-Z0-9_]+|[a-z]+(?:[_./:-][a-z0-9]+)+|[\d.,]+|[A-Za-z_]\w*(?:\.\w+)+|[A-Z][a-z]+(?:[A-Z][a-z]+)+")
HASH = re.compile(r"\$(?:2[aby]|6|5|1|apr1|argon2)\w*\$|\{(?:SHA|SSHA|MD5|CRYPT)\}|pbkdf2_")
# Nobody can tell from the name alone.
EITHER = re.compile(r"(?i)salt|pepper|seed|mnemonic|^-[pu]$")
PLAIN = re.compile(r"(?i)[\d.:/-]+|[a-z_ -]{1,10}|[\w./-]*/[\w./-]*|\d+:\d+.*")
VALUE_MAX = 1024        # JUDGE_VALUE_MAX of src/mask/judge.h
LOOSE = {"word", "gap", "copula", "reverse", "pair", "column", "line"}
BARE = {"env", "yaml", "ini", "toml", "shell", "log", "md", "text"}


def is_fixture(name, value, form, quoted, context):
    """Is @value a literal that somebody made up as a password or a token? None: perhaps."""
    if EITHER.search(name) and not PLAIN.fullmatch(value) and not REFERENCE.search(value):
        return None
    if form in LOOSE or (not quoted and context not in BARE):
        return False
    if not STRONG.search(name) or OTHER.search(name):
        return False
    if re.match(r"(?i)(?:to[-_]?be[-_]?)?change[-_]?(?:me|this|d)(?!\w{5})", value):
        return False
    if HASH.search(value):
        return None
    if " " in value or not value.isascii() or not 4 <= len(value) <= 200 or REFERENCE.search(value):
        return False
    if re.fullmatch(r"[A-Z_]+", value) or "\\" in value or "::" in value or value.startswith("urn") or ("=" in value and "," in value):
        return False
    if re.fullmatch(r"[\w.]+:[A-Za-z]\w*|\d{4}-\d\d-\d\d.*|\d{1,8}", value) or value[0] in ".=" or re.search(r"=.", value):
        return False
    if value.lower() in TYPES or FOREIGN.match(value) or value.endswith(("{", "(", ",", ";")) or value.startswith("0x"):
        return False
    if form == "call" and not re.search(r"(?i)pass|pwd", name):
        return False
    if IDENTIFIER.fullmatch(value) and not re.search(r"\d{2}", value):
        return None if re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)+", value) and re.search("pass|secret|test|pw", value) else False
    if re.fullmatch(r"[A-Za-z]+", value) and (form == "argument" or value.lower() in english()):
        return None if form == "operator" else False
    return True


@functools.lru_cache(None)
def english():
    with open(DICT + "american-english", encoding="utf-8") as lines:
        return {line.strip().lower() for line in lines}


def label(record, text, candidate, quoted):
    """The label of one candidate; @text is the record's text as bytes."""
    start, end = candidate["value"]
    if record["style"] == "read":
        if text[start:end].decode("utf-8", "replace") != record["value"]:
            return -1
        return 2 if record["read"] == "secret" else 0
    if record["secret"] is None:
        if record["style"] != "mined":
            return 0
        name = text[slice(*candidate["name"])].decode("utf-8", "replace")
        value = text[start:end].decode("utf-8", "replace")
        fixture = is_fixture(name, value, candidate["form"], quoted, record["context"])
        return 2 if fixture else -1 if fixture is None else 0
    first, last = record["secret"]
    if start <= first and end >= last:
        rest = text[start:first] + text[last:end]
        if len(rest) <= 8 and b" " not in rest.strip():
            return 1
        return 0 if len(rest) > 12 else -1
    # The reader ends a value without quotes after this many bytes; the scanner continues.
    if start == first and end - start >= VALUE_MAX:
        return 1
    return 0 if end <= first or start >= last else -1
