#!/usr/bin/env bash
# Builds a product, hawser if none is named: `build.sh debug` for development, `build.sh release` as it is deployed.
# A bare `swift build` would also build the tools of the packages that hawser uses.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

configuration=${1:-debug}
product=${2:-hawser}
flags=(--configuration "$configuration" --product "$product")
if [ "$configuration" = release ]; then
    # One file that needs no Swift on the machine: only OpenSSL, nghttp2, SQLite and the C++ runtime.
    flags+=(--static-swift-stdlib)
    # As fast as -O here, and 2 MB less of it in memory; functions that came out the same are kept once.
    flags+=(-Xswiftc -Osize -Xlinker --icf=safe)
    # Without symbols: nobody links to a program, and 4 MB of names would be read at every start.
    flags+=(-Xlinker -s -Xlinker --no-export-dynamic -Xlinker --exclude-libs=ALL)
fi

swift build "${flags[@]}"
program=$(swift build "${flags[@]}" --show-bin-path)/$product
size=$(stat --dereference --format=%s "$program")
echo "$program ($(numfmt --to=iec-i --suffix=B --format=%.1f "$size"))"
