#!/usr/bin/env bash
# Fuzzes what reads bytes or texts of others. Tests/Fuzz/README.md says what each target looks for.
#
#   fuzz.sh                     every target for a minute
#   fuzz.sh TARGET [SECONDS]    one of them; further arguments go to libFuzzer (-jobs=2, a file to run again)
#
# A target is a folder of Tests/Fuzz: target.sh says what it is built of and starts from, words.dict has its words.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

mapfile -t targets < <(find Tests/Fuzz -mindepth 2 -name target.sh -printf '%h\n' | xargs -n 1 basename | sort)
if [ $# -eq 0 ]; then
    for target in "${targets[@]}"; do "$0" "$target"; done
    exit
fi

target=$1
seconds=${2:-60}
shift $(($# < 2 ? $# : 2))
[[ " ${targets[*]} " = *" $target "* && $seconds =~ ^[0-9]+$ ]] || {
    echo "usage: fuzz.sh [target [seconds [libFuzzer's arguments...]]], with a target out of: ${targets[*]}" >&2
    exit 2
}
modules=() sources=() options=()
# shellcheck source=/dev/null
source "Tests/Fuzz/$target/target.sh"

readonly work=.build/fuzz/$target
mkdir -p "$work/modules" "$work/seeds" "$work/corpus" "$work/findings"

compile() {
    swiftc -sanitize=fuzzer,address -parse-as-library -whole-module-optimization -O -g -swift-version 6 \
        -package-name hawser -enable-testing -strict-memory-safety -warnings-as-errors \
        -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault \
        -enable-upcoming-feature MemberImportVisibility -enable-upcoming-feature NonisolatedNonsendingByDefault \
        -I Sources/System/COpenSSL -I "$work/modules" "$@"
}

# By hand: SwiftPM cannot link a program whose main function is libFuzzer's.
objects=()
for module in "${modules[@]}"; do
    name=$(basename "$module")
    mapfile -t files < <(find "Sources/$module" -name '*.swift')
    compile -module-name "$name" -emit-module -emit-module-path "$work/modules/$name.swiftmodule" \
        -emit-object -o "$work/modules/$name.o" "${files[@]}"
    objects+=("$work/modules/$name.o")
done
# The module of the program itself, which nobody imports, would be left where this runs.
compile -module-name fuzz -emit-executable -emit-module-path "$work/modules/fuzz.swiftmodule" -o "$work/fuzz" \
    "${objects[@]}" "${sources[@]}" Tests/Fuzz/*.swift "Tests/Fuzz/$target"/*.swift

seeds "$work/seeds"

# The crash handler's child would hold the output open for minutes, and the sanitizer prints its own trace.
export SWIFT_BACKTRACE=enable=no
# Freed memory is watched, but not a quarter of a gigabyte of it.
export ASAN_OPTIONS=quarantine_size_mb=32${ASAN_OPTIONS:+:$ASAN_OPTIONS}
echo "== $target, $seconds seconds" >&2
"$work/fuzz" -max_total_time="$seconds" -len_control=20 -timeout=10 -print_final_stats=1 "${options[@]}" \
    -dict="Tests/Fuzz/$target/words.dict" -artifact_prefix="$work/findings/" "$@" "$work/corpus" "$work/seeds"
