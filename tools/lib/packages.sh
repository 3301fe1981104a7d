# shellcheck shell=bash
# Packages by name, for tools/quickstart and tools/test: only what is missing is installed, and it is said what.

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# What the program is built from.
build_packages() {
    echo gcc libc6-dev meson ninja-build pkg-config git \
        libsystemd-dev libsqlite3-dev libjson-c-dev libpcre2-dev libxxhash-dev libcurl4-openssl-dev zlib1g-dev \
        gettext scdoc systemd dbus dbus-user-session python3
    # The literal prefilter's library; the build does without it where there is none (not on every architecture).
    first_available libhyperscan-dev libvectorscan-dev
}

# What the tests need beyond that.
test_packages() {
    echo clang clang-format-14 cppcheck python3-pytest python3-venv libglib2.0-bin sqlite3 util-linux procps openssl
    # which brings the ClickHouse that remotes are tested with; another npm than Debian's does as well, and excludes it
    command -v npm >/dev/null || echo npm
    # the Debian package, a fresh root for it, the other packages' own tools
    echo debhelper dpkg-dev lintian mmdebstrap rpm makepkg
    # clang's sanitizers and fuzzer, where they are a package of their own
    first_available libclang-rt-14-dev
    # the export is looked at in a browser
    first_available chromium chromium-browser
}

# What the slow checks need beyond that.
nightly_packages() {
    echo clang-tidy valgrind gcovr
}

first_available() {
    local name
    for name in "$@"; do
        if [ -n "$(apt-cache policy "$name" 2>/dev/null | sed -n 's/^ *Candidate: //p' | grep -v none)" ]; then
            echo "$name"
            return
        fi
    done
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

as_root() {
    if [ "$(id -u)" = 0 ]; then
        "$@"
    else
        command -v sudo >/dev/null || die "packages have to be installed, and neither root nor sudo is here"
        sudo "$@"
    fi
}

# install_packages NAME...
install_packages() {
    local name missing=()
    command -v apt-get >/dev/null ||
        die "this needs Debian 12 or Ubuntu 22.04 (or newer); elsewhere build with meson, see CONTRIBUTING.md"
    for name in "$@"; do
        is_installed "$name" || missing+=("$name")
    done
    if [ ${#missing[@]} = 0 ]; then
        say "Packages: all there."
        return
    fi
    say "Packages: installing ${missing[*]}"
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" \
        </dev/null >>"$package_log" 2>&1 || {
        tail -n 20 "$package_log" >&2
        die "apt-get could not install them (all of it: $package_log)"
    }
}

# A fresh machine knows no packages yet, an old one may know versions that are gone.
update_package_lists() {
    local name missing=0
    for name in "$@"; do
        is_installed "$name" || missing=1
    done
    [ $missing = 1 ] || return 0
    say "Packages: reading the lists (apt-get update)"
    as_root apt-get update -q </dev/null >>"$package_log" 2>&1 || {
        tail -n 20 "$package_log" >&2
        die "apt-get update failed (all of it: $package_log)"
    }
}

# ensure_packages FUNCTION...: each prints names; they are asked again once the lists are there.
ensure_packages() {
    local function names=()
    for function in "$@"; do
        mapfile -t -O ${#names[@]} names < <($function | tr ' ' '\n' | grep .)
    done
    update_package_lists "${names[@]}"
    names=()
    for function in "$@"; do
        mapfile -t -O ${#names[@]} names < <($function | tr ' ' '\n' | grep .)
    done
    install_packages "${names[@]}"
}
