#!/usr/bin/env bash
# Runs clients that people have against live daemons: Prometheus and VictoriaMetrics, two Python libraries, curl, dig,
# and schemathesis on the OpenAPI document, for longer with HAWSER_FUZZ_SECONDS. Installs what is missing. Arguments go
# to pytest (`test-clients.sh -k curl`).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly requirements=Tests/Clients/requirements.txt
readonly venv=.build/clients/venv

die() {
    printf '%s\n' "$@" >&2
    exit 1
}
source Deploy/dev/packages.sh

missing=()
command -v curl >/dev/null || missing+=(curl)
command -v dig >/dev/null || missing+=(bind9-dnsutils)
command -v prometheus >/dev/null || missing+=(prometheus)
command -v victoria-metrics >/dev/null || missing+=(victoria-metrics)
python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
if [ "${#missing[@]}" -gt 0 ]; then install_packages "${missing[@]}"; fi

want=$(sha256sum "$requirements" | cut -d ' ' -f 1)
if [ "$(cat "$venv/complete" 2>/dev/null)" != "$want" ]; then
    echo "Making the Python environment of the clients in $venv" >&2
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$requirements"
    echo "$want" >"$venv/complete"
fi

if [ -z "${HAWSER:-}" ]; then
    swift build --product hawser
    HAWSER=$PWD/.build/debug/hawser
fi
export HAWSER
# The daemon's own helper is the interop suite's.
PYTHONPATH=$PWD/Tests/Interop exec "$venv/bin/python" -B -m pytest -p no:cacheprovider --rootdir Tests/Clients \
    Tests/Clients "$@"
