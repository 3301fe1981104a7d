"""A place that only a password has may also hold a stand-in: a metavariable, a reference, a path, a word, a sentence

Options, variables, statements and files that a rule knows by their place are filled with passwords, which must go, and with
what manuals and programs write there, which must stay. Both are new in every run.
"""

import json
import os
import string
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
BUILD = Path(os.environ.get("SCRUBJAY_BUILD", ROOT / "build"))
sys.path[:0] = [str(ROOT / "tests" / "lib")]

from fixtures import rng  # noqa: E402,F401

N = 200

BARE = [
    "Usage: tool [--pass ¤] [--quiet]",
    "  --password ¤  what to log in with",
    "PGPASSWORD=¤ psql -h db app",
    "export RESTIC_PASSWORD=¤",
    "mysql -u app -p¤ shop",
    "sshpass -p ¤ ssh host",
    "redis-cli -h cache -a ¤ ping",
    "ldapsearch -x -D cn=app -w ¤ -b dc=x",
    "docker login -u ci -p ¤ registry.test",
    "htpasswd -b users.txt al ¤",
    "curl -s -u al:¤ https://api.test/v1",
    "machine git.test login al password ¤",
    "keytool -list -storepass ¤",
    "Server=db;Database=shop;User Id=al;Password=¤;Encrypt=true",
    "echo ¤ | sudo -S systemctl restart app",
    "sudo -k -S id <<< ¤",
    "echo ¤ | tr -d x | docker login -u ci --password-stdin registry.test",
    "kinit al@TEST.EXAMPLE <<<¤",
    "vault kv put secret/app mode=rw value=¤",
    "kubectl -n app create secret generic s --from-literal=user=admin --from-literal=stripe=¤",
    "aws ssm put-parameter --name /app/x --value ¤ --type SecureString",
    "/usr/bin/openssl enc -aes-256-cbc -pbkdf2 -k ¤ -in a -out b",
    "net user al ¤ /add",
    "mongosh --host db \\\n  -u al \\\n  -p¤ shop",
    "mc alias set store https://s3.test al ¤",
]
QUOTED = [
    "printf '%s\\n' '¤' | sudo -kS id",
    'echo -e "¤\\n¤" | passwd al',
    'gh secret set DEPLOY_KEY --repo o/r --body "¤"',
    '["ssh-keygen", "-t", "ed25519", "-N", "¤", "-f", "id"]',
    'expect "assword:"\nsend "¤\\r"',
    "CREATE USER app IDENTIFIED BY '¤';",
    "ALTER ROLE app WITH PASSWORD '¤';",
    "export PGPASSWORD='¤'",
    'az login -u al --password "¤"',
    'requests.get(u, auth=("al", "¤"))',
    'keyring.set_password("app", "al", "¤")',
    'DB_PASSWORD = os.environ.get("POSTGRES", "¤")',
    "ssh.connect(host, 22, 'al', '¤')",
    'DriverManager.getConnection(url, "app", "¤")',
    "crypto.createHmac('sha256', \"¤\").update(body)",
    'User.objects.create_user("al", "al@test.example", "¤")',
    "$c = mysqli_connect('db', 'app', '¤', 'shop');",
]
# Forms of "to be" and "to be called", CJK glued to a name, and drawn tables.
READ = [
    "Das Kennwort für den Server heißt ¤",
    "das Passwort lautete ¤ bis gestern",
    "l'ancien mot de passe était ¤",
    "le mot de passe sera ¤",
    "la contraseña era ¤",
    "la nueva contraseña será ¤",
    "a senha antiga era ¤",
    "старый пароль был ¤",
    "token是 ¤",
    "passwordは ¤ です",
    "┌──────┬──────────┐\n│ user │ password │\n├──────┼──────────┤\n│ al   │ ¤ │\n└──────┴──────────┘",
    "┏━━━━━━┳━━━━━━━━━━┓\n┃ user ┃ password ┃\n┡━━━━━━╇━━━━━━━━━━┩\n│ al   │ ¤ │\n└──────┴──────────┘",
    "║ user ║ password ║\n║ bo ║ - ║\n║ al ║ ¤ ║",
    "│ password │ ¤ │",
]
# What is beside a keyword and is not its value.
NEIGHBOURS = [
    "export DB_PASSWORD=config.{thing}_pass TERM=xterm-{n}",
    "WIFI_PASSWORD=lib.{thing}_password\nPORT=80{n}",
    "MAIL_PASSWORD=see the {thing} password\nPORT=80{n}",
    "mysqldump --user=al --password=your-password {thing}{n} > dump.sql",
    "htpasswd -B users.txt {thing}{n}",
    "passwd {thing}{n}",
    "username: al\nansible_ssh_pass: <your-{thing}-password>\n\nIt says {n} now.",
    "the key is dummy-key-{n}{n}",
    "the {thing} password is sample-secret-{n}{n}",
    "lftp -u al ftp://10.0.{n}.{n}",
]
THINGS = "backup invoice tracker gateway billing storage mailer ledger".split()
WORDS = "required optional unchanged hidden generated missing encrypted".split()
SENTENCES = ["Enter the {} password", "see the {} manual", "the password of {}", "not set for {}", "read from {}"]


def password(rng):
    value = rng.choices(string.ascii_letters + string.digits, k=rng.randint(12, 20))
    return "".join(value + rng.choices(string.digits, k=2))


def stand_in(rng, quoted):
    thing, other = rng.sample(THINGS, 2)
    bare = [
        lambda: rng.choice(["FILE", "PASS", "VALUE", "STRING", "SECRET", "YOUR_PASSWORD", "DB_PASSWORD"]),
        lambda: rng.choice(WORDS),
        lambda: f"~/.{thing}/{other}",
        lambda: f"/run/secrets/{thing}_{other}",
        lambda: f"config.{thing}.password",
        lambda: f"process.env.{thing.upper()}_PASSWORD",
        lambda: f"your-{thing}-password",
        lambda: f"$({thing}-show password)" if quoted else f"${thing.upper()}",
    ]
    if quoted:
        bare += [lambda: rng.choice(SENTENCES).format(thing)] * 2
    return rng.choice(bare)()


def mask(texts):
    questions = "".join(json.dumps({"id": i, "text": text}) + "\n" for i, text in enumerate(texts))
    done = subprocess.run([BUILD / "src/ctl/scrubjayctl", "mask", "--jsonl"], input=questions.encode(), stdout=subprocess.PIPE,
                          check=True, env={**os.environ, "SCRUBJAY_MASK_RULESDIR": str(ROOT / "data/rules")})
    return [json.loads(line)["text"] for line in done.stdout.splitlines()]


def n_that_stay(rng, template):
    """How many of N random passwords stay in a place."""
    secrets = [password(rng) for _ in range(N)]
    return sum(s in text for s, text in zip(secrets, mask([template.replace("¤", s) for s in secrets])))


@pytest.mark.parametrize("template", BARE + QUOTED)
def test_a_place_tells_a_password_from_what_stands_for_one(rng, template):
    left = n_that_stay(rng, template)
    assert left == 0, f"{left} of {N} passwords stay"

    texts = [template.replace("¤", stand_in(rng, template in QUOTED)) for _ in range(N)]
    wrong = sorted({text for text, masked in zip(texts, mask(texts)) if text != masked})
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize("text", ["use ¤ as the API key", "I have set ¤ as pin", "we took ¤ as the github pat", *READ])
def test_a_password_is_read_where_words_and_tables_hold_it(rng, text):
    left = n_that_stay(rng, text)
    assert left <= 2, f"{left} of {N} passwords stay"


@pytest.mark.parametrize("template", NEIGHBOURS)
def test_what_stands_beside_a_keyword_is_not_always_its_value(rng, template):
    texts = [template.format(thing=rng.choice(THINGS), n=rng.randint(10, 99)) for _ in range(N)]
    wrong = sorted({text for text, masked in zip(texts, mask(texts)) if text != masked})
    assert len(wrong) <= 1, wrong


@pytest.mark.parametrize("path", sorted((ROOT / "data/rules").glob("*.json")), ids=lambda path: path.name)
def test_a_file_of_rules_holds_by_itself(path):
    done = subprocess.run([BUILD / "src/ctl/scrubjayctl", "rules", "test", path], stdout=subprocess.PIPE, check=False, text=True)
    assert done.returncode == 0, done.stdout.splitlines()[-1]
