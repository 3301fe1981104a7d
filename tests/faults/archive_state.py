"""What an archive holds, in a form that can be compared: a session's rows, without what differs between runs"""

import sqlite3

# Change numbers and the times of scrubjay's own work; a finding's id is its row number.
OWN = {"change_seq", "shrunk_seq", "found_at", "synced_at", "detected_at"}
NOT_COMPARED = {"findings": {"id"}, "session_deletes": {"created_at"}}
BY_SESSION = {
    "sessions": "id", "messages": "session_id", "tool_calls": "session_id", "tool_result_events": "session_id",
    "git_links": "session_id", "findings": "session_id", "cursors": "session_id",
}
SMALL = ("session_stars", "message_pins", "session_deletes")


def connect(path):
    """Through a connection that recovers what a killed writer left, as the next one would."""
    return sqlite3.connect(f"file:{path}?mode=rw", uri=True)


def problems(path):
    """What PRAGMA integrity_check finds; nothing if all is well."""
    db = connect(path)
    try:
        return [row[0] for row in db.execute("PRAGMA integrity_check") if row[0] != "ok"]
    finally:
        db.close()


def _columns(db, table):
    skip = OWN | NOT_COMPARED.get(table, set())
    return [row[1] for row in db.execute(f"PRAGMA table_info({table})") if row[1] not in skip]


def _rows(db, table):
    columns = _columns(db, table)
    return columns, db.execute(f"SELECT {','.join(columns)} FROM {table}").fetchall()


def sessions(path):
    """{session id: all its rows, with its cursor}. Empty if no archive was created yet."""
    db = connect(path)
    found = {}
    try:
        for table, key in BY_SESSION.items():
            if not db.execute("SELECT 1 FROM sqlite_schema WHERE name=?", (table,)).fetchone():
                return {}
            columns, rows = _rows(db, table)
            if table == "cursors":      # its position in the source is only a hint
                columns = [("hint" if name == "source_rowid" else name) for name in columns]
            place = columns.index(key)
            for row in rows:
                kept = tuple(value for name, value in zip(columns, row) if name != "hint")
                found.setdefault(row[place], []).append((table, kept))
    finally:
        db.close()
    return {session: sorted(rows, key=repr) for session, rows in found.items()}


def whole(path):
    """All of it: the sessions and the small tables."""
    db = connect(path)
    try:
        small = {table: sorted(_rows(db, table)[1], key=repr) for table in SMALL}
    finally:
        db.close()
    return {"sessions": sessions(path), **small}


def differences(a, b):
    """The names of what differs between two whole() archives; no content."""
    found = [f"{name}: {len(a[name])} and {len(b[name])} rows" for name in SMALL if a[name] != b[name]]
    for session in sorted(set(a["sessions"]) | set(b["sessions"]), key=str):
        one, other = a["sessions"].get(session), b["sessions"].get(session)
        if one != other:
            found.append(f"session {session!r}: {len(one or [])} and {len(other or [])} rows")
    return found
