#!/usr/bin/env bash
# Runs tests under the thread sanitizer, and those of the engines and state machines under the address sanitizer too
# (with its check for leaks). Each has a build folder of its own: switching one folder between them would build
# everything again.
#
#   sanitize.sh            both
#   sanitize.sh thread     one of them; further arguments go to `swift test`
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The suites' modules, from the folders that hold them. Services and storages are Swift without pointers, so that
# threads are all that can go wrong in them.
modules() {
    local floors=(Tests/Protocol Tests/Domain Tests/Transport)
    if [ "$1" = thread ]; then
        floors+=(Tests/Storage Tests/Service)
        echo StorageContractTests
    fi
    find "${floors[@]}" -mindepth 1 -maxdepth 1 -type d -name '*Tests' -printf '%f\n'
}

# As one pattern.
pattern() { modules "$1" | sort | paste --serial --delimiters='|'; }

run() {
    local sanitizer=$1
    shift
    local folder=.build-${sanitizer:0:1}san modules
    modules=$(pattern "$sanitizer")
    local build=(--sanitize="$sanitizer" --scratch-path "$folder")
    if [ "$sanitizer" = thread ]; then
        mkdir -p "$folder"
        clang -O1 -c Deploy/dev/sanitize-mutex.c -o "$folder/sanitize-mutex.o"
        build+=(-Xlinker "$PWD/$folder/sanitize-mutex.o")
    fi
    echo "== $sanitizer sanitizer: $modules" >&2
    # The test bundle alone: all that `swift test` builds holds protoc too.
    swift build "${build[@]}" --product hawserPackageTests
    swift test --skip-build "${build[@]}" --disable-xctest --filter "^($modules)\." "$@"
}

# The crash handler's child holds the output open for minutes, and the sanitizers print their own traces.
export SWIFT_BACKTRACE=enable=no
# A tenth of the usual steps, at a tenth of the usual speed.
export HAWSER_STATE_STEPS=${HAWSER_STATE_STEPS:-2000} HAWSER_REPLICATION_STEPS=${HAWSER_REPLICATION_STEPS:-300}

case ${1:-both} in
both) run thread && run address ;;
thread | address) run "$@" ;;
*)
    echo "usage: sanitize.sh [thread|address [swift test's arguments...]]" >&2
    exit 2
    ;;
esac
