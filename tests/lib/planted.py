"""Planted secrets: strings of a credential's published shape, which were never issued

Each is made from its format and a seeded generator, so that no secret-shaped literal stands in the tree, and tests know
what must be gone: `text` is what a person pastes, `secrets` are the parts of it that may be found nowhere afterwards.
"""

import base64
import json
import random
import re
import string
import zlib
from dataclasses import dataclass, field

DIGITS = string.digits
ALNUM = string.ascii_letters + string.digits
BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
HEX = "0123456789abcdef"


@dataclass(frozen=True)
class Planted:
    kind: str
    text: str = field(repr=False)
    secrets: tuple = field(default=(), repr=False)

    @property
    def gone(self):
        """What must not be found: the secret parts, or the whole text if it has none."""
        return self.secrets or (self.text,)


def pick(rng, n, alphabet=ALNUM):
    return "".join(rng.choice(alphabet) for _ in range(n))


def value(rng, n, special=""):
    """A password or key as generators make them: letters of both cases and a digit; the first character is not a special one."""
    while True:
        text = pick(rng, 1) + pick(rng, n - 1, ALNUM + special)
        if re.search("[0-9]", text) and re.search("[a-z]", text) and re.search("[A-Z]", text):
            return text


def b64url(raw):
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def base62_crc(body):
    """The checksum that GitHub and npm put at the end of a token: CRC-32 in six base-62 digits."""
    value, digits = zlib.crc32(body.encode()), ""
    for _ in range(6):
        value, rest = divmod(value, 62)
        digits = BASE62[rest] + digits
    return digits


def checksummed(rng, prefix):
    body = pick(rng, 30)
    return prefix + body + base62_crc(body)


def aws_access_key(rng):
    return Planted("aws-access-key", "AKIA" + pick(rng, 16, string.ascii_uppercase + "234567"))


def github(kind, prefix):
    return lambda rng: Planted(kind, checksummed(rng, prefix))


def slack(rng):
    return Planted("slack", "-".join(["xox" + "b", pick(rng, 12, DIGITS), pick(rng, 13, DIGITS), pick(rng, 24)]))


def jwt(rng):
    head = b64url(json.dumps({"alg": "HS256", "typ": "JWT"}).encode())
    body = b64url(json.dumps({"sub": pick(rng, 10), "iat": 1700000000}).encode())
    return Planted("jwt", ".".join([head, body, b64url(rng.randbytes(32))]))


def private_key(rng):
    raw = bytes([0x30, 0x82, 0x04, 0xA4, 0x02, 0x01, 0x00, 0x02, 0x82, 0x01, 0x01, 0x00]) + rng.randbytes(600)
    body = base64.b64encode(raw).decode()
    lines = [body[i:i + 64] for i in range(0, len(body), 64)]
    name = "RSA PRIVATE" + " KEY"
    text = "\n".join(["-----BEGIN %s-----" % name, *lines, "-----END %s-----" % name])
    return Planted("private-key", text, tuple(line for line in lines if len(line) > 16))


def generic_api_key(rng):
    secret = value(rng, 32)
    return Planted("generic-api-key", 'api_key = "%s"' % secret, (secret,))


def generic_secret(rng):
    secret = value(rng, 28)
    return Planted("generic-secret", "client_secret: '%s'" % secret, (secret,))


def openai(rng):
    mark = base64.b64encode(b"OpenAI").decode()
    return Planted("openai", "sk-" + "proj-" + pick(rng, 74) + mark + pick(rng, 74))


def anthropic(rng):
    return Planted("anthropic", "sk-" + "ant-api03-" + pick(rng, 93, ALNUM + "-_") + "AA")


def database_url(rng):
    secret = value(rng, 18)
    return Planted("database-url", "postgres://app:%s@db.internal:5432/prod" % secret, (secret,))


def env_password(rng):
    secret = value(rng, 18, "!%+")
    return Planted("env-password", "DB_PASSWORD=" + secret, (secret,))


def bearer(rng):
    secret = value(rng, 40)
    return Planted("bearer", "Authorization: Bearer " + secret, (secret,))


def url_userinfo(rng):
    secret = value(rng, 20)
    return Planted("url-userinfo", "https://ci:%s@git.example.com/x/y.git" % secret, (secret,))


def aws_secret(rng):
    secret = value(rng, 40, "/+")
    return Planted("aws-secret", "aws_secret_access_key = " + secret, (secret,))


# The thirteen kinds that every rule set has to recognise.
CLASSIC = (
    aws_access_key,
    github("github-pat", "ghp" + "_"),
    github("github-oauth", "gho" + "_"),
    github("github-app", "ghs" + "_"),
    github("github-refresh", "ghr" + "_"),
    slack,
    jwt,
    private_key,
    generic_api_key,
    generic_secret,
    openai,
    anthropic,
    database_url,
)

MORE = (
    aws_secret,
    env_password,
    bearer,
    url_userinfo,
    lambda rng: Planted("github-fine-grained", "github" + "_pat_" + pick(rng, 22) + "_" + pick(rng, 59)),
    lambda rng: Planted("gitlab", "glpat" + "-" + pick(rng, 20)),
    lambda rng: Planted("google-api", "AIza" + pick(rng, 35, ALNUM + "-_")),
    lambda rng: Planted("npm", checksummed(rng, "npm" + "_")),
    lambda rng: Planted("stripe", "sk" + "_live_" + pick(rng, 24)),
)

EVERY = CLASSIC + MORE


def plant(rng, makers=EVERY):
    return rng.choice(makers)(rng)


def one_of_each(seed=1, makers=EVERY):
    """A list of one secret of each kind, the same for the same seed."""
    rng = random.Random(seed)
    return [make(rng) for make in makers]
