#!/usr/bin/env bash
# Runs the interop suite: a Consul stand-in in Python against the built program. Arguments go to pytest
# (`run.sh -k heartbeat`, `run.sh test_acceptor_opening.py`). HAWSER names another program to test.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"
root=$(cd ../.. && pwd)
work=$root/.build/interop
venv=$work/venv
protos=$work/protos

# Made anew when what it holds has changed; a broken one is not marked as complete.
want=$(sha256sum requirements.txt | cut -d ' ' -f 1)
if [ "$(cat "$venv/complete" 2>/dev/null)" != "$want" ]; then
    echo "Making the Python environment of the interop suite in $venv" >&2
    rm -rf "$venv"
    python3 -m venv "$venv"
    "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement requirements.txt
    echo "$want" >"$venv/complete"
fi

# From Hawser's own messages: what Consul's are is proven by the recordings.
mkdir -p "$protos"
"$venv/bin/python" -m grpc_tools.protoc --proto_path="$root/Sources/Protocol/PeeringWire/Protos" \
    --python_out="$protos" "$root"/Sources/Protocol/PeeringWire/Protos/*.proto

export HAWSER=${HAWSER:-$root/.build/debug/hawser}
[ -x "$HAWSER" ] || {
    echo "$HAWSER is not there: build it first (make build)" >&2
    exit 1
}
# pytest takes paths from where it is called.
PYTHONPATH=$protos:$PWD exec "$venv/bin/python" -B -m pytest "$@"
