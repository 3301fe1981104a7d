"""Made-up secrets, in the styles in which people and programs make them. TRAIN and TEST share no style and no word.

A style is a function of a random generator; its values are nobody's secrets. `password`, `token` and `pin` in a table say what
the style is used for.
"""

import base64
import os
import string
import zlib

from words import DICT, plain

LOWER, UPPER, DIGITS = string.ascii_lowercase, string.ascii_uppercase, string.digits
ALNUM = LOWER + UPPER + DIGITS


def word_list(name, half, shortest=3, longest=9):
    """The words of one of Debian's lists that belong to a half: 0 for training, 1 for testing."""
    if not os.path.exists(DICT + name):
        raise SystemExit("%s%s is not there. Install Debian's wamerican, wngerman, wfrench, wspanish and wportuguese." % (DICT, name))
    with open(DICT + name, encoding="utf-8") as lines:
        words = {line.strip().lower() if line.isascii() else plain(line.strip()) for line in lines}
    return sorted(w for w in words if w.isascii() and w.isalpha() and shortest <= len(w) <= longest and half_of(w) == half)


def half_of(word):
    return zlib.crc32(word.encode()) >> 7 & 1


COMMON = """apple arrow autumn basket battery beach bear bird black blue boat book bottle box bread bridge bright brother brown bus butter
camel candle car carpet castle cat chair cheese cherry chicken circle city clean clock cloud coffee cold cookie correct country cow dance
dark day deep desk diamond dog door dragon dream drum eagle earth east egg elephant engine family farm fast father field fire fish flag
flower fly football forest fox friend frog funny galaxy game garden ghost giant girl glass gold golf grape grass green guitar hammer happy
hat heart heavy hello hill home honey horse hotel house hunter ice iron island jacket jazz jungle kettle king kitchen kitten ladder lake
lamp lemon letter light lion little lucky magic mango maple market master mirror money monkey moon morning mother mountain mouse movie
music night north number ocean office old onion open orange owl pancake panda paper park party peace pencil penguin pepper phone piano pilot
pink pirate pizza planet player pocket point police pony potato power princess purple queen quiet rabbit radio rain rainbow red ring river
road robot rock rocket rose royal sailor salt sand school sea shadow sheep ship shoe silver simple sister sky smile snake snow soccer soft
song south space spider spoon spring square staple star stone storm strawberry street strong sugar summer sun sunday sunshine super sweet
table tea thunder tiger time tomato tower train travel tree truck turtle uncle valley velvet village violet water wave west whale wheel
white wild wind window winter wizard wolf wonder wood world yellow young zebra""".split()


class Words:
    """The lists of one half, read when needed; every second word is one that people choose."""

    def __init__(self, half):
        self.half = half
        self.lists = {}
        self.common = [w for w in COMMON if half_of(w) == half]

    def __call__(self, r, language="american-english"):
        if language == "american-english" and r.random() < .5:
            return r.choice(self.common)
        if language not in self.lists:
            self.lists[language] = word_list(language, self.half)
        return r.choice(self.lists[language])


def draw(r, alphabet, low, high=None):
    return "".join(r.choice(alphabet) for _ in range(r.randint(low, high or low)))


def bytes_of(r, low, high):
    return bytes(r.randrange(256) for _ in range(r.randint(low, high)))


# ---------------------------------------------------------------- train

W = Words(0)
NAMES = ("alice bob carol dave emma frank grace henry irene jack karen lucas maria nina oscar paula robert sara thomas victor "
         "anna peter julia michael sophie daniel laura kevin monika stefan pierre camille hans uwe olga ivan pedro lucia").split()
SEASONS = ("Spring Summer Autumn Winter Fall January March April June August October December Fruehling Sommer Herbst Printemps "
           "Automne Hiver Verano Invierno Montag Freitag").split()
SYLLABLES = ("a ai an ang ao ba bai ban bang bao bei ben bi bian biao bing bo bu cai can cao ce chang chao chen cheng chi chong "
             "chu chuan chun ci cong da dai dan dang de deng di dian ding dong du duan duo er fa fan fang fei feng fu gan gao ge "
             "gen gong gu gua guan guang gui guo hai han hao he hei hong hou hu hua huan huang hui huo ji jia jian jiang jiao jie "
             "jin jing jiu ju juan jun kai kan kang ke kong kuai lai lan lang lao le lei li lian liang lin ling liu long lu luo lv "
             "ma mai man mao mei men meng mi mian min ming mo mu na nan ni nian niu nu pan pei peng pi pian ping pu qi qian qiang "
             "qiao qin qing qiu qu quan ran ren ri rong ru san sha shan shang shao she shen sheng shi shou shu shuang shui si song "
             "su sun tai tan tang tao tian tie ting tong tu wan wang wei wen wo wu xi xia xian xiang xiao xie xin xing xiong xu "
             "xuan xue ya yan yang yao ye yi yin ying yong you yu yuan yue yun zai zao ze zeng zhan zhang zhao zhe zhen zheng zhi "
             "zhong zhou zhu zi zong zu").split()
ROWS = ["qwertyuiop", "asdfghjkl", "zxcvbnm", "1234567890", "qazwsxedcrfv", "1qaz2wsx3edc"]
LEET = {"a": "4@", "e": "3", "i": "1!", "o": "0", "s": "5$", "t": "7", "b": "8", "g": "9"}


def random_alnum(r):
    return draw(r, ALNUM, r.choice([8, 10, 12, 16, 20, 24, 32]), r.choice([40, 32]))


def random_letters(r):
    return draw(r, LOWER + UPPER, 8, 32)


def random_lower(r):
    return draw(r, LOWER, 8, 28)


def random_lower_digits(r):
    return draw(r, LOWER + DIGITS, 8, 36)


def random_upper_digits(r):
    return draw(r, UPPER + DIGITS, 8, 40)


def random_symbols(r):
    return draw(r, ALNUM + "!#$%&*+-./:;<=>?@^_~", 8, 28)


def random_few_symbols(r):
    return draw(r, ALNUM * 2 + "!@#$%^*_-+.", 8, 24)


def random_hex(r):
    text = (bytes_of(r, 4, 32) if r.random() < .4 else bytes_of(r, *[r.choice([8, 16, 16, 20, 20, 24, 32, 32])] * 2)).hex()
    return text.upper() if r.random() < .1 else text


def random_base64(r):
    return base64.b64encode(bytes_of(r, 6, 48)).decode()


def random_base64url(r):
    return base64.urlsafe_b64encode(bytes_of(r, 8, 48)).decode().rstrip("=")


def random_uuid(r):
    text = bytes_of(r, 16, 16).hex()
    return "-".join((text[:8], text[8:12], text[12:16], text[16:20], text[20:]))


def word_digits(r):
    word = W(r)
    return (word.capitalize() if r.random() < .4 else word) + draw(r, DIGITS, 1, 4)


def word_digits_symbol(r):
    return W(r).capitalize() + r.choice("!@#$_-.") * (r.random() < .4) + draw(r, DIGITS, 1, 4) + r.choice("!?#$%*.+@")


def symbol_in_word(r):
    word = W(r)
    at = r.randint(1, len(word) - 1)
    return word[:at] + r.choice("!@#$%_-.+=") + word[at:] + draw(r, DIGITS, 0, 3)


def name_year(r):
    return r.choice(NAMES).capitalize() + r.choice(["", "", "_", "@", "."]) + str(r.randint(1950, 2026)) + r.choice(["", "", "!"])


def season_year(r):
    year = str(r.randint(2015, 2027))
    return r.choice(SEASONS) + r.choice(["", "@", "-", "#", "_"]) + (year if r.random() < .8 else year[2:]) + r.choice(["", "!", "!!", "$", "."])


def leet(r):
    word = "".join(r.choice(LEET[c]) if c in LEET and r.random() < .7 else c for c in W(r) + (W(r) if r.random() < .4 else ""))
    return (word.capitalize() if r.random() < .5 else word) + draw(r, DIGITS, 0, 3) + r.choice(["", "", "!"])


def passphrase(r):
    language = r.choice(["american-english"] * 4 + ["ngerman", "french", "spanish"])
    return r.choice("---__..+") .join(W(r, language) for _ in range(r.randint(3, 6)))


def passphrase_spaces(r):
    return " ".join(W(r) for _ in range(r.randint(3, 6)))


def passphrase_camel(r):
    return "".join(W(r).capitalize() for _ in range(r.randint(2, 4))) + draw(r, DIGITS, 0, 2)


def passphrase_glued(r):
    return "".join(W(r) for _ in range(r.randint(2, 4)))


def passphrase_number(r):
    return "-".join(W(r).capitalize() if r.random() < .5 else W(r) for _ in range(r.randint(2, 4))) + r.choice("-_.") + draw(r, DIGITS, 1, 4)


def two_words(r):
    return W(r) + r.choice(["", "-", "_", "."]) + W(r) + draw(r, DIGITS, 0, 2)


def keyboard_walk(r):
    row = r.choice(ROWS)
    at, n = r.randint(0, len(row) - 4), r.randint(4, 10)
    text = row[at:at + n]
    other = r.choice(ROWS)
    text += other[:r.randint(2, 6)] if r.random() < .5 or len(text) < 6 else draw(r, DIGITS, 0, 3)
    return text.capitalize() if r.random() < .2 else text


def pronounceable(r):
    text = "".join(r.choice(["b", "d", "f", "g", "k", "l", "m", "n", "p", "r", "s", "t", "v", "z", "sh", "ch", "th", "ph", "qu"])
                   + r.choice(["a", "e", "i", "o", "u", "ai", "ee", "oo", "ie", "ah"]) for _ in range(r.randint(3, 6)))
    if r.random() < .5:
        at = r.randint(0, len(text) - 1)
        text = text[:at] + text[at].upper() + text[at + 1:]
    if r.random() < .6:
        at = r.randint(1, len(text))
        text = text[:at] + r.choice(DIGITS) + text[at:]
    return text


def pronounceable_apg(r):
    parts = [r.choice(["Ob", "Ty", "Ne", "Ev", "Fi", "Gre", "ja", "wo", "nec", "ult", "yif", "ced", "Kra", "dop", "Ush", "ras"])
             for _ in range(r.randint(3, 4))]
    parts.insert(r.randint(1, 2), r.choice(DIGITS + "&^'/-_" if r.random() < .1 else DIGITS))
    return "".join(parts)


def pinyin(r):
    text = "".join(r.choice(SYLLABLES) for _ in range(r.randint(2, 4)))
    return (text.capitalize() if r.random() < .2 else text) + r.choice(["", "@", "_", "."]) * (r.random() < .3) + r.choice(
        [draw(r, DIGITS, 2, 6), "123", "520", "1314", "888", "666", ""])


def foreign_word(r):
    word = W(r, r.choice(["ngerman", "french", "spanish", "portuguese"]))
    return (word.capitalize() if r.random() < .6 else word) + r.choice(["", "!", "-", "_", "#"]) * (r.random() < .3) + draw(r, DIGITS, 1, 4)


def foreign_pair(r):
    language = r.choice(["ngerman", "french", "spanish", "portuguese"])
    return W(r, language).capitalize() + r.choice(["", "", "-", "+", "."]) + W(r, language).capitalize() + draw(r, DIGITS, 0, 3)


def one_word(r):
    return W(r) if r.random() < .6 else W(r) + r.choice(["1", "12", "123", "!", "s"])


def sentence_initials(r):
    return draw(r, LOWER + UPPER * 2, 4, 7) + draw(r, DIGITS, 2, 4) + r.choice(["", "!", "?", ".", ","])


def prefixed(r):
    return draw(r, LOWER, 2, 5) + r.choice("_-.") + r.choice(["", "", "live_", "prod-", "v1_", "api_", "test_"]) + draw(r, ALNUM, 16, 40)


def two_parts(r):
    return draw(r, ALNUM, 6, 20) + r.choice(".-_:~/|") + draw(r, ALNUM, 10, 32)


def company(r):
    return (W(r).capitalize() + r.choice(["", "Corp", "Inc", "HQ", "Dev", "Admin", "DB", "Prod"]) + r.choice(["", "@", "#", "_"])
            + r.choice([str(r.randint(2010, 2026)), draw(r, DIGITS, 2, 3)]) + r.choice(["", "!", "$"]))


def doubled(r):
    part = draw(r, LOWER, 3, 5)
    return part + part + draw(r, DIGITS, 0, 3)


def reversed_word(r):
    return W(r)[::-1] + draw(r, DIGITS, 1, 4)


def interleaved(r):
    return "".join(a + r.choice(DIGITS) for a in draw(r, LOWER, 4, 8))


def grouped(r):
    alphabet = r.choice([UPPER + DIGITS, LOWER, LOWER + DIGITS])
    n = r.randint(3, 6)
    return "-".join(draw(r, alphabet, n) for _ in range(r.randint(3, 6)))


def apple(r):
    return "-".join(draw(r, LOWER + UPPER[:3] + "3579", 6) for _ in range(3))


def database(r):
    return r.choice(["Db", "sql", "Pg", "my", "ora", "redis", "root", "Admin", "svc", "app"]) + r.choice(["", "_", "-", "@"]) + r.choice(
        [draw(r, ALNUM, 6, 14), W(r) + draw(r, DIGITS, 2, 4), draw(r, DIGITS, 3, 6) + r.choice("!#")])


def trailing_equals(r):
    return base64.b64encode(bytes_of(r, 16, 16)).decode()


def quoted_punctuation(r):
    return draw(r, ALNUM, 4, 9) + draw(r, "!#$%&()*+,-./:;<=>?@[]^_{|}~ ", 2, 5) + draw(r, ALNUM, 4, 8)


def quoted_pieces(r):
    """Pieces with blanks and signs in between, as generators with all signs make them."""
    pieces = [draw(r, r.choice([ALNUM, ALNUM, LOWER + DIGITS, LOWER, UPPER + DIGITS]), 1, 7) for _ in range(r.randint(2, 4))]
    text = pieces[0]
    for piece in pieces[1:]:
        text += r.choice([draw(r, "!#$%&()*+,-./:;<=>?@[]^_{|}~", 1, 3), draw(r, ",;.:!?)", 1, 1) + " ", " " + draw(r, "(<[{#&+*-", 1, 2)]) + piece
    return text


def structured(r):
    """Parts with the alphabets and lengths of various issuers, with or without a sign in between, perhaps with a few letters first."""
    alphabets = [DIGITS + "abcdef", DIGITS + "abcdef", UPPER + DIGITS, LOWER + DIGITS, ALNUM, ALNUM, ALNUM + "-_", DIGITS]
    parts = [draw(r, r.choice(alphabets), r.choice([4, 6, 8, 8, 12, 16, 20, 32])) for _ in range(r.choice([1, 1, 2, 2, 2, 3]))]
    if len(parts) > 1 and r.random() < .4:
        parts = [draw(r, alphabets[0], len(part)) for part in parts]
    head = draw(r, LOWER + UPPER, 2, 5) if r.random() < .4 else r.choice(["key", "tok", "sk", "pk", "app", "api"]) if r.random() < .3 else ""
    text = head + r.choice(["", "", "_", "-"]) * bool(head) + r.choice([":", ".", "-", "_", "/", "|"]).join(parts)
    return text + draw(r, ALNUM, 8, 16) if len(text) < 14 else text


CYRILLIC = "\u0430 \u0431 \u0432 \u0433 \u0434 \u0435 \u0436 \u0437 \u0438 \u043a \u043b \u043c \u043d \u043e \u043f \u0440 \u0441 \u0442 \u0443 \u0447 \u0448 \u044b \u044c \u044f".split()


def accented(r, half):
    """A word with letters beyond ASCII, from one half of its list."""
    name = r.choice(["ngerman", "ngerman", "french", "spanish", "portuguese"])
    if (name, half) not in accented.lists:
        with open(DICT + name, encoding="utf-8") as lines:
            words = {line.strip() for line in lines}
        accented.lists[name, half] = sorted(w for w in words if not w.isascii() and w.isalpha() and 4 <= len(w) <= 12 and half_of(w) == half)
    return r.choice(accented.lists[name, half])


accented.lists = {}


def wide_word(r):
    word = accented(r, 0)
    return r.choice([word, word.capitalize(), word.lower()]) + r.choice(["", "", "-", "_", "!", "."]) + r.choice([draw(r, DIGITS, 1, 4), draw(r, DIGITS, 2, 4) + "!", W(r)])


def wide_pair(r):
    return accented(r, 0) + r.choice("-_.+") + r.choice([W(r), accented(r, 0)]) + r.choice(["", draw(r, DIGITS, 1, 3)])


def wide_script(r):
    if r.random() < .6:
        word = "".join(r.choices(CYRILLIC, k=r.randint(5, 9)))
        return r.choice([word, word.capitalize()]) + r.choice(["", "_", "-", "!"]) + draw(r, DIGITS, 1, 4)
    return "".join(chr(r.randint(0x4e00, 0x7fff)) for _ in range(r.randint(2, 5))) + draw(r, DIGITS + LOWER, 2, 5)


def wide_letter(r):
    """Random, with a letter or two that only some keyboards have."""
    text = draw(r, ALNUM, 8, 16)
    at = r.randint(1, len(text) - 1)
    return text[:at] + r.choice("\u00e4\u00f6\u00fc\u00df\u00e9\u00e8\u00f1\u00e7\u00e5\u00f8\u00a7\u20ac\u00a3") + text[at:]


def quote_in_word(r):
    """A quote within a word belongs to the word."""
    text = r.choice([draw(r, ALNUM, 8, 16), W(r) + draw(r, DIGITS, 2, 4) + W(r), draw(r, LOWER + DIGITS, 8, 14)])
    at = r.randint(1, len(text) - 1)
    return text[:at] + r.choice("''\"`") + text[at:]


def hashed(r):
    """What devices and databases store for a password."""
    base64ed = ALNUM + "./"
    return r.choice([
        lambda: "$1$" + draw(r, base64ed, 4) + "$" + draw(r, base64ed, 22), lambda: "$9$" + draw(r, base64ed, 14) + "$" + draw(r, base64ed, 43),
        lambda: draw(r, DIGITS, 2) + draw(r, DIGITS + "ABCDEF", r.choice([10, 14, 18, 22])), lambda: "$8$" + draw(r, base64ed, 14) + "$" + draw(r, base64ed, 43)])()


def seed_words(r):
    return " ".join(W(r) for _ in range(r.choice([12, 12, 24])))


def random_long(r):
    return base64.b64encode(bytes_of(r, 150, 2500)).decode()


def prefix_glued(r):
    """A short word or a few letters, with random ones right after it: issuers' keys begin like this."""
    head = r.choice(["key", "tok", "pat", "sec", "app", "api", "usr", "acc", "pub", "sk", "pk", "id", W(r)[:4], draw(r, LOWER, 2, 4)])
    return head + draw(r, r.choice([ALNUM, ALNUM, LOWER + DIGITS]), 12, 32)


def for_tests(r):
    """As people write them in tests and examples."""
    core = r.choice(["secret", "passw0rd", "password", "pass", "letmein", "admin", "test", "s3cr3t", "s3cret", "qwerty", "welcome", "root", "demo",
                     "hunter", "foo", "bar", "abc", "token", "user", "guest", "P@ssw0rd", "Passw0rd", "Secret", "Test", "Admin", "my", "super", "pa55word"])
    form = r.randrange(6)
    if form < 3:
        return core + r.choice(["", "-", "_", "@", "."]) + draw(r, DIGITS, 1, 4) + r.choice(["", "", "!", "$"])
    if form == 3:
        return core + r.choice(["", "-", "_"]) + r.choice(["pass", "password", "secret", "token", "key", "pw", "word", "admin"]) + draw(r, DIGITS, 0, 3)
    if form == 4:
        return W(r) + r.choice(["", "-", "_"]) + core + draw(r, DIGITS, 0, 3)
    return core + W(r) + draw(r, DIGITS, 0, 2)


def pin(r):
    return draw(r, DIGITS, r.choice([4, 4, 5, 6, 6, 8]))


def digits(r):
    return draw(r, DIGITS, 6, 12)


TRAIN = {
    "password": [
        (random_alnum, 3), (random_letters, 3), (random_lower, 2), (random_lower_digits, 2), (random_symbols, 3), (random_few_symbols, 3),
        (random_hex, 2), (random_base64, 1), (word_digits, 3), (word_digits_symbol, 3), (symbol_in_word, 1), (name_year, 2),
        (season_year, 2), (leet, 3), (passphrase, 5), (passphrase_spaces, 2), (passphrase_camel, 2), (passphrase_glued, 2),
        (passphrase_number, 2), (two_words, 3), (keyboard_walk, 2), (pronounceable, 3), (pronounceable_apg, 1), (pinyin, 3), (foreign_word, 3),
        (foreign_pair, 2), (one_word, 1), (sentence_initials, 2), (company, 2), (doubled, 1), (reversed_word, 1), (interleaved, 1),
        (grouped, 1), (apple, 1), (database, 2), (quoted_punctuation, 4), (quoted_pieces, 14), (digits, 1), (random_upper_digits, 1), (random_uuid, 1), (for_tests, 3),
        (wide_word, 1.5), (wide_pair, 1), (wide_script, 1.5), (wide_letter, 1.5), (quote_in_word, 3), (hashed, 1)],
    "token": [
        (random_alnum, 6), (random_letters, 2), (random_lower, 1), (random_lower_digits, 3), (random_upper_digits, 2), (random_hex, 8),
        (random_base64, 3), (random_base64url, 3), (random_uuid, 6), (prefixed, 3), (two_parts, 2), (grouped, 1), (trailing_equals, 1),
        (passphrase, 1.5), (two_words, .5), (word_digits, .5), (random_symbols, .5), (leet, .5), (passphrase_number, .5), (for_tests, 1), (structured, 5), (prefix_glued, 4), (wide_letter, .5), (quote_in_word, 1), (seed_words, .5), (random_long, .7)],
    "pin": [(pin, 1)],
}

# ---------------------------------------------------------------- test

V = Words(1)
PEOPLE = ("amelie bjorn chiara dmitri elena felix gustavo hiroshi ingrid joana klaus leila mateo noemi otto priya quentin rosa sven "
          "tatiana ursula valentin wei xenia yusuf zoe markus birgit jerome anais").split()
MONTHS = "februar maerz mai juli september november dimanche samedi mercredi avril juillet primavera otono lunes sabado".split()
SURNAMES = "wang li zhang liu chen yang huang zhao wu zhou xu sun ma zhu hu guo he lin gao luo zheng liang xie song tang".split()
GIVEN = "xiaoming meiling jianguo weiwei lihua tingting guoqiang xiuying dawei yifan zixuan haoran junjie".split()
SECOND_KEYS = ["yxcvbnm", "azertyuiop", "qsdfghjklm", "poiuytrewq", "lkjhgfdsa", "0987654321", "147258369", "zaq12wsxcde3", "!QAZ2wsx", "q1w2e3r4t5y6"]
EVIL = str.maketrans({"a": "@", "e": "3", "i": "!", "o": "0", "s": "$", "l": "1", "z": "2"})


def t_pwgen(r):
    """As `pwgen` makes them: consonants and vowels by turns, with a capital and a digit somewhere."""
    out, vowel = "", r.random() < .5
    while len(out) < 8:
        out += r.choice(["a", "e", "i", "o", "u", "ae", "oh", "ei"] if vowel else ["b", "c", "d", "f", "g", "h", "j", "k", "l", "m", "n", "p", "r",
                                                                                 "s", "t", "v", "w", "x", "y", "z", "gh", "ng"])
        if r.random() < .2:
            out = out[:-1] + out[-1].upper()
        if r.random() < .3:
            out += r.choice(DIGITS)
        vowel = not vowel
    return out[:8]


def t_pwgen_plain(r):
    out, vowel = "", r.random() < .5
    while len(out) < 10:
        out += r.choice("aeiou" if vowel else "bcdfghjklmnprstvwz")
        vowel = not vowel
    return out


def t_secure(r):
    return "".join(r.choices(ALNUM + "".join(chr(c) for c in range(33, 48) if chr(c) not in "\"'`"), k=r.randint(12, 20)))


def t_letters(r):
    return "".join(r.choices(string.ascii_letters, k=r.randint(10, 24)))


def t_alnum(r):
    return "".join(r.choices(string.ascii_letters + string.digits, k=r.choice([10, 14, 18, 22, 28, 36, 43, 64])))


def t_hex(r):
    n = r.choice([16, 24, 32, 40, 48, 64])
    return "%0*x" % (n, r.getrandbits(4 * n))


def t_openssl(r):
    return base64.standard_b64encode(r.randbytes(r.choice([9, 12, 18, 24, 30, 32]))).decode()


def t_base32(r):
    return base64.b32encode(r.randbytes(r.choice([10, 15, 20]))).decode()


def t_urlsafe(r):
    return base64.urlsafe_b64encode(r.randbytes(r.choice([16, 24, 32, 33]))).decode().rstrip("=")


def t_diceware(r):
    return r.choice(["-", ".", "_"]).join(V(r) for _ in range(r.randint(4, 6)))


def t_xkcd(r):
    return " ".join(V(r) for _ in range(4))


def t_diceware_german(r):
    return "-".join(V(r, "ngerman") for _ in range(r.randint(3, 5)))


def t_french_phrase(r):
    return r.choice(["-", "", "_"]).join(V(r, "french").capitalize() for _ in range(3))


def t_bitwarden(r):
    words = [V(r).capitalize() for _ in range(3)]
    words[r.randrange(3)] += str(r.randint(0, 9))
    return "-".join(words)


def t_person(r):
    return r.choice(PEOPLE) + r.choice(["", ".", "-"]) + r.choice([str(r.randint(1, 99)), str(r.randint(1960, 2012)), "rocks", "123"])


def t_month(r):
    return r.choice(MONTHS).title() + str(r.randint(18, 2031)) + "!" * r.randint(0, 2)


def t_evil(r):
    return V(r).translate(EVIL).capitalize() + str(r.randint(0, 999))


def t_evil_pair(r):
    return (V(r) + r.choice(["", "_"]) + V(r)).translate(EVIL)


def t_keys(r):
    return r.choice(SECOND_KEYS)[:r.randint(6, 10)] + r.choice(["", "1", "!", "99"])


def t_pinyin(r):
    return r.choice(SURNAMES) + r.choice(GIVEN) + r.choice(["", "2023", "1987", "521", "168", "@1990"])


def t_german(r):
    return V(r, "ngerman").title() + r.choice(["1", "7!", "2022", "_99", "#5"])


def t_german_pair(r):
    return V(r, "ngerman") + V(r, "ngerman")


def t_policy(r):
    """At least one character of each class, as company rules demand."""
    text = V(r)[:5].title() + str(r.randint(10, 9999)) + r.choice("!$%&=?*#")
    return text + (V(r)[:3] if r.random() < .3 else "")


def t_keepass(r):
    return "".join(r.choices(ALNUM + "!#$%&()*+,-./:;<=>?@[]^_{|}~", k=20))


def t_uuid(r):
    text = "%032x" % r.getrandbits(128)
    return "-".join((text[:8], text[8:12], "4" + text[13:16], text[16:20], text[20:]))


def t_stamp(r):
    return r.choice(["K", "T", "AK", "ptk", "srv", "app"]) + str(r.randint(1, 9)) + "-" + "".join(r.choices(ALNUM, k=r.randint(18, 30)))


def t_dictionary(r):
    return V(r) + V(r)[:4]


def t_mother(r):
    return "".join(w[0] for w in (V(r) for _ in range(6))).title() + str(r.randint(10, 99)) + r.choice("!?&")


GREEK = [chr(c) for c in range(0x3b1, 0x3ca)]


def t_accented(r):
    return accented(r, 1) + str(r.randint(1, 999)) + r.choice(["", "?", "#"])


def t_accented_phrase(r):
    return "-".join(r.choice([V(r), accented(r, 1)]) for _ in range(3))


def t_script(r):
    if r.random() < .5:
        return "".join(r.choices(GREEK, k=r.randint(5, 9))) + str(r.randint(10, 9999))
    return "".join(chr(r.randint(0x0430, 0x044f)) for _ in range(r.randint(6, 10))).title() + r.choice(["!", "7", "2024"])


def t_quote(r):
    return V(r) + str(r.randint(0, 9)) + r.choice("'`\"") + "".join(r.choices(ALNUM, k=r.randint(5, 9)))


def t_pin(r):
    return "%0*d" % (6, r.randrange(10 ** 6))


TEST = {
    "password": [(t_pwgen, 1), (t_pwgen_plain, 1), (t_secure, 1), (t_letters, 1), (t_alnum, 1), (t_hex, .5), (t_openssl, 1), (t_diceware, 1),
                 (t_xkcd, .5), (t_diceware_german, 1), (t_french_phrase, 1), (t_bitwarden, 1), (t_person, 1), (t_month, 1), (t_evil, 1),
                 (t_evil_pair, 1), (t_keys, 1), (t_pinyin, 1), (t_german, 1), (t_german_pair, .5), (t_policy, 1), (t_keepass, 1), (t_dictionary, 1),
                 (t_mother, 1), (t_accented, .7), (t_accented_phrase, .4), (t_script, .7), (t_quote, .7)],
    "token": [(t_letters, 1), (t_alnum, 2), (t_hex, 2), (t_openssl, 1), (t_base32, 1), (t_urlsafe, 1), (t_uuid, 1), (t_stamp, 1), (t_diceware, .5),
              (t_bitwarden, .5)],
    "pin": [(t_pin, 1)],
}


def make(r, table, use, fits):
    """A value for @use that @fits, and its style: (style, value)."""
    styles = table[use]
    while True:
        style = r.choices([s for s, _ in styles], [w for _, w in styles])[0]
        value = style(r)
        if len(value) >= (4 if use == "pin" else 5) and fits(value):
            return style.__name__, value
