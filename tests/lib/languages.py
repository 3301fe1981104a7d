"""Languages other than English: they need a real locale, since a C library may not translate for "C.UTF-8" (glibc 2.41 does not)"""

import functools
import subprocess
import tempfile

from scrubjay_test import BUILD


@functools.lru_cache(maxsize=None)
def _folder():
    folder = tempfile.TemporaryDirectory(prefix="scrubjay-locale-")
    subprocess.run(["localedef", "-i", "en_US", "-f", "UTF-8", folder.name + "/en_US.UTF-8"], check=True,
                   capture_output=True)
    return folder


def speaking(language):
    """The environment of a person who speaks it, with the build's translations."""
    return {"LANGUAGE": language, "LC_ALL": "en_US.UTF-8", "LOCPATH": _folder().name, "SCRUBJAY_LOCALE_DIR": str(BUILD / "po")}
