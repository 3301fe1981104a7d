"""Prints a few masked places of an archive, shortened, for tools/quickstart

Usage: show-masked.py ARCHIVE
"""

import re
import sqlite3
import sys
import textwrap

MARKER = re.compile(r"\[REDACTED:[^]]*\]")
SQL = """
SELECT s.project, coalesce(s.display_name, s.session_name, s.id), m.ordinal, m.role, t.text FROM (
    SELECT session_id, ordinal, content AS text FROM messages
    UNION ALL SELECT session_id, message_ordinal, input_json FROM tool_calls
    UNION ALL SELECT session_id, message_ordinal, content FROM tool_result_events) t
JOIN messages m ON m.session_id = t.session_id AND m.ordinal = t.ordinal
JOIN sessions s ON s.id = t.session_id
WHERE t.text LIKE '%[REDACTED:%' ORDER BY s.started_at DESC, m.ordinal LIMIT 6
"""


def around_the_first(text):
    """The marker with some words on both sides, on one line."""
    found = MARKER.search(text)
    start, end = max(found.start() - 90, 0), min(found.end() + 60, len(text))
    piece = " ".join(text[start:end].split())
    return ("... " if start else "") + piece + (" ..." if end < len(text) else "")


def main():
    db = sqlite3.connect("file:%s?mode=ro" % sys.argv[1], uri=True)
    rows = db.execute(SQL).fetchall()
    for project, name, ordinal, role, text in rows:
        print("%s / %s, message %d (%s)" % (project, " ".join(str(name).split())[:50], ordinal, role))
        print(textwrap.indent(textwrap.fill(around_the_first(text), 96), "    "))
    if not rows:
        print("No secret was found in %d messages." % db.execute("SELECT count(*) FROM messages").fetchone()[0])


if __name__ == "__main__":
    main()
