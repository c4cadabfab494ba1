#!/usr/bin/env bash
# Measures two daemons in a release build and writes .build/bench.json. Arguments are numbers of exported services,
# 200 to 10,000 if none is given (`bench.sh 5000`).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

[ $# -gt 0 ] || set -- 200 1000 5000 10000

# The daemon as it is deployed; the same flags for both, so that nothing is built twice.
Deploy/dev/build.sh release
Deploy/dev/build.sh release hawser-bench
bin=$(swift build --configuration release --show-bin-path)
"$bin/hawser-bench" "$bin/hawser" .build/bench.json "$@"
