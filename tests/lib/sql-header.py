"""sql-header.py SQL HEADER: agentsview's tables as a C string, AGENTSVIEW_SCHEMA"""

import sys

with open(sys.argv[1]) as f:
    lines = ['        "' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"' for line in f.read().splitlines()]
with open(sys.argv[2], "w") as f:
    f.write("#define AGENTSVIEW_SCHEMA \\\n" + " \\\n".join(lines) + "\n")
