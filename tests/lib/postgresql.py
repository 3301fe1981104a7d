"""A real PostgreSQL with agentsview's schema, a proxy in front of it that fails on demand, and the archive's rows as it must have them."""

import contextlib
import os
import pwd
import re
import select
import shutil
import signal
import socket
import struct
import subprocess
import tempfile
import threading
import time
from pathlib import Path

from clickhouse import RESULT, msec
from scrubjay_test import archive_rows, wait_for

DATA = Path(__file__).resolve().parents[2] / "data" / "postgresql"
USER, PASSWORD = "writer", "not a secret"
SCHEMA = "agentsview"
NULL = "\x1d"


class QueryError(Exception):
    pass


# How a request ends when its server is killed.
GONE = (OSError, QueryError)


def programs():
    """The folder of initdb, pg_ctl and psql: distributions keep them out of PATH."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    return found[-1] if found else Path(shutil.which("initdb") or "/usr/bin/initdb").parent


def place_of_data():
    """In memory if there is room: a database is 600 files, and creating them on a disk takes ten times as long."""
    memory = Path("/dev/shm")
    return memory if os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > 2**30 else None


def is_alive(process):
    """Is there a process with that number that is not a zombie?"""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    return False


class Psql:
    """psql on a database, kept for many statements: starting one takes longer than most statements."""

    END = "that was the last row"

    def __init__(self, command, database):
        self.database = database
        self.errors = tempfile.TemporaryFile("w+")
        self.process = subprocess.Popen(
            [*command, "-A", "-t", "-F", "\x1f", "-R", "\x1e", "-P", f"null={NULL}"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=self.errors, env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "PGOPTIONS": f"-c search_path={SCHEMA},public"})

    def run(self, sql):
        """Returns what it prints. After a QueryError, psql has ended."""
        end, text = f"{self.END}\n".encode(), bytearray()
        with contextlib.suppress(BrokenPipeError, ValueError):  # its output ends, too; or somebody has closed it
            self.process.stdin.write(f"{sql}\n;\n\\echo {self.END}\n".encode())
            self.process.stdin.flush()
        while not text.endswith(end):
            assert select.select([self.process.stdout], [], [], 120)[0], f"no answer to {sql[:200]}"
            more = os.read(self.process.stdout.fileno(), 65536)
            if not more:
                self.close()
                self.errors.seek(0)
                raise QueryError(self.errors.read())
            text += more
        return text.removesuffix(end).decode()

    def close(self):
        """When this returns, its connection has ended."""
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        self.process.wait(60)


class Cluster:
    """A server of its own in a temporary folder. As root, it runs as the user postgres, since it refuses to run as root."""

    def __init__(self, settings=()):
        self.session = None
        self.starting = threading.Lock()
        self.folder = Path(tempfile.mkdtemp(prefix="scrubjay-postgresql-", dir=place_of_data()))
        self.folder.chmod(0o755)  # its certificate is read by clients
        self.as_user = []
        if os.getuid() == 0:
            account = pwd.getpwnam("postgres")
            os.chown(self.folder, account.pw_uid, account.pw_gid)
            self.as_user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"]
        self.data = self.folder / "data"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.run("initdb", "-D", self.data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C.UTF-8", "-N")
        self.certificate = self.folder / "server.pem"
        subprocess.run([*self.as_user, "openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", self.data / "server.key", "-out", self.certificate, "-days", "2", "-subj", "/CN=db.example.com",
                        "-addext", "subjectAltName=IP:127.0.0.1,DNS:db.example.com"], check=True, capture_output=True, cwd="/")
        (self.data / "server.key").chmod(0o600)
        (self.data / "pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n")
        lines = [f"port = {self.port}", "listen_addresses = '127.0.0.1'", f"unix_socket_directories = '{self.folder}'",
                 "ssl = on", f"ssl_cert_file = '{self.certificate}'", "fsync = off", "full_page_writes = off", "max_wal_size = 128MB", "max_connections = 30", "log_min_messages = log", *settings]
        with (self.data / "postgresql.conf").open("a") as file:
            file.write("\n".join(lines) + "\n")
        self.start()

    def run(self, program, *arguments, **options):
        done = subprocess.run([*self.as_user, programs() / program, *arguments], capture_output=True, text=True, cwd="/",
                              env={"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}, timeout=120, **options)
        if done.returncode != 0:
            raise QueryError(done.stderr + done.stdout)
        return done.stdout

    def start(self):
        with self.starting:  # somebody may be restarting it already
            if not self.is_running():
                # its output goes to the log: a pipe would stay open as long as the server runs
                self.run("pg_ctl", "-D", self.data, "-w", "-t", "60", "-l", self.folder / "log", "start")

    def leave(self):
        """Ends the connection that query() keeps."""
        session, self.session = self.session, None
        if session:
            session.close()

    def kill(self):
        """At once, as in a power cut. Returns the process's number, or None if there is none."""
        self.leave()
        with contextlib.suppress(OSError, ValueError, IndexError):
            server = int((self.data / "postmaster.pid").read_text().split()[0])
            os.kill(server, signal.SIGQUIT)
            return server
        return None

    def is_running(self):
        return subprocess.run([*self.as_user, programs() / "pg_ctl", "-D", self.data, "status"], capture_output=True, cwd="/").returncode == 0

    def stop(self):
        self.leave()
        with contextlib.suppress(QueryError):
            self.run("pg_ctl", "-D", self.data, "-m", "immediate", "-w", "stop")
        shutil.rmtree(self.folder, ignore_errors=True)

    def psql(self, database, user="postgres"):
        return [programs() / "psql", "-X", "-q", "-v", "ON_ERROR_STOP=1", "-h", str(self.folder), "-p", str(self.port), "-U", user,
                "-d", database]

    def query(self, sql, database="postgres"):
        """As the administrator, over the socket. Returns rows of text."""
        session = self.session
        if not session or session.database != database:
            self.leave()  # a database with a connection cannot be a template, and cannot be dropped
            session = self.session = Psql(self.psql(database), database)
        try:
            text = session.run(sql)
        except QueryError:
            self.session = None
            raise
        text = text.removesuffix("\n")
        return [[None if cell == NULL else cell for cell in row.split("\x1f")] for row in text.split("\x1e")] if text else []


class Proxy:
    """Between client and server. It reads what the client sends, statement by statement, and fails where it is told to."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.faults, self.log, self.lock = [], [], threading.Lock()
        self.pairs = set()
        self.listener = None
        self.port = 0
        self.bytes_per_second = None  # simulates a slow line to the server
        self.accept()

    def accept(self):
        if self.listener:
            return
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", self.port))
        listener.listen(20)
        self.port = listener.getsockname()[1]
        self.listener = listener
        threading.Thread(target=self.serve, args=(listener,), daemon=True).start()

    def refuse(self):
        if self.listener:
            with contextlib.suppress(OSError):
                self.listener.shutdown(socket.SHUT_RDWR)
            self.listener.close()
            self.listener = None

    def close(self):
        self.refuse()
        for pair in list(self.pairs):
            self.drop(pair)

    @staticmethod
    def drop(pair):
        for end in pair:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def serve(self, listener):
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            threading.Thread(target=self.connection, args=(client,), daemon=True).start()

    def connection(self, client):
        try:
            server = socket.create_connection(("127.0.0.1", self.cluster.port), 10)
        except OSError:
            client.close()
            return
        pair = (client, server)
        for end in pair:  # each message is sent by itself; otherwise it would wait for the other side's delayed ACK
            end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.pairs.add(pair)
        with contextlib.suppress(OSError, ConnectionError):
            self.pump(client, server)
        self.drop(pair)
        self.pairs.discard(pair)
        for end in pair:
            end.close()

    def pump(self, client, server):
        """Copies bytes in both directions; at each message boundary of the client's, it checks for a fault."""
        client.settimeout(None)
        server.settimeout(None)
        waiting, started = b"", False
        while True:
            for ready in select.select([client, server], [], [])[0]:
                bytes_ = ready.recv(65536)
                if not bytes_:
                    return
                if ready is server:
                    client.sendall(bytes_)
                    continue
                if self.bytes_per_second:
                    time.sleep(len(bytes_) / self.bytes_per_second)
                waiting += bytes_
                if not started:  # the first message has no type
                    if len(waiting) < 4 or len(waiting) < struct.unpack("!I", waiting[:4])[0]:
                        continue
                    size, code = struct.unpack("!II", waiting[:8])
                    if code in (80877103, 80877104):  # it asks for TLS or Kerberos, which could not be read here
                        client.sendall(b"N")
                    else:
                        server.sendall(waiting[:size])
                        started = True
                    waiting = waiting[size:]
                waiting = self.forward(client, server, waiting)

    def forward(self, client, server, waiting):
        while len(waiting) >= 5:
            size = 1 + struct.unpack("!I", waiting[1:5])[0]
            if len(waiting) < size:
                break
            message, rest = waiting[:size], waiting[size:]
            if message[:1] in (b"P", b"Q"):
                text = message[5:].split(b"\0")[1 if message[:1] == b"P" else 0].decode(errors="replace")
                fault = self.choose(text)
                if fault:
                    self.fail(fault, client, server, waiting)
            server.sendall(message)
            waiting = rest
        return waiting

    def choose(self, text):
        with self.lock:
            self.log.append({"t": time.time(), "query": text})
            for fault in self.faults:
                if fault["count"] != 0 and re.search(fault["match"], text):
                    if fault["skip"] > 0:
                        fault["skip"] -= 1
                        continue
                    fault["count"] -= 1
                    return fault
        return None

    def fail(self, fault, client, server, waiting):
        kind = fault["kind"]
        if kind in ("hang", "delay"):
            end = time.monotonic() + fault["seconds"]
            while time.monotonic() < end and fault in self.faults:
                if select.select([client], [], [], 0.05)[0] and not client.recv(1, socket.MSG_PEEK):
                    raise ConnectionError  # it gave up
            if kind == "hang" and fault in self.faults:
                raise ConnectionError
            return
        if kind == "reset_mid":
            server.sendall(waiting[:len(waiting) // 2])
        if kind in ("reset_after", "kill_after"):
            server.sendall(waiting)
            self.skip_answer(server)
        if kind.startswith("kill"):
            self.cluster.kill()
        raise ConnectionError

    @staticmethod
    def skip_answer(server):
        """Reads until the server is ready again, or waits for rows."""
        answer = b""
        server.settimeout(10)
        while True:
            bytes_ = server.recv(65536)
            if not bytes_:
                return
            answer += bytes_
            while len(answer) >= 5 and len(answer) >= 1 + struct.unpack("!I", answer[1:5])[0]:
                kind, size = answer[:1], 1 + struct.unpack("!I", answer[1:5])[0]
                answer = answer[size:]
                if kind in (b"Z", b"G"):
                    return


def schema_sql():
    return (DATA / "agentsview.sql").read_text().replace("@SCHEMA@", SCHEMA).replace("@ROLES@", SCHEMA).replace("@DATABASE@", "sample")


class Server:
    kind, password, user = "postgresql", PASSWORD, USER
    name, gone, no_table = "PostgreSQL", GONE, QueryError

    def __init__(self, folder, arguments=()):
        self.cluster = Cluster(arguments)
        self.proxy = Proxy(self.cluster)
        self.port = self.proxy.port
        self.n_databases = 0
        self.database = None
        for user, password in ((USER, PASSWORD), ("reader", "pw-of-reader")):
            self.cluster.query(f"CREATE ROLE {user} LOGIN PASSWORD '{password}'")
        self.cluster.query("CREATE ROLE agentsview_owner; CREATE DATABASE sample TEMPLATE template0")
        self.cluster.query(schema_sql(), "sample")
        # most tests are not about searching, which makes each row a hundred times as expensive
        for column in ("content", "dialogue", "thinking"):
            self.cluster.query(f"DROP INDEX idx_messages_{column}_trgm", "sample")
        self.cluster.query("GRANT agentsview_writer TO writer; GRANT agentsview_reader TO reader", "sample")

    def stop(self):
        self.proxy.close()
        self.cluster.stop()

    def new_database(self):
        if not self.cluster.is_running():
            self.cluster.start()
        self.n_databases += 1
        self.database = f"team{self.n_databases}"
        self.proxy.log.clear()
        self.cluster.query(f"CREATE DATABASE {self.database} TEMPLATE sample")
        self.clear_faults()

    def drop_databases(self):
        """What a test leaves behind takes memory."""
        for name, in self.cluster.query("SELECT datname FROM pg_database WHERE NOT datistemplate AND datname NOT IN ('postgres', 'sample')"):
            self.cluster.query(f"DROP DATABASE {name} WITH (FORCE)")

    def query(self, sql, database=None):
        return self.cluster.query(sql, database or self.database)

    stored = query  # there are no older versions of a row that a reader could see

    def control(self, what, **how):
        if what == "refuse":
            self.proxy.refuse()
        elif what == "accept":
            self.proxy.accept()
        elif what == "clear":
            self.proxy.faults.clear()
        elif what == "restart":
            server = self.cluster.kill()  # whoever watches may start another one as soon as this one is gone
            wait_for(lambda: not is_alive(server), "the server is dead")
            self.cluster.start()
        elif what == "start" and not self.cluster.is_running():
            self.cluster.start()

    def fault(self, kind, match=".", count=1, skip=0, seconds=0.0, **_):
        self.proxy.faults.append({"kind": kind, "match": match, "count": count, "skip": skip, "seconds": seconds})

    def clear_faults(self):
        self.proxy.bytes_per_second = None
        for what in ("clear", "accept", "start"):
            self.control(what)

    def requests(self):
        return list(self.proxy.log)

    def url(self, user=USER, direct=False, host="127.0.0.1"):
        return f"postgresql://{user}@{host}:{self.cluster.port if direct else self.port}/{self.database}"

    def engine_url(self):
        """Past the faults."""
        return self.url(direct=True)

    # What tests ask of each kind of server

    # What can be done to a statement, with its parameters; and kinds of statements.
    faults = {kind: {} for kind in ("reset_before", "reset_mid", "kill_before", "reset_after", "kill_after")}
    faults |= {"delay": {"seconds": 0.3}, "hang": {"seconds": 1.5}}
    places = {"rows": r"COPY|INSERT INTO \S+\.(sessions|messages|tool_calls)", "messages": r"INSERT INTO \S+\.messages",
              "sessions": r"INSERT INTO \S+\.sessions", "deletion": "DELETE", "asking": "SELECT", "tables": "pg_catalog|TEMPORARY",
              "digests": "sha256", "commit": "COMMIT", "copy": "COPY", "claim": "sync_metadata"}

    def disturb(self, kind, place="rows", **how):
        """Applies a fault to statements of a kind."""
        self.fault(kind, match=self.places[place], **how)

    def tables_there(self):
        return []  # of ours

    tables = {"sessions": "sessions", "messages": "messages", "tool_calls": "tool_calls", "session_stars": "starred_sessions",
              "message_pins": "pinned_messages", "usage_events": "usage_events", "session_labels": "(SELECT id AS session_id, unnest(labels) AS label FROM sessions) l", "scrubjay_archives": "sync_metadata"}

    def table(self, name):
        return self.tables[name]

    def add_session(self, session, owner="(SELECT min(owner_marker) FROM sessions)"):
        self.query(f"INSERT INTO sessions (id, machine, project, agent, owner_marker) SELECT '{session}', 'm', 'p', 'claude', {owner}")

    def add_message(self, session, ordinal, content):
        self.query(f"INSERT INTO messages (session_id, ordinal, role, content) VALUES ('{session}', {ordinal}, 'user', '{content}')")

    def change(self, table, assignment, where):
        self.query(f"UPDATE {self.table(table)} SET {assignment} WHERE {where}")

    def columns(self, table):
        return [column.split(":")[1] for column in COLUMNS[table].split()]

    def rows_there(self, table, where="true"):
        columns = [column.split(":") for column in COLUMNS[table].split()]
        read = {"t": lambda v: v or "", "n": lambda v: int(v or 0), "b": lambda v: v == "t", "d": lambda v: None if v is None else int(v),
                "N": lambda v: None if v is None else int(v)}
        forms = {"d": "(extract(epoch from {}) * 1000)::bigint"}
        select_ = ", ".join(forms.get(kind, "{}").format(f'"{name}"') for kind, name, *_ in columns)
        rows = self.query(f"SELECT {select_} FROM {self.tables[table]} WHERE {where}")
        return sorted([tuple(read[kind](value) for (kind, *_), value in zip(columns, row)) for row in rows], key=repr)

    def assert_equal(self, archive, here="1", there="1"):
        for table in COLUMNS:
            key = "id" if table == "sessions" else "session_id"
            where = f"{key} IN (SELECT id FROM sessions WHERE {here})" if here != "1" else "1"
            got = self.rows_there(table, "true" if there == "1" else there.format(key))
            want = rows_here(archive, table, where)
            assert got == want, f"{table}: {len(got)} rows there, {len(want)} here"


# Columns there, how they are read, and what they are here: t text, n number, b yes or no, d time, N number or nothing.
COLUMNS = {
    "sessions": "t:id t:machine t:project t:agent:agent_type t:first_message d:created_at:source_created_at d:started_at d:ended_at "
                "n:message_count n:user_message_count t:parent_session_id t:relationship_type t:source_display_name:display_name "
                "d:source_deleted_at:deleted_at n:total_output_tokens n:peak_context_tokens t:session_name t:cwd t:git_branch",
    "messages": "t:session_id n:ordinal t:role t:content d:timestamp b:has_thinking b:has_tool_use n:content_length t:model t:token_usage "
                "n:context_tokens n:output_tokens t:thinking_text t:dialogue_text",
    "tool_calls": "t:session_id n:message_ordinal n:call_index t:tool_name t:category:tool_category t:input_json t:skill_name "
                  "t:result_content N:result_content_length t:subagent_session_id t:file_path",
    "session_stars": "t:session_id d:created_at",
    "session_labels": "t:session_id t:label",
    "message_pins": "t:session_id n:ordinal:message_ordinal t:note d:created_at",
    "usage_events": "t:session_id N:message_ordinal t:source t:model t:provider_id n:input_tokens n:output_tokens n:cache_creation_input_tokens "
                    "n:cache_read_input_tokens n:reasoning_tokens N:cost_microdollars t:cost_status t:cost_source d:occurred_at",
}


def rows_here(archive, table, where="1"):
    columns = [column.split(":") for column in COLUMNS[table].split()]
    names = [RESULT if column[-1] == "result_content" else column[-1] for column in columns]
    read = {"t": lambda v: (v or "").replace("\0", "�"), "n": lambda v: v or 0, "b": bool, "d": msec, "N": lambda v: v}
    rows = archive_rows(archive, f"SELECT {', '.join(names)} FROM {table} t WHERE {where}")
    return sorted([tuple(read[column[0]](value) for column, value in zip(columns, row)) for row in rows], key=repr)
