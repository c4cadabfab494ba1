#!/usr/bin/env bash
# Fuzzes the parser of ClientHellos, starting from the recorded ones. Tests/Fuzz/README.md says what it looks for.
#
#   fuzz.sh             for 60 seconds
#   fuzz.sh SECONDS     for as long; further arguments go to libFuzzer (-jobs=2, a file to run again)
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

seconds=${1:-60}
[ $# -eq 0 ] || shift
[[ $seconds =~ ^[0-9]+$ ]] || {
    echo "usage: fuzz.sh [seconds [libFuzzer's arguments...]]" >&2
    exit 2
}
readonly work=.build/fuzz
mkdir -p "$work/seeds" "$work/corpus" "$work/findings"

# One module of both: SwiftPM cannot link a program whose main function is libFuzzer's.
swiftc -sanitize=fuzzer,address -parse-as-library -O -g -swift-version 6 -package-name hawser -module-name fuzz \
    -strict-memory-safety -warnings-as-errors \
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault \
    -enable-upcoming-feature MemberImportVisibility -enable-upcoming-feature NonisolatedNonsendingByDefault \
    -I Sources/System/COpenSSL -o "$work/clienthello" \
    Sources/Protocol/ClientHello/*.swift Tests/Protocol/ClientHelloTests/{HelloBuilder,WholeHello}.swift \
    Tests/Fuzz/*.swift

for fixture in Tests/Fixtures/clienthello/*.hex; do
    # Two digits become one byte.
    bytes=$(tr --delete '[:space:]' <"$fixture" | sed 's/../\\x&/g')
    # shellcheck disable=SC2059 # the bytes are the format
    printf "$bytes" >"$work/seeds/$(basename "$fixture" .hex)"
done
# Parts of a hello, which the target puts in place: its name, its extensions, and the two that may come only once.
readonly name='\0\0\0\x0e\0\x0c\0\0\x09a.example' protocols='\0\x10\0\5\0\3\2h2' padding='\0\x15\0\1\0'
printf 'N\0www.example.com.' >"$work/seeds/name"
# shellcheck disable=SC2059 # the bytes are the format
printf "E\7$name$protocols$padding" >"$work/seeds/extensions"
# shellcheck disable=SC2059
printf "E\0$name$padding$name" >"$work/seeds/two-names"
# shellcheck disable=SC2059
printf "E\0$protocols$padding$protocols" >"$work/seeds/two-protocols"

# The crash handler's child would hold the output open for minutes, and the sanitizer prints its own trace.
export SWIFT_BACKTRACE=enable=no
# Freed memory is watched, but not a quarter of a gigabyte of it.
export ASAN_OPTIONS=quarantine_size_mb=32${ASAN_OPTIONS:+:$ASAN_OPTIONS}
# Some bytes over the limit are enough.
"$work/clienthello" -max_total_time="$seconds" -max_len=17000 -len_control=20 -timeout=10 -print_final_stats=1 \
    -dict=Tests/Fuzz/clienthello.dict -artifact_prefix="$work/findings/" "$@" "$work/corpus" "$work/seeds"
