"""A real ClickHouse with faults on demand (tests/tools/chbridge), and the archive's rows as it must have them."""

import contextlib
import http.client
import json
import os
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from datetime import datetime, timezone
from pathlib import Path

from scrubjay_test import archive_rows, wait_for

CHBRIDGE = Path(__file__).resolve().parents[1] / "tools" / "chbridge"
LIBRARY = Path(os.environ.get("CHBRIDGE_LIB", Path.home() / ".cache" / "chbridge" / "libchdb.so"))
USER, PASSWORD = "writer", "not a secret"


NULL = "ᴺᵁᴸᴸ"  # as the server writes it in JSONCompactStringsEachRow


class QueryError(Exception):
    pass


# How a request ends when its server is killed.
GONE = (OSError, http.client.HTTPException, QueryError)


class Server:
    kind, name, user, password = "clickhouse", "ClickHouse", USER, PASSWORD
    gone, no_table = GONE, QueryError

    def __init__(self, folder, arguments=()):
        if not LIBRARY.exists():  # npm fetches it once
            subprocess.run([sys.executable, CHBRIDGE, "--fetch", LIBRARY.parent], check=True)
        ready = Path(folder) / "ready.json"
        self.process = subprocess.Popen(
            [sys.executable, CHBRIDGE, "--port", "0", "--data", Path(folder) / "data", "--user", USER,
             "--password", PASSWORD, "--extra-user", "reader:pw-of-reader:ro", "--ready-file", ready, *arguments],
            env=os.environ | {"CHBRIDGE_LIB": str(LIBRARY)}, stdout=subprocess.DEVNULL)
        wait_for(lambda: ready.exists() and ready.read_text().strip().endswith("}"), "ClickHouse answers", 60)
        self.ports = json.loads(ready.read_text())
        self.port = self.ports["port"]
        self.n_databases = 0
        self.database = None

    def stop(self):
        self.process.terminate()
        self.process.wait(30)

    def new_database(self):
        self.n_databases += 1
        self.database = f"team{self.n_databases}"
        self.query(f"CREATE DATABASE {self.database} ENGINE = Atomic", database="system")
        self.clear_faults()

    def drop_databases(self):
        """Nothing to do: they are small."""

    def stored(self, sql):
        """What readers see without FINAL: older versions of a row as well."""
        return self.query(sql, final=0)

    def query(self, sql, database=None, final=1):
        """Directly to the engine, past the faults. Returns rows of text."""
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['engine_http']}/?database={database or self.database}"
            f"&default_format=JSONCompactStringsEachRow&wait_end_of_query=1&final={final}",
            data=sql.encode(), headers={"X-ClickHouse-User": USER, "X-ClickHouse-Key": PASSWORD})
        try:
            with urllib.request.urlopen(request, timeout=60) as answer:
                return [[None if cell == NULL else cell for cell in json.loads(line)]
                        for line in answer.read().decode().splitlines()]
        except urllib.error.HTTPError as error:
            raise QueryError(error.read().decode()) from None

    def control(self, what, **rule):
        request = urllib.request.Request(f"http://127.0.0.1:{self.ports['ctl']}/{what}",
                                         data=json.dumps(rule).encode(), method="POST")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def fault(self, kind, **rule):
        self.control("fault", kind=kind, **rule)

    def clear_faults(self):
        self.control("clear")
        self.control("accept")
        self.control("start")

    def requests(self):
        """Requests to the test's own database that came through the proxy."""
        with urllib.request.urlopen(f"http://127.0.0.1:{self.ports['ctl']}/log?since=0", timeout=30) as answer:
            return [r for r in json.loads(answer.read()) if r["params"].get("database") == self.database]

    def url(self, user=USER, scheme="clickhouse+http"):
        return f"{scheme}://{user}@127.0.0.1:{self.port}/{self.database}"

    def engine_url(self):
        """Past the faults."""
        return f"clickhouse+http://{USER}@127.0.0.1:{self.ports['engine_http']}/{self.database}"

    # What tests ask of each kind of server

    # What can be done to a request, with its parameters; and kinds of requests.
    faults = {kind: {} for kind in ("reset_before", "reset_mid", "partial", "bad_http", "kill_before", "reset_after", "status_after",
                                    "truncate", "kill_after")}
    faults |= {kind: {"seconds": 0.3} for kind in ("delay", "delay_after")}
    faults |= {"hang": {"seconds": 1.5}, "status 503": {"status": 503}, "status 503 later": {"status": 503, "retry_after": 1}}
    faults |= {f"status {code}": {"code": code} for code in (159, 202, 241, 242, 243, 252, 516)}
    places = {"rows": "INSERT", "messages": "INSERT INTO `messages`", "sessions": "INSERT INTO `sessions`", "deletion": "DELETE",
              "asking": "SELECT", "tables": "CREATE|system", "digests": "xxHash64"}

    def disturb(self, kind, place="rows", **how):
        """Applies a fault to requests of a kind."""
        self.fault(kind, match=self.places[place], **how)

    def tables_there(self):
        return [row[0] for row in self.query(f"SELECT name FROM system.tables WHERE database = '{self.database}'")]

    def table(self, name):
        return name

    def add_session(self, session):
        self.query("INSERT INTO sessions (org_id, id, user_id, origin, _version)"
                   f" SELECT 'acme', '{session}', 'ann@example.org', any(origin), 1 FROM messages")

    def add_message(self, session, ordinal, content):
        self.query("INSERT INTO messages (org_id, session_id, ordinal, content, origin, _version)"
                   f" SELECT 'acme', '{session}', {ordinal}, '{content}', any(origin), 1 FROM messages")

    def change(self, table, assignment, where):
        self.query(f"ALTER TABLE {table} UPDATE {assignment} WHERE {where} SETTINGS mutations_sync=2")

    def columns(self, table):
        return [name for _, name in parse(COLUMNS[table])]

    def rows_there(self, table, where="1"):
        return rows_there(self, table, where)

    def assert_equal(self, archive, here="1", there="1"):
        assert_equal(self, archive, here, there)


def restart_when_killed(server):
    """Restarts the engine a moment after a fault killed it, until the event is set."""
    done = threading.Event()

    def watch():
        while not done.wait(0.05):
            with contextlib.suppress(*server.gone):  # a start may fail on a busy machine; then there is another one
                server.control("start")

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    return lambda: (done.set(), thread.join())


def msec(text):
    if not text:
        return None
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=timezone.utc)
    return round(moment.timestamp() * 1000)


# Columns of each table there and how they are read: t text, n number, b yes or no, d time, N number or nothing.
COLUMNS = {
    "sessions": "t:id t:user_id t:user_name t:project_id t:project_name t:project_path t:agent_type t:first_message "
                "d:started_at d:ended_at n:message_count n:user_message_count t:parent_session_id t:relationship_type "
                "t:machine t:source_created_at t:display_name n:total_output_tokens n:peak_context_tokens",
    "messages": "t:session_id n:ordinal t:role t:content d:timestamp b:has_thinking b:has_tool_use n:content_length "
                "t:model t:token_usage n:context_tokens n:output_tokens t:thinking_text",
    "tool_calls": "t:session_id n:message_ordinal t:tool_use_id t:tool_name t:tool_category t:input_json t:skill_name "
                  "t:result_content N:result_content_length t:subagent_session_id",
    "git_links": "t:session_id t:user_id n:message_ordinal t:commit_sha t:pr_url t:link_type t:confidence d:detected_at",
    "session_stars": "t:session_id t:user_id d:created_at",
    "usage_events": "t:session_id n:event_id t:source t:model t:provider_id n:input_tokens n:output_tokens "
                    "N:cost_microdollars t:cost_status t:cost_source",
    "session_labels": "t:session_id t:label d:created_at",
    "message_pins": "t:session_id n:message_ordinal t:user_id t:note d:created_at",
    "session_deletes": "t:session_id t:user_id d:created_at",
}
READ_HERE = {"t": lambda v: v or "", "n": lambda v: v or 0, "b": bool, "d": msec, "N": lambda v: v}
RESULT = ("coalesce(result_content, (SELECT group_concat(content, char(10)) FROM tool_result_events e WHERE"
          " e.session_id = t.session_id AND e.message_ordinal = t.message_ordinal AND e.call_index = t.call_index))")


def parse(columns):
    return [column.split(":") for column in columns.split()]


def rows_here(archive, table, where="1"):
    columns = parse(COLUMNS[table])
    names = [RESULT if name == "result_content" else name for _, name in columns]
    rows = archive_rows(archive, f"SELECT {', '.join(names)} FROM {table} t WHERE {where}")
    return sorted([tuple(READ_HERE[kind](value) for (kind, _), value in zip(columns, row)) for row in rows], key=repr)


def rows_there(server, table, where="1"):
    columns = parse(COLUMNS[table])
    expressions = {"d": "toUnixTimestamp64Milli({})", "b": "toUInt8({})"}
    select = ", ".join(expressions.get(kind, "{}").format(name) for kind, name in columns)
    read = {"t": str, "n": int, "b": lambda v: v == "1", "d": lambda v: None if v is None else int(v),
            "N": lambda v: None if v is None else int(v)}
    rows = server.query(f"SELECT {select} FROM {table} FINAL WHERE {where}")
    return sorted([tuple(read[kind](value) for (kind, _), value in zip(columns, row)) for row in rows], key=repr)


def assert_equal(server, archive, here="1", there="1"):
    """Everything in the archive is there, and nothing else, row by row. `here` and `there` select sessions by their id."""
    for table in COLUMNS:
        key = "id" if table == "sessions" else "session_id"
        where = f"{key} IN (SELECT id FROM sessions WHERE {here})" if here != "1" else "1"
        if table == "session_deletes":
            where = "cause <> 'excluded'" if here == "1" else f"cause <> 'excluded' AND {where}"
        got = rows_there(server, table, there if there == "1" else there.format(key))
        want = rows_here(archive, table, where)
        assert got == want, f"{table}: {len(got)} rows there, {len(want)} here"
