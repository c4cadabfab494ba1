#!/usr/bin/env bash
# Builds and runs all tests; arguments go to `swift test` (`test.sh --filter TLSEngine`).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# The daemon as a program: the integration tests start it.
swift build --product hawser
# The test bundle alone: `swift build --build-tests` also builds protoc, which takes minutes.
swift build --product hawserPackageTests
swift test --skip-build --disable-xctest "$@"
