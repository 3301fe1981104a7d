# shellcheck shell=bash
# Packages by name, for tools/quickstart, tools/test and tools/bench: installs only what is missing, and lists it.

say() {
    printf '%s\n' "$*"
}

die() {
    printf '%s: %s\n' "$(basename "$0")" "$*" >&2
    exit 1
}

# Never end without a sentence: a command that fails silently is named.
set -E
trap 'die "line $LINENO: this failed: $BASH_COMMAND"' ERR

# Each of these functions prints names. "a|b" is one thing with several names: the installed one, or the first one that is
# available. With "?" at its end it is optional: if it cannot be installed, the work continues without it.

# What the build needs. Without the optional ones, there are no remotes, no manual pages or no translations, shared pages show
# Markdown as it was written, or the default folders of systemd and D-Bus are used.
build_packages() {
    echo gcc libc6-dev meson ninja-build 'pkgconf|pkg-config' python3 \
        libsystemd-dev libsqlite3-dev libjson-c-dev libpcre2-dev libxxhash-dev \
        'libhyperscan-dev|libvectorscan-dev' libcurl4-openssl-dev? zlib1g-dev? libpq-dev? gettext? scdoc? 'systemd-dev|systemd?' dbus? \
        dbus-user-session? git? libcmark-gfm-dev? libcmark-gfm-extensions-dev?
}

# What the tests need in addition; nothing is optional here, since what is missing is not tested.
test_packages() {
    build_packages | tr -d '?'
    echo clang cppcheck python3-pytest python3-venv python3-yaml libglib2.0-bin sqlite3 util-linux procps openssl locales systemd
    # words from which secrets are made
    echo wamerican wngerman wfrench wspanish wportuguese
    # installs the ClickHouse that remotes are tested with; an npm that is not Debian's will do, and conflicts with Debian's
    command -v npm >/dev/null || echo npm
    # the Debian package and what it is built with, a fresh root for it, the other packages' own tools
    echo build-essential debhelper dpkg-dev lintian mmdebstrap rpm makepkg
    # clang's sanitizers and fuzzer, if they are in a separate package
    clang_runtime
    # prints the names of functions, by which known leaks of libraries are recognised
    command -v llvm-symbolizer >/dev/null || echo llvm
    # the server that the other remotes are tested with
    echo postgresql
    # shows the export in a browser
    echo 'chromium|chromium-browser'
}

# What the slow checks need in addition.
nightly_packages() {
    echo clang-tidy valgrind gcovr
    # installs gitleaks' own rules
    command -v go >/dev/null || echo golang-go
}

# The runtime of the clang that the package "clang" depends on.
clang_runtime() {
    local version
    # none on a machine that has not read its package lists yet
    version=$({ apt-cache depends clang 2>/dev/null || true; } | sed -n '/^ *Depends: clang-[0-9]*$/{s/.*-//p;q}')
    if [ -n "$version" ] && has_candidate "libclang-rt-$version-dev"; then
        echo "libclang-rt-$version-dev"
    fi
}

has_candidate() {
    apt-cache policy "$1" 2>/dev/null | grep '^ *Candidate: [^(]' >/dev/null
}

is_installed() {
    [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]
}

# name_of A|B: of several names for one thing, the one to use here.
name_of() {
    local names name
    IFS='|' read -ra names <<<"$1"
    for name in "${names[@]}"; do
        if is_installed "$name"; then echo "$name"; return; fi
    done
    for name in "${names[@]}"; do
        if has_candidate "$name"; then echo "$name"; return; fi
    done
    echo "${names[0]}"
}

# find_missing FUNCTION...: puts the names that are not installed in $required and $optional.
find_missing() {
    local function thing name
    required=()
    optional=()
    for function in "$@"; do
        for thing in $($function); do
            name=$(name_of "${thing%\?}")
            if is_installed "$name"; then continue; fi
            case $thing in
            *\?) optional+=("$name") ;;
            *) required+=("$name") ;;
            esac
        done
    done
}

may_install() {
    if [ "$(id -u)" = 0 ]; then return 0; fi
    command -v sudo >/dev/null || return 1
    sudo -n true 2>/dev/null || { say "Packages: to install them, sudo asks for your password."; sudo -v; }
}

as_root() {
    if [ "$(id -u)" = 0 ]; then "$@"; else sudo "$@"; fi
}

# apt_get ARGUMENT...: waits while another program (the nightly upgrade, for example) holds the package lock.
apt_get() {
    local until=$((SECONDS + 600)) said=no
    until as_root env LC_ALL=C DEBIAN_FRONTEND=noninteractive apt-get -q "$@" </dev/null >"$package_log.last" 2>&1; do
        cat "$package_log.last" >>"$package_log"
        grep -q -E '^E: (Could not get lock|Unable to (acquire|lock))' "$package_log.last" && [ $SECONDS -lt $until ] || return 1
        [ $said = yes ] || say "Packages: another program holds the package lock; waiting for it, ten minutes at most."
        said=yes
        sleep 2
    done
    cat "$package_log.last" >>"$package_log"
}

show_apt_log() {
    tail -n 20 "$package_log.last" >&2
}

# ensure_packages FUNCTION...: installs what they name. Ends with a sentence if something required is not available.
ensure_packages() {
    local required optional had=() name
    command -v apt-get >/dev/null ||
        die "this needs Debian 12 or Ubuntu 22.04 (or newer); elsewhere build with meson, see CONTRIBUTING.md"
    find_missing "$@"
    if [ ${#required[@]} = 0 ] && [ ${#optional[@]} = 0 ]; then
        say "Packages: nothing is missing."
        return
    fi
    if ! may_install; then
        [ ${#required[@]} = 0 ] ||
            die "these packages are missing, and cannot be installed without root or sudo. Have them installed, then try" \
                "again: apt-get install ${required[*]} ${optional[*]}"
        say "Packages: continuing without these optional ones, since installing them needs root or sudo: ${optional[*]}"
        return
    fi
    # A fresh machine knows no packages yet, an old one may know versions that are gone.
    say "Packages: reading the lists (apt-get update)"
    if ! apt_get update; then
        show_apt_log
        [ ${#required[@]} = 0 ] || die "apt-get update failed (full output: $package_log)"
        say "Packages: apt-get update failed; continuing without these optional ones: ${optional[*]}"
        return
    fi
    find_missing "$@"
    for name in ${optional[@]+"${optional[@]}"}; do
        if has_candidate "$name"; then had+=("$name"); else say "Packages: continuing without $name, which is optional and not available here."; fi
    done
    if [ ${#required[@]} = 0 ] && [ ${#had[@]} = 0 ]; then return; fi
    say "Packages: installing ${required[*]} ${had[*]}"
    if ! apt_get install -y --no-install-recommends "${required[@]}" ${had[@]+"${had[@]}"}; then
        show_apt_log
        die "apt-get could not install them (full output: $package_log)"
    fi
}

# from_pypi NAME VERSION FOLDER LOG: a program from PyPI, in a virtual environment of its own.
from_pypi() {
    [ ! -x "$3/bin/$1" ] || return 0
    say "$1 $2: installing it from PyPI in $3"
    rm -rf "${3:?}"
    /usr/bin/python3 -m venv "$3" >"$4" 2>&1 &&
        "$3/bin/pip" install --quiet --disable-pip-version-check "$1==$2" >>"$4" 2>&1 || {
        tail -n 20 "$4" >&2
        say "$1 $2 could not be installed (full output: $4)"
    }
}

# Installs the real agentsview below the folder, unless AGENTSVIEW names one.
agentsview_version=0.46.1
ensure_agentsview() {
    [ -z "${AGENTSVIEW:-}" ] || return 0
    from_pypi agentsview "$agentsview_version" "$1/venv" "$1/agentsview-install.log"
    export AGENTSVIEW=$1/venv/bin/agentsview
}
