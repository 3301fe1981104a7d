"""Somebody else's `agentsview pg push` of plain text, with all rights"""

import subprocess

from postgresql import PASSWORD


def push(desk, database=None, port=None):
    """Pushes to the schema that the desk shares, or to another database. Returns the process, which has ended."""
    server = desk.server
    server.cluster.query("ALTER ROLE agentsview_owner LOGIN PASSWORD '%s'" % PASSWORD)
    server.cluster.leave()
    environ = dict(desk.viewer.environ, AGENTSVIEW_NO_DAEMON="1", AGENTSVIEW_PG_URL="postgresql://agentsview_owner:%s@127.0.0.1:%d/%s" % (
        PASSWORD.replace(" ", "%20"), port or server.cluster.port, database or server.database))
    return subprocess.run([desk.viewer.program, "pg", "push"], env=environ, cwd=desk.viewer.home, capture_output=True, text=True, timeout=300)
