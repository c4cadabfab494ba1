#!/usr/bin/env bash
# Writes the JSON Schemas of configuration files to Deploy/schema, from the decoders of the built program.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

swift build --product hawser
mkdir -p Deploy/schema
for name in agent service exported-services mesh proxy-defaults service-defaults service-intentions \
    service-resolver service-router service-splitter; do
    .build/debug/hawser schema "$name" >"Deploy/schema/$name.json"
done
