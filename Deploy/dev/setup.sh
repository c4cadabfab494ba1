#!/usr/bin/env bash
# Makes this machine fit to build Hawser: checks Swift, installs the C libraries that are missing, and for the verb
# that is named what else it needs (`setup.sh test`). Says nothing if all is there.
set -euo pipefail

readonly verb=${1:-}
readonly swift_needed=6.2
packages=(libssl-dev libnghttp2-dev libsqlite3-dev pkg-config)
# The interop suite is written in Python, with libraries of its own in a virtual environment.
if [ "$verb" = test ]; then packages+=(python3 python3-venv); fi

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

check_swift() {
    local found
    command -v swift >/dev/null ||
        die "Swift is not installed: get $swift_needed or newer from https://www.swift.org/install and put it on PATH."
    found=$(swift --version 2>/dev/null | sed -nE 's/.*Swift version ([0-9]+(\.[0-9]+)*).*/\1/p' | head -n 1)
    [ -n "$found" ] || die "swift --version names no version, so the Swift on PATH does not work: $(command -v swift)."
    [ "$(printf '%s\n' "$swift_needed" "$found" | sort --version-sort | head -n 1)" = "$swift_needed" ] ||
        die "Swift $found is too old: get $swift_needed or newer from https://www.swift.org/install."
}

# pkg-config is what the build itself asks, and it answers on every distribution.
have_libraries() {
    command -v pkg-config >/dev/null && pkg-config --exists 'openssl >= 3.0' libnghttp2 sqlite3
}

# Debian's python3 comes without what makes virtual environments.
have_python() {
    [ "$verb" != test ] || python3 -c 'import ensurepip, venv' 2>/dev/null
}

have_all() {
    have_libraries && have_python
}

# Prints the packages that are not installed, one a line.
missing_packages() {
    local package
    for package in "${packages[@]}"; do
        [ "$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null)" = installed ] ||
            printf '%s\n' "$package"
    done
}

install_missing() {
    command -v apt-get >/dev/null || die \
        "Hawser needs pkg-config and the development files of OpenSSL 3, nghttp2 and SQLite 3, and its tests Python" \
        "with venv (on Debian: ${packages[*]})." \
        "There is no apt-get here: install them with this system's own package manager."
    local missing as_root=()
    mapfile -t missing < <(missing_packages)
    # All installed and pkg-config still not content: too old an OpenSSL.
    [ "${#missing[@]}" -gt 0 ] || die "Hawser needs OpenSSL 3.0 or newer, and this system's libssl-dev is older."
    if [ "$(id --user)" -ne 0 ]; then
        if command -v sudo >/dev/null && { sudo --non-interactive true 2>/dev/null || [ -t 0 ]; }; then
            as_root=(sudo)
        else
            die "Hawser needs ${missing[*]}. Only root can install; type this as root:" \
                "  apt-get update && apt-get install --yes ${missing[*]}"
        fi
    fi
    echo "Installing ${missing[*]} with ${as_root:+sudo }apt-get." >&2
    # sudo starts with an environment of its own.
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    "${as_root[@]}" apt-get update -qq >&2 || echo "apt-get update failed; going on with the lists that are here." >&2
    "${as_root[@]}" apt-get install --yes -qq --no-install-recommends "${missing[@]}" >&2 ||
        die "apt-get could not install ${missing[*]}: its own words are above."
    have_libraries || die "${packages[*]} are installed, but pkg-config does not find OpenSSL 3, nghttp2 and SQLite 3."
    have_python || die "python3-venv is installed, but $(command -v python3) makes no virtual environments: put Debian's first on PATH."
}

check_swift
have_all || install_missing
