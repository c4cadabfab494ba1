#!/usr/bin/env bash
# Builds hawser: `build.sh debug` for development, `build.sh release` as it is deployed. A bare `swift build` would
# also build the tools of the packages that hawser uses.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

configuration=${1:-debug}
flags=(--configuration "$configuration" --product hawser)
# Without its symbol table the program has a quarter of the size.
[ "$configuration" = release ] && flags+=(-Xlinker -s)

swift build "${flags[@]}"
program=$(swift build "${flags[@]}" --show-bin-path)/hawser
size=$(stat --dereference --format=%s "$program")
echo "$program ($(numfmt --to=iec-i --suffix=B --format=%.1f "$size"))"
