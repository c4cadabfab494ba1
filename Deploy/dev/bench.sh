#!/usr/bin/env bash
# Measures a release build on this machine and writes .build/bench.json; arguments are numbers of services.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

for product in hawser hawser-bench; do
    swift build --configuration release --product "$product"
done
folder=$(swift build --configuration release --show-bin-path)
"$folder/hawser-bench" "$folder/hawser" .build/bench.json "$@"
