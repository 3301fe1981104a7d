"""share-style.py CSS HEADER: a style sheet as a C string, with the hash that a content security policy names it by"""

import base64
import hashlib
import sys

with open(sys.argv[1], "rb") as f:
    style = f.read()
digest = base64.b64encode(hashlib.sha256(style).digest()).decode()
lines = "\n".join('        "' + line.replace("\\", "\\\\").replace('"', '\\"') + '\\n"' for line in style.decode().splitlines())
with open(sys.argv[2], "w") as f:
    f.write(f'#define SHARE_STYLE_HASH "sha256-{digest}"\n#define SHARE_STYLE \\\n' + lines.replace("\n", " \\\n") + "\n")
