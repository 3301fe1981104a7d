"""No secret leaves: planted in every place that text can come from, looked for in every place that scrubjay writes

What may hold one: nothing. Session ids and the other machine-made keys (COLUMN_ID in src/model/value.h) are archived as
they are, by design: they link the tables and are what agentsview itself makes; no secret is planted in them here.
"""

import base64
import json
import os
import random
import re
import signal
import sqlite3
import string
import subprocess

from planted import ALNUM, EVERY, HEX, Planted, checksummed, one_of_each, pick, value
from scrubjay_test import BUILD, Daemon, Source, run_once, wait_for


def assigned(kind, form, n=24, alphabet=ALNUM):
    """A kind whose secret is the value in a context: form % value."""
    def make(rng):
        value = pick(rng, n, alphabet)
        return Planted(kind, form % value, (value,))
    return make


def prefixed(kind, prefix, n, alphabet=ALNUM):
    return lambda rng: Planted(kind, prefix + pick(rng, n, alphabet))


# In addition to the common ones: more formats and contexts, about sixty kinds in all.
FURTHER = (
    prefixed("digitalocean", "dop" + "_v1_", 64, HEX),
    prefixed("huggingface", "hf" + "_", 34, string.ascii_letters),
    lambda rng: Planted("sendgrid", "SG" + "." + pick(rng, 22) + "." + pick(rng, 43)),
    prefixed("shopify", "shpat" + "_", 32, HEX),
    prefixed("square", "sq0" + "atp-", 22),
    prefixed("gitlab-trigger", "glptt" + "-", 40, HEX),
    prefixed("gitlab-runner", "glrt" + "-", 20),
    prefixed("docker", "dckr" + "_pat_", 27),
    lambda rng: Planted("grafana", "glsa" + "_" + pick(rng, 32) + "_" + pick(rng, 8, HEX)),
    prefixed("linear", "lin" + "_api_", 40),
    prefixed("doppler", "dp" + ".pt.", 43),
    prefixed("pulumi", "pul" + "-", 40, HEX),
    prefixed("rubygems", "rubygems" + "_", 48, HEX),
    prefixed("databricks", "dapi", 32, HEX),
    prefixed("aws-temporary", "ASIA", 16, string.ascii_uppercase + "234567"),
    prefixed("stripe-restricted", "rk" + "_live_", 24),
    lambda rng: Planted("telegram", pick(rng, 10, "123456789") + ":AA" + pick(rng, 33)),
    prefixed("age-key", "AGE-SECRET-KEY-" + "1", 58, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L"),
    assigned("password", 'password = "%s"'),
    assigned("passwd-colon", "passwd: %s"),
    assigned("json-password", '{"password": "%s"}'),
    assigned("json-token", '{"access_token": "%s"}', 40),
    assigned("export", "export API_TOKEN=%s", 32),
    assigned("env-secret", "SECRET_KEY=%s", 40),
    assigned("yaml-secret", "client_secret: %s", 32),
    assigned("basic-header", "Authorization: Basic %s==", 30),
    assigned("token-header", "Authorization: token %s", 40, HEX),
    assigned("api-key-header", "X-API-Key: %s", 32),
    assigned("cookie", "Cookie: sessionid=%s", 32),
    assigned("mysql-url", "mysql://root:%s@127.0.0.1/app", 20),
    assigned("mongodb-url", "mongodb+srv://app:%s@cluster0.example.net/db", 20),
    assigned("redis-url", "redis://:%s@cache.internal:6379/0", 20),
    assigned("amqp-url", "amqp://guest:%s@mq.internal:5672", 20),
    assigned("ftp-url", "ftp://joe:%s@files.example.com/x", 16),
    assigned("url-token", "https://%s@github.com/acme/alpha.git", 40, HEX),
    assigned("curl-user", "curl -u admin:%s https://example.com/", 18),
    assigned("sshpass", "sshpass -p '%s' ssh host", 16),
    assigned("netrc", "machine example.com login joe password %s", 18),
    assigned("npmrc", "//registry.example.com/:_authToken=%s", 36),
    assigned("azure-storage", "DefaultEndpointsProtocol=https;AccountName=a;AccountKey=%s==", 86),
)
ALL_KINDS = EVERY + FURTHER


def make_secrets(seed):
    return one_of_each(seed=seed, makers=ALL_KINDS)


# Text columns of the source that are archived as keys, or that hold a time: no secret is planted in them.
NOT_TEXT = {"id", "session_id", "parent_session_id", "tool_use_id", "subagent_session_id", "agent_id", "file_hash",
            "transcript_revision", "sync_marker", "local_modified_at", "started_at", "ended_at", "created_at",
            "deleted_at", "timestamp"}


def text_columns(source, table):
    return [row[1] for row in source.sql(f"PRAGMA table_info({table})") if row[2] == "TEXT" and row[1] not in NOT_TEXT]


def plant_everywhere(source, secrets, rng):
    """Each kind in each text column of each table; a session for each kind."""
    for n, secret in enumerate(secrets):
        name = f"session-{n:02}"
        # also alone: agentsview would not take a text with spaces for a key
        text = f"it says: {secret.text}\nand goes on" if n % 2 else secret.text
        source.add_session(name, ["hello", text, "and more"])
        for column in text_columns(source, "sessions"):
            value = json.dumps([{"url": text}]) if column == "pr_links" else text
            source.sql(f"UPDATE sessions SET {column}=? WHERE id=?", (value, name))
        for column in text_columns(source, "messages"):
            source.sql(f"UPDATE messages SET {column}=? WHERE session_id=? AND ordinal=1", (text, name))
        message = source.sql("SELECT id FROM messages WHERE session_id=? AND ordinal=1", (name,))[0][0]
        source.sql("INSERT INTO tool_calls (message_id, session_id, tool_name, category, call_index) VALUES (?,?,'','',0)",
                   (message, name))
        for column in text_columns(source, "tool_calls"):
            value = json.dumps({"command": text, "deep": json.dumps({"x": text})}) if column == "input_json" else text
            source.sql(f"UPDATE tool_calls SET {column}=? WHERE message_id=?", (value, message))
        source.sql("INSERT INTO tool_result_events (session_id, tool_call_message_ordinal, source, status, content)"
                   " VALUES (?,1,'','','')", (name,))
        for column in text_columns(source, "tool_result_events"):
            source.sql(f"UPDATE tool_result_events SET {column}=? WHERE session_id=?", (text, name))
        source.sql("INSERT INTO pinned_messages (session_id, message_id, ordinal, note) VALUES (?,?,1,?)",
                   (name, message, text))
        # agentsview deleted a session permanently: the tombstone knows its project
        source.sql("INSERT INTO session_deletion_changes (session_id, project, revision, deleted) VALUES (?,?,?,1)",
                   (f"gone-{n:02}", text, n + 1))


def needles(secrets):
    """What must be found nowhere, as bytes, in encoded forms as well."""
    found = set()
    for secret in secrets:
        for part in secret.gone:
            found.add(part.encode())
            found.add(json.dumps(part)[1:-1].encode())
    return found


def look(where, data, wanted):
    for needle in wanted:
        if needle in data:
            at = data.index(needle)
            kind = next((s.kind for s in look.secrets if any(part.encode() == needle for part in s.gone)), "?")
            yield f"{where}: {kind} at byte {at}"


def files_below(*folders):
    for top in folders:
        for folder, _, names in os.walk(top):
            for name in names:
                path = os.path.join(folder, name)
                yield path, name.encode()
                if os.path.isfile(path):
                    with open(path, "rb") as f:
                        yield path, f.read()


def archive_values(path):
    """Every value of every table, so that values split across pages are found too."""
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    db.text_factory = bytes
    try:
        for (table,) in db.execute("SELECT name FROM sqlite_schema WHERE type='table'").fetchall():
            table = table.decode()
            columns = [row[1].decode() for row in db.execute(f"PRAGMA table_info({table})")]
            for row in db.execute(f"SELECT * FROM {table}"):
                for column, value in zip(columns, row):
                    if isinstance(value, bytes):
                        yield f"{table}.{column}", value
    finally:
        db.close()


class BusRecord:
    """Everything that goes over the bus, as bytes: calls, answers, signals, errors."""

    def __init__(self, daemon, path):
        self.path = path
        self.file = open(path, "wb")
        self.process = subprocess.Popen(["dbus-monitor", "--session", "--pcap"], env=daemon.environment,
                                        stdout=self.file, stderr=subprocess.DEVNULL)
        wait_for(lambda: path.stat().st_size > 0, "the bus monitor records")

    def stop(self):
        self.process.terminate()
        self.process.wait(10)
        self.file.close()
        return self.path.read_bytes()


def git(folder, home, *arguments):
    subprocess.run(["git", "-c", "init.defaultBranch=main", *arguments], cwd=folder, check=True, capture_output=True,
                   env={"PATH": os.environ["PATH"], "HOME": str(home)})


def hostile_repository(home, n, secret):
    """A repository whose remote, branch and folder contain the secret, as far as their names can."""
    part = secret.gone[0].replace("/", "x")[:100]
    folder = home / "src" / f"repo-{n}-{part if n % 3 == 0 else 'plain'}"
    folder.mkdir(parents=True)
    git(folder, home, "init", "-q")
    git(folder, home, "config", "remote.origin.url", f"https://{part}@git.example.com/acme/alpha.git" if n % 2 else
        f"https://joe:{part}@git.example.com/acme/alpha.git")
    return folder


def what_scrubjayctl_says(daemon, folder):
    """Everything that it shows, writes and complains about; reading creates the search index beside the archive."""
    commands = [["state", "export"], ["sessions", "--json"], ["findings", "--json"], ["show", "session-03"],
                ["search", "it says"], ["search", "--json", "REDACTED"], ["remote", "list"], ["remote", "preview", "team"],
                ["remote", "check", "team"], ["doctor"], ["status"], ["export", "--jsonl", folder / "jsonl"],
                ["export", "--markdown", folder / "markdown"], ["export", "--agentsview", folder / "agentsview"]]
    for command in commands:
        done = subprocess.run([BUILD / "src" / "ctl" / "scrubjayctl", *command], capture_output=True,
                              env=daemon.environment | {"SCRUBJAY_ARCHIVE_PATH": str(daemon.archive)})
        yield f"scrubjayctl {command[0]}", done.returncode, done.stdout, done.stderr


def test_no_secret_leaves(tmp_path, bus):
    rng = random.Random(9)
    home = tmp_path / "home"
    secrets = make_secrets(21)
    assert len({secret.kind for secret in secrets}) >= 60
    look.secrets = secrets
    source = Source(home / "agentsview" / "sessions.db")
    plant_everywhere(source, secrets, rng)
    urls = [secret for secret in secrets if len(secret.gone[0]) >= 16 and secret.gone[0].isalnum()]
    for n, secret in enumerate(urls[:12]):
        folder = hostile_repository(home, n, Planted(secret.kind, secret.text, secret.gone))
        source.add_session(f"repo-{n}", ["hello"], cwd=str(folder) if n % 3 else "/nowhere", git_branch="main")

    # Sources of errors
    source.sql("INSERT INTO sessions (id, project) VALUES (?, 'p')", ("line\n" + secrets[0].text,))
    source.sql("INSERT INTO sessions (id, project) VALUES (?, 'p')", ("x" * 2000 + secrets[1].text,))

    daemon = Daemon(home, bus, source=source.path, environment={
        "SCRUBJAY_LOG_LEVEL": "debug", "SCRUBJAY_SYNC_QUIETTIME": "10ms", "TMPDIR": str(tmp_path / "tmp")})
    (tmp_path / "tmp").mkdir()
    record = BusRecord(daemon, tmp_path / "bus.pcap")
    daemon.start()
    try:
        daemon.wait_idle()
        daemon.run_once()
        statuses = [json.dumps(daemon.status())]
        # failures: a source that is damaged, locked, gone; an archive that cannot be written; rules and settings
        source.append("session-00", [f"late: {secrets[2].text}"])
        daemon.call("ForceResync")
        daemon.run_once()
        statuses.append(json.dumps(daemon.status()))
        spoil = source.sql("SELECT rootpage FROM sqlite_schema WHERE name='messages'")[0][0]
        source.sql("PRAGMA wal_checkpoint(TRUNCATE)")
        data = source.path.read_bytes()
        page = data[spoil * 4096:(spoil + 1) * 4096]
        with open(source.path, "r+b") as f:     # a page of text in place of the schema
            f.seek(100)
            f.write(page[100:4096])
        source.sql("PRAGMA user_version")
        for _ in range(2):
            daemon.gdbus("RunOnce")
            statuses.append(json.dumps(daemon.status()))
        with open(source.path, "r+b") as f:
            f.write(data[:4096])
        daemon.archive.parent.chmod(0o500)
        daemon.gdbus("RunOnce")
        statuses.append(json.dumps(daemon.status()))
        daemon.archive.parent.chmod(0o700)
        settings = home / ".config" / "scrubjay" / "scrubjay.conf"
        settings.parent.mkdir(parents=True)
        settings.write_text(f"[Source]\nNo{secrets[3].gone[0]}=1\n[Sync]\nQuietTime={secrets[4].gone[0]}\n")
        daemon.signal(signal.SIGHUP)
        daemon.gdbus("RunOnce")
        statuses.append(json.dumps(daemon.status()))
        # a remote that is not there, with a password in its URL
        settings.write_text(f"[Remote team]\nURL=clickhouse+http://joe:{urls[0].gone[0]}@127.0.0.1:9/db\n"
                            f"[Remote odd]\nURL={urls[1].gone[0]}\n")
        settings.chmod(0o600)
        daemon.signal(signal.SIGHUP)
        daemon.gdbus("RunOnce")
        daemon.gdbus("Deliver")
        statuses.append(json.dumps(daemon.status()))
        assert "127.0.0.1" in statuses[-1], "the remote is there, without its password"
        shown = list(what_scrubjayctl_says(daemon, tmp_path / "exported"))
        settings.unlink()
        daemon.signal(signal.SIGHUP)
        daemon.gdbus("RunOnce")
    finally:
        status = daemon.stop()
        traffic = record.stop()
    assert status == 0
    assert len(traffic) > 5000, "the monitor saw the traffic"

    _, _, errors = run_once(source.path, home / "once" / "archive.db", environment={"SCRUBJAY_LOG_LEVEL": "debug"})
    said = [("the log", daemon.log.encode()), ("stderr of --once", errors.encode()), ("the bus", traffic),
            ("Status", "\n".join(statuses).encode()), ("notifications", "\n".join(daemon.notifications).encode())]
    for where, status, out, err in shown:
        said += [(where, out), (f"{where}, complaining", err)]
    assert [where for where, _, out, err in shown if len(out + err) < 20] == [], "each shows something"
    wanted = needles(secrets)
    found = []
    for where, data in said:
        found += look(where, data, wanted)
    for where, data in archive_values(daemon.archive):
        found += look(where, data, wanted)
    # the source, its transcripts and the repositories are the person's; everything else below home is ours
    assert daemon.archive.with_name("search.db").exists() and (tmp_path / "exported" / "markdown").exists()
    for path, data in files_below(daemon.archive.parent, home / "once", tmp_path / "tmp", home / ".local",
                                  tmp_path / "exported"):
        found += look(os.path.relpath(path, tmp_path), data, wanted)
    assert found == [], "\n".join(found)
    n_sessions = daemon.rows("SELECT count(*) FROM sessions")[0][0]
    assert n_sessions >= len(secrets) + 12, "the sessions are there, without the secrets"
    assert daemon.rows("SELECT count(*) FROM findings")[0][0] > 8 * len(secrets)


# Where a secret may be that looks as if it were masked already; "%s" is the secret with its context.
ODD_PLACES = (
    "[REDACTED:%s", "[REDACTED: %s", "[REDACTED:\n%s", "[REDACTED:%s]", "[REDACTED: %s ]", "[REDACTED]: %s", "[REDACTED:x-]%s",
    "[REDACTED:no-such-rule]\n%s", "x [REDACTED:github-pat\n%s", "[redacted:%s]", "[%s]", "(%s)", "{%s}", "<%s>", "[[ %s ]]",
    "[REDACTED:unscannable] %s", "[REDACTED:github-pat]\n%s\n[REDACTED:github-pat]", "[REDACTED:github-pat] %s",
    "\x1b[REDACTED:\n%s", "\x1a%s\x1a", "\x1a %s", "***REDACTED*** %s", "<REDACTED>%s</REDACTED>", "<redacted: %s >",
    "[FILTERED] %s", "[MASKED: %s ]", "{{REDACTED}} %s", "%%REDACTED%% %s", "REDACTED %s", "**** %s", "[SECRET: %s ]",
    "${REDACTED} %s", "__REDACTED__ %s", "print(f'[REDACTED:{kind}] %s ')", "return '[REDACTED:' + kind + ']'\n%s",
)


def mask(texts, *options):
    """What `scrubjayctl mask` makes of each text, and the ids of the rules that found something in it."""
    lines = "".join(json.dumps({"id": n, "text": text}) + "\n" for n, text in enumerate(texts))
    done = subprocess.run([BUILD / "src" / "ctl" / "scrubjayctl", "mask", "--jsonl", *options], input=lines, text=True,
                          capture_output=True, check=True)
    answers = [json.loads(line) for line in done.stdout.splitlines()]
    assert [answer["id"] for answer in answers] == list(range(len(texts)))
    return [(answer["text"], [finding["rule"] for finding in answer["findings"]]) for answer in answers]


def what_stays(cases):
    """The (kind, place) of each case whose secret is still in its text, masked by itself."""
    masked = mask([text for _, _, text in cases])
    return [f"{secret.kind} in {place!r}" for (secret, place, _), (text, _) in zip(cases, masked)
            if any(part in text for part in secret.gone)]


def test_nothing_round_a_secret_switches_masking_off():
    seed = random.randrange(1 << 32)
    print("seed", seed)
    cases = [(secret, place, place % secret.text) for secret in make_secrets(seed) for place in ODD_PLACES]
    stays = what_stays(cases)
    assert stays == [], "\n".join(stays)


def stamp(rng, n):
    return f"2026-01-02T03:{n // 60 % 60:02}:{n % 60:02}.{rng.randrange(10 ** 9):09}Z"


# How lines look in logs and listings: n is the line's number.
LINE_FORMS = {
    "docker logs -t": lambda rng, n, line: f"{stamp(rng, n)} {line}",
    "compose": lambda rng, n, line: f"app-1  | {line}",
    "compose, with times": lambda rng, n, line: f"app-1  | {stamp(rng, n)} {line}",
    "kubectl --prefix": lambda rng, n, line: f"[pod/web-7d9f8b6c5d-x2x4z/app] {line}",
    "GitHub Actions": lambda rng, n, line: f"build\tRun make\t{stamp(rng, n)} {line}",
    "journal": lambda rng, n, line: f"Nov 26 23:{n % 60:02}:09 host app[{4000 + n}]: {line}",
    "git blame": lambda rng, n, line: f"{pick(rng, 8, HEX)} (Jo Doe 2026-01-02 03:04:05 +0000 {n:3}) {line}",
    "Python logging": lambda rng, n, line: f"2026-01-02 03:04:05,{n % 1000:03} INFO app.key: {line}",
    "logfmt": lambda rng, n, line: f'time="{stamp(rng, n)}" level=info msg="{line}"',
    "JSON lines": lambda rng, n, line: json.dumps({"log": line + "\n", "stream": "stdout", "time": stamp(rng, n)}),
    "a column after": lambda rng, n, line: f"{line:78} | {n:5} rows in {pick(rng, 6, string.ascii_lowercase)}",
    "a column before": lambda rng, n, line: f"{pick(rng, 6, string.ascii_lowercase):10} | {n:5} rows | {line}",
    "indented": lambda rng, n, line: f"        {line}",
    "email quotes": lambda rng, n, line: f"> > {line}",
}


def key_lines(rng, n_bytes, width):
    """A key of this many bytes in lines of that width."""
    name = "RSA PRIVATE" + " KEY"
    body = base64.b64encode(rng.randbytes(n_bytes)).decode()
    return [f"-----BEGIN {name}-----", *(body[i:i + width] for i in range(0, len(body), width)), f"-----END {name}-----"]


def runs_left(lines, text):
    """How many 16-character pieces of the key's body are still there."""
    pieces = {line[i:i + 16] for line in lines[1:-1] for i in range(0, len(line) - 15)}
    return sum(any(run[i:i + 16] in pieces for i in range(len(run) - 15)) for run in re.findall("[A-Za-z0-9+/=]{16,}", text))


def test_a_private_key_is_masked_however_its_lines_are_written():
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    cases = []
    for form, write in LINE_FORMS.items():
        for width in (20, 32, 48, 64, 76):
            lines = key_lines(rng, 1200, width)
            text = "\n".join(write(rng, n, line) for n, line in enumerate(lines))
            cases.append((f"{form}, lines of {width}", lines, f"before\n{text}\nafter it"))
            if width >= 64:     # the header alone, and the footer alone
                cut = "\n".join(text.split("\n")[:-2])
                cases.append((f"{form}, lines of {width}, no footer", lines[:-2] + lines[-1:], f"before\n{cut}\nafter it"))
                cut = "\n".join(text.split("\n")[1:])
                cases.append((f"{form}, lines of {width}, no header", lines, f"before\n{cut}\nafter it"))
    for size in (60_000, 300_000, 1_500_000):
        for form in ("indented", "docker logs -t", "JSON lines"):
            lines = key_lines(rng, size, 64)
            text = "\n".join(LINE_FORMS[form](rng, n, line) for n, line in enumerate(lines))
            cases.append((f"{form}, {size} bytes", lines, "x " * 200_000 + "\n" + text + "\n"))
    masked = mask([text for _, _, text in cases])
    left = [f"{name}: {n} runs" for (name, lines, _), (text, _) in zip(cases, masked) if (n := runs_left(lines, text))]
    assert left == [], "\n".join(left)


def test_a_token_that_was_cut_off_is_masked():
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    secrets = [secret for secret in make_secrets(seed) if secret.gone == (secret.text,) and secret.kind != "telegram"]
    assert len(secrets) > 20
    cases = []
    for secret in secrets:
        for n in {20, 24, len(secret.text) - 4, len(secret.text) - 1}:
            beginning = secret.text[:n]
            if n < len(secret.text):
                cut = ("x" * 279 + " " + secret.text)[:280 + n] if n <= 20 else f"said {beginning}"
                cases += [(secret, beginning, cut), (secret, beginning, f"said {beginning}... and went on"),
                          (secret, beginning, f'{{"text": "said {beginning}\u2026"}}')]
    # nobody knows the prefix of what has been seen in full, but its beginning is known
    for _ in range(20):
        value = pick(rng, 24)
        for n in (8, 12, 23):
            cases.append((Planted("password", value), value[:n], f'password = "x{value}"\npassword = "{value}"\nit is {value[:n]}'))
    masked = mask([text for _, _, text in cases])
    left = [(secret, beginning) for (secret, beginning, _), (text, _) in zip(cases, masked) if beginning in text]
    # A short prefix with random letters may read like a word: one secret in some 10,000.
    words = {secret for secret, beginning in left if re.fullmatch(r"[A-Za-z_-]{,24}\d{,2}", beginning)}
    left = [f"{secret.kind}, {len(beginning)} bytes of {len(secret.text)}" for secret, beginning in left
            if len(words) > 1 or secret not in words]
    assert left == [], "\n".join(left)


# Invisible text between two characters.
BREAKS = {
    "zero width space": "\u200b", "word joiner": "\u2060", "soft hyphen": "\u00ad", "byte order mark": "\ufeff",
    "variation selector": "\ufe0f", "colour": "\x1b[31m", "two colours": "\x1b[m\x1b[K", "an escaped colour": "\\u001b[1m",
    "an escaped zero width space": "\\u200b", "NUL": "\0",
}


def test_invisible_characters_hide_nothing():
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    cases = []
    for secret in (checksummed(rng, "ghp" + "_"), "AKIA" + pick(rng, 16, string.ascii_uppercase), "glpat" + "-" + pick(rng, 20)):
        for name, sign in BREAKS.items():
            for at in (2, len(secret) // 2, len(secret) - 3):
                cases.append((name, secret, f"the token is {secret[:at]}{sign}{secret[at:]} there"))
            cases.append((name + " everywhere", secret, f"token: {sign.join(secret)} there"))
        cases.append(("grep --color", secret, f"x \x1b[01;31m\x1b[K{secret[:4]}\x1b[m\x1b[K{secret[4:]} y"))
        cases.append(("UTF-16", secret, "".join(c + "\0" for c in f"the token is {secret} there")))
        for width in (76, 80):
            for n in (2, 6, 12, len(secret) - 2):
                words = ("a word and another one " * 5)[:width - n - 1].rstrip()
                start = words + " " * (width - n - len(words)) + secret[:n]
                cases += [(f"wrapped at {width}", secret, f"{start}\n{secret[n:]} there"),
                          (f"wrapped at {width}, CRLF", secret, f"{start}\r\n{secret[n:]} there"),
                          (f"wrapped at {width} in JSON", secret, json.dumps({"a": f"{start}\n{secret[n:]} there"})),
                          (f"a colour's end at {width}", secret, f"{start}\x1b[0m\n{secret[n:]} there"),
                          (f"quoted-printable at {width}", secret, f"{start[1:]}=\r\n{secret[n:]} there")]
    masked = mask([text for _, _, text in cases])
    left = [name for (name, secret, _), (text, rules) in zip(cases, masked)
            if len(rules) != 1 or secret[6:14] in text or secret[-8:] in re.sub("[^A-Za-z0-9_-]", "", text)]
    assert left == [], "\n".join(left)


def test_what_is_encoded_is_read():
    """base64 of a token, of a credential file, of a .env file: on one line, on several lines, in JSON, after a path or a name."""
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    token, password = checksummed(rng, "ghp" + "_"), value(rng, 20)
    texts = {
        token: token,
        "netrc": f"machine git.example.com\nlogin me\npassword {password}\n",
        "env": "# settings\n" * rng.randrange(40) + f"DEBUG=1\nDB_PASSWORD={password}\nHOST=db\n",
        "token in a text": "words of a text that goes on and on, " * rng.randrange(60) + f"then {token} and more",
    }
    cases = []
    for name, text in texts.items():
        line = base64.b64encode(text.encode()).decode()
        lines = base64.encodebytes(text.encode()).decode()
        for form in (line, f"see {line} there", lines, json.dumps({"a": lines}), f"key={line}", f"data:text/plain;base64,{line}",
                     f"/x/{line}", f"name-{line}", lines.replace("\n", "\r\n"), base64.urlsafe_b64encode(text.encode()).decode()):
            cases.append((name, form))
    masked = mask([text for _, text in cases])
    left = [(name, text[:20]) for (name, _), (text, _) in zip(cases, masked)
            if any(part in decoded_parts(text) for part in (token[8:20], password[4:14]))]
    assert left == []


def decoded_parts(text):
    """Everything that can be decoded in what is left, from each starting point."""
    runs = re.sub(r"(?<=[A-Za-z0-9+/_-])(\r?\n|\\n)(?=[A-Za-z0-9+/_-])", "", text)
    parts = []
    for run in re.findall("[A-Za-z0-9+/_-]+", runs):
        for start in range(4):
            piece = run[start:].replace("-", "+").replace("_", "/")
            parts.append(base64.b64decode(piece[:len(piece) // 4 * 4]).decode("latin-1"))
    return "\n".join(parts)


def test_decoded_bytes_that_are_not_text_are_left_alone():
    seed = random.randrange(1 << 32)
    print("seed", seed)
    rng = random.Random(seed)
    texts = ["/usr/lib/x86_64-linux-gnu/pkgconfig/libsystemd.pc", "aVeryLongNameOfAFunctionThatGoesOnAndOn_and_on",
             base64.b64encode(rng.randbytes(3000)).decode(), base64.b64encode(b"only some words, and nothing else in it").decode()]
    assert [rules for _, rules in mask(texts)] == [[]] * len(texts)


def test_lines_that_were_not_wrapped_are_left_alone():
    words = "and then some more words of it so that the line is a long one and ends with"
    texts = [f"{words} task-identifier\nnext line", f"{words}\nghp_\n", "\x1b[1mbold\x1b[0mtext and \x1b[31mred\x1b[0m",
             f"{'x' * 90}\n{'y' * 90}", "a\u200bb \u00adc", "PATH=/bin\0HOME=/root\0LANG=C\0"]
    assert [rules for _, rules in mask(texts)] == [[]] * len(texts)
