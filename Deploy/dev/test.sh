#!/usr/bin/env bash
# Builds and runs all tests; arguments go to `swift test` and leave the interop suite out (`test.sh --filter TLSEngine`).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The daemon as a program: the integration tests and the interop suite start it.
swift build --product hawser
# The test bundle alone: `swift build --build-tests` also builds protoc, which takes minutes.
swift build --product hawserPackageTests

failed=0
swift test --skip-build --disable-xctest "$@" || failed=$?
# Four at a time on two cores: they wait more than they work.
if [ $# -eq 0 ]; then Tests/Interop/run.sh --quiet --numprocesses 4 || failed=$?; fi
exit "$failed"
