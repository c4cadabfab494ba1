#!/usr/bin/env bash
# Runs the tests of the engines and state machines under the thread and the address sanitizer (with its check for
# leaks). Each has a build folder of its own: switching one folder between them would build everything anew.
#
#   sanitize.sh            both
#   sanitize.sh thread     one of them; further arguments go to `swift test`
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The suites' modules, from the folders that hold them.
modules() {
    find Tests/Protocol Tests/Domain Tests/Transport -mindepth 1 -maxdepth 1 -type d -name '*Tests' -printf '%f\n' |
        sort | paste --serial --delimiters='|'
}

run() {
    local sanitizer=$1
    shift
    echo "== $sanitizer sanitizer: $(modules)" >&2
    swift test --sanitize="$sanitizer" --scratch-path ".build-${sanitizer:0:1}san" --disable-xctest \
        --filter "^($(modules))\." "$@"
}

# The crash handler's child holds the output open for minutes, and the sanitizers print their own traces.
export SWIFT_BACKTRACE=enable=no

case ${1:-both} in
both) run thread && run address ;;
thread | address) run "$@" ;;
*)
    echo "usage: sanitize.sh [thread|address [swift test's arguments...]]" >&2
    exit 2
    ;;
esac
