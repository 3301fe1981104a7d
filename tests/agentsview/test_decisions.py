"""Everything that agentsview keeps has a decision: mirrored, read, or left out for a reason"""

import re

from decisions import COLUMNS, READ, TABLES
from mirror import SOURCE_SQL
from mirror import TABLES as MIRRORED


def decided():
    """table -> its columns with a decision; None: the whole table."""
    found = {}
    for table, (columns, _) in MIRRORED.items():
        origin = re.search(r"FROM (\w+)", SOURCE_SQL[table]).group(1)
        found[origin] = set(columns.values()) - ({"message_ordinal"} if table == "tool_calls" else set())
    for table, names in READ.items():
        found.setdefault(table, set()).update(names.split())
    for table, reasons in COLUMNS.items():
        for names in reasons.values():
            assert not found[table] & set(names.split()), "decided twice"
            found[table].update(names.split())
    for names in TABLES.values():
        for table in names.split():
            assert table not in found, "%s is decided twice" % table
            found[table] = None
    return found


def test_each_table_and_column_is_decided(desk):
    names = {row["name"] for row in desk.viewer.query(
        "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'")}
    # the tables that a full-text index keeps for itself
    names = {name for name in names if not re.search(r"_fts(_\w+)?$", name)}
    decisions = decided()
    assert names - set(decisions) == set(), "new tables: decide in decisions.py what becomes of them"
    assert set(decisions) - names == set(), "tables that are no longer there"
    for table, columns in decisions.items():
        if columns is None:
            continue
        there = {row["name"] for row in desk.viewer.query("SELECT name FROM pragma_table_info('%s')" % table)}
        assert there - columns == set(), "new columns of %s: decide in decisions.py what becomes of them" % table
        assert columns - there == set(), "columns of %s that are no longer there" % table
