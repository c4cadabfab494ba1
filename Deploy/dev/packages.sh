#!/usr/bin/env bash
# Read by scripts that need packages of Debian. They have `die SENTENCE...`.

# Debian starts a daemon that it installs, unless policy-rc.d says no.
install_packages() {
    local policy=/usr/sbin/policy-rc.d own=0 as_root=()
    command -v apt-get >/dev/null || die "There is no apt-get here: install $* by hand."
    if [ "$(id --user)" -ne 0 ]; then
        command -v sudo >/dev/null || die "Type this as root: apt-get update && apt-get install --yes $*"
        as_root=(sudo)
    fi
    echo "Installing $* with apt-get." >&2
    if [ ! -e "$policy" ]; then
        own=1
        printf '#!/bin/sh\nexit 101\n' | "${as_root[@]}" tee "$policy" >/dev/null
        "${as_root[@]}" chmod 755 "$policy"
    fi
    as_root+=(env DEBIAN_FRONTEND=noninteractive)
    "${as_root[@]}" apt-get update -qq >&2 || echo "apt-get update failed; going on with the lists that are here." >&2
    local failed=0
    "${as_root[@]}" apt-get install --yes -qq --no-install-recommends "$@" >&2 || failed=1
    if [ "$own" -eq 1 ]; then "${as_root[@]}" rm -f "$policy"; fi
    [ "$failed" -eq 0 ] || die "apt-get could not install $*: its own words are above."
}
