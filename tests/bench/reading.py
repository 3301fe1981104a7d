"""An archive as years of work leave it, made at once, to measure what reading it costs"""

import random
import sqlite3
import subprocess
from datetime import datetime, timedelta, timezone

from lab import BUILD

MAKE_ARCHIVE = BUILD / "tests" / "ctl" / "archive-schema"
BEGAN = datetime(2025, 1, 1, tzinfo=timezone.utc)
WORDS = ("deploy staging rollback cluster index migrate parser token budget widget frobnicate cache latency retry queue "
         "schema branch commit review merge socket thread mutex buffer kernel driver signal timer cursor archive").split()
AGENTS = ("claude", "codex", "gemini")


def text(rng, size, pieces):
    said = []
    while size > 0:
        piece = rng.choice(pieces)
        said.append(piece[:size])
        size -= len(piece)
    return "".join(said)


def stamp(minutes):
    return (BEGAN + timedelta(minutes=minutes)).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def make_archive(path, sessions, messages=5, size=200, seed=1):
    """@sessions of @messages texts of @size bytes; every tenth session has a secret, every twentieth a commit."""
    rng = random.Random(seed)
    pieces = [" ".join(rng.choices(WORDS, k=40)) + f" {n:04x} " for n in range(1000)]
    subprocess.run([MAKE_ARCHIVE, path], check=True)
    db = sqlite3.connect(path, isolation_level=None)
    for sql in ("PRAGMA journal_mode = OFF", "PRAGMA synchronous = OFF", "BEGIN"):
        db.execute(sql)
    for n in range(sessions):
        id, project = f"{rng.getrandbits(64):016x}-{n}", f"project-{n % 40}"
        began = n * 10
        db.execute("INSERT INTO sessions (id, project, project_name, agent_type, started_at, ended_at, message_count, "
                   "total_output_tokens, first_message, change_seq) VALUES (?,?,?,?,?,?,?,?,?,?)",
                   (id, project, project, AGENTS[n % 3], stamp(began), stamp(began + messages), messages, messages * 100,
                    text(rng, 300, pieces), n + 1))
        db.executemany("INSERT INTO messages (session_id, ordinal, role, content, timestamp, fingerprint, change_seq) VALUES "
                       "(?,?,?,?,?,?,?)",
                       [(id, i, "user" if i % 2 == 0 else "assistant", text(rng, size, pieces), stamp(began + i), n, n + 1)
                        for i in range(messages)])
        db.execute("INSERT INTO cursors (session_id, fingerprint, policy, last_ordinal) VALUES (?,?,77,?)",
                   (id, n, messages - 1))
        if n % 10 == 0:
            print_ = rng.getrandbits(62)
            db.execute("INSERT INTO secrets_seen VALUES (?, ?)", (print_, stamp(began)))
            db.executemany("INSERT INTO findings (session_id, ordinal, field, rule, fingerprint, found_at) VALUES (?,?,?,?,?,?)",
                           [(id, i, "content", f"rule-{n % 7}", print_, stamp(began + i)) for i in range(min(messages, 4))])
        if n % 20 == 0:
            db.execute("INSERT INTO git_links (session_id, message_ordinal, commit_sha, pr_url, link_type, confidence) VALUES "
                       "(?, 1, ?, '', 'commit', 'high')", (id, f"{rng.getrandbits(28):07x}"))
    db.execute("INSERT OR REPLACE INTO meta VALUES ('policy', 77), ('n_cursors', (SELECT count(*) FROM cursors)), "
               "('change_seq', (SELECT max(change_seq) FROM sessions))")
    for sql in ("COMMIT", "PRAGMA journal_mode = WAL"):
        db.execute(sql)
    db.close()
