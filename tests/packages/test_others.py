"""The RPM spec and the PKGBUILD: their own tools read them, and they name what meson installs

Neither package is built here: this is Debian, which lacks what Fedora and Arch provide.
"""

import os
import re

from fresh_root import PERSON, TOP, run

SPEC = TOP / "packaging" / "rpm" / "scrubjay.spec"
PKGBUILD = TOP / "packaging" / "arch" / "PKGBUILD"
# As Fedora defines them.
MACROS = {"_bindir": "/usr/bin", "_datadir": "/usr/share", "_sysconfdir": "/etc", "_prefix": "/usr", "_libexecdir": "/usr/libexec",
          "_userunitdir": "/usr/lib/systemd/user", "_mandir": "/usr/share/man"}


def listed_in_spec():
    """The paths of %files, as patterns of whole paths."""
    section = re.search(r"^%files[^\n]*\n(.*?)^%changelog", SPEC.read_text(), re.MULTILINE | re.DOTALL).group(1)
    patterns = []
    for line in section.splitlines():
        path = re.sub(r"^%config\(noreplace\) ", "", line)
        path = re.sub(r"%\{(\w+)\}", lambda match: MACROS[match.group(1)], path)
        if path.startswith("/"):
            patterns.append(re.escape(path).replace(r"\*", "[^/]*") + (".*" if path.endswith("/") else ""))
    return patterns


def installed():
    """What meson installs with the distributions' folders, documentation of the rules included."""
    build = os.environ["SCRUBJAY_BUILD"]
    root = os.path.join(build, "root")
    paths = {os.path.join(top, name)[len(root):] for top, _, names in os.walk(root) for name in names}
    return {path if path.startswith("/etc/") else "/usr" + path for path in paths}


def version():
    return re.search(r"^ *version : '([^']+)'", (TOP / "meson.build").read_text(), re.MULTILINE).group(1)


def test_rpm_reads_the_spec():
    assert run("rpmspec", "--query", SPEC).startswith("scrubjay-%s-1" % version())


def test_the_spec_lists_what_is_installed():
    patterns = listed_in_spec()
    files = {path for path in installed() if not path.endswith(".mo")}      # those are %find_lang's
    assert len(files) > 20
    assert [path for path in sorted(files) if not any(re.fullmatch(pattern, path) for pattern in patterns)] == []
    assert [pattern for pattern in patterns if not any(re.fullmatch(pattern, path) for path in files)] == []


def test_makepkg_reads_the_pkgbuild():
    # it refuses to run as root, and needs a pacman
    command = ["bash", "-c", "cd $(mktemp -d) && cat >PKGBUILD && PACMAN=true HOME=$PWD makepkg --printsrcinfo"]
    with open(PKGBUILD) as text:
        said = run("setpriv", "--reuid", PERSON, "--regid", PERSON, "--clear-groups", *command, stdin=text)
    assert "pkgver = %s\n" % version() in said and "backup = etc/scrubjay/scrubjay.conf\n" in said


def test_all_packages_have_the_same_version():
    changelog = (TOP / "debian" / "changelog").read_text()
    assert changelog.startswith("scrubjay (%s)" % version())
