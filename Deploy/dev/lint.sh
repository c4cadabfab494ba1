#!/usr/bin/env bash
# Checks what a machine can check of the rules of the code. Reports everything that is wrong, not only the first.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly max_lines=600
wrong=0

complain() {
    printf '%s\n' "$@" >&2
    wrong=1
}

# Generated files are as their generator writes them.
mapfile -t sources < <(find Sources Tests -name '*.swift' -not -path '*/Generated/*' | sort)
mapfile -t shipped < <(printf '%s\n' "${sources[@]}" | grep '^Sources/')
mapfile -t scripts < <(find Deploy Certs Tests .ci -type f \( -name '*.sh' -o -path .ci/run \) | sort)

# Format, force unwraps and `try!`: .swift-format has the rules, Tests/.swift-format those of the tests.
swift format lint --strict --parallel "${sources[@]}" Package.swift || wrong=1

for file in "${sources[@]}"; do
    lines=$(wc -l <"$file")
    [ "$lines" -le "$max_lines" ] || complain "$file:1: has $lines lines, and a file has at most $max_lines: split it"
done

if found=$(grep --line-number --extended-regexp '\b(try|as)!' "${shipped[@]}"); then
    complain "$found" "try! and as! end the daemon: throw an error that says what to do"
fi
if found=$(grep --line-number --word-regexp 'import XCTest' "${sources[@]}"); then
    complain "$found" "Tests are written with Swift Testing"
fi

for script in "${scripts[@]}"; do
    bash -n "$script" || wrong=1
    [ -x "$script" ] || complain "$script: is not executable"
done
if command -v shellcheck >/dev/null; then shellcheck "${scripts[@]}" || wrong=1; fi

[ "$wrong" -eq 0 ] && echo "lint: ${#sources[@]} Swift files and ${#scripts[@]} scripts are clean"
exit "$wrong"
