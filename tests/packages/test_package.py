"""The .deb files: lintian has nothing to say, and everything is where Debian's tools look for it"""

import subprocess

from fresh_root import run

WHERE = """
/etc/scrubjay/scrubjay.conf
/usr/bin/scrubjayctl
/usr/bin/scrubjayd
/usr/lib/systemd/catalog/scrubjay.catalog
/usr/lib/systemd/user-preset/80-scrubjay.preset
/usr/lib/systemd/user/scrubjay.service
/usr/share/bash-completion/completions/scrubjayctl
/usr/share/dbus-1/interfaces/org.scrubjay.Sync1.xml
/usr/share/dbus-1/services/org.scrubjay.Sync1.service
/usr/share/doc/scrubjay/team-server.md
/usr/share/fish/vendor_completions.d/scrubjayctl.fish
/usr/share/locale/de/LC_MESSAGES/scrubjay.mo
/usr/share/locale/zh_CN/LC_MESSAGES/scrubjay.mo
/usr/share/man/man1/scrubjayctl.1.gz
/usr/share/man/man5/org.scrubjay.Sync1.5.gz
/usr/share/man/man5/scrubjay.conf.5.gz
/usr/share/man/man8/scrubjayd.8.gz
/usr/share/scrubjay/rules/cloud.json
/usr/share/zsh/vendor-completions/_scrubjayctl
""".split()


def test_lintian_has_nothing_to_say(changes):
    done = subprocess.run(["lintian", "--allow-root", "--display-info", "--pedantic", changes],
                          capture_output=True, text=True, timeout=300)
    # it warns about running as root
    assert (done.returncode, done.stdout.strip()) == (0, ""), done.stdout + done.stderr


def test_files_are_where_tools_look(package):
    listed = {line.split()[5][1:] for line in run("dpkg-deb", "--contents", package).splitlines()}
    assert [path for path in WHERE if path not in listed] == []


def test_the_settings_are_a_conffile(package):
    assert run("dpkg-deb", "--info", package, "conffiles").split() == ["/etc/scrubjay/scrubjay.conf"]
