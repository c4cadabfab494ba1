#!/usr/bin/env bash
# Ties two clusters together that cannot reach each other: each lives in a network namespace of its own, and only their
# gateways, in namespaces between, see each other. Every command that is shown is really run.
#
#   harbor 10.1.0.1 -- 10.1.0.2 harbor-edge 192.0.2.1 -- 192.0.2.2 island-edge 10.2.0.2 -- 10.2.0.1 island
#
#   HAWSER=/PATH/TO  uses that program instead of building one
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
demo=$root/Deploy/demo
tag=hw$$
spaces=(harbor harbor-edge island island-edge)
declare -A api=([harbor]=10.1.0.1:8500 [island]=10.2.0.1:8500) pid=()

# shellcheck source=Deploy/demo/common.sh
source "$demo/common.sh"

die() {
    printf '\nThe demo failed: %s\n' "$1" >&2
    local log
    for log in "$work"/*.log; do
        [ -s "$log" ] || continue
        printf '\nThe last lines of %s:\n' "${log##*/}" >&2
        tail -n 15 "$log" >&2
    done
    exit 1
}

# MARK: Namespaces

# Runs a command inside a namespace.
inside() {
    local space=$1
    shift
    ip netns exec "$tag-$space" "$@"
}

# link SPACE ADDRESS SPACE ADDRESS: a cable between two namespaces.
link() {
    local one=${1:0:1}${1: -1}$RANDOM other=${3:0:1}${3: -1}$RANDOM
    ip link add "$one" netns "$tag-$1" type veth peer name "$other" netns "$tag-$3"
    inside "$1" ip address add "$2/24" dev "$one"
    inside "$3" ip address add "$4/24" dev "$other"
    inside "$1" ip link set "$one" up
    inside "$3" ip link set "$other" up
}

make_network() {
    local space
    for space in "${spaces[@]}"; do
        ip netns add "$tag-$space"
        inside "$space" ip link set lo up
    done
    link harbor 10.1.0.1 harbor-edge 10.1.0.2
    link island 10.2.0.1 island-edge 10.2.0.2
    link harbor-edge 192.0.2.1 island-edge 192.0.2.2
    # The clusters would like to send anything that way; the edges forward no packets.
    inside harbor ip route add default via 10.1.0.2
    inside island ip route add default via 10.2.0.2
}

# MARK: Processes

# start NAME SPACE COMMAND...: in the background, with a log of that name.
start() {
    local name=$1 space=$2
    shift 2
    show "$space" "$* &"
    # In a session of its own: Ctrl-C ends the demo, and the demo ends the rest.
    ip netns exec "$tag-$space" setsid "$@" </dev/null >>"$name.log" 2>&1 &
    pid[$name]=$!
}

stop() {
    local process=${pid[$1]-}
    [ -n "$process" ] || return 0
    unset "pid[$1]"
    { kill "$process" && wait "$process"; } 2>/dev/null || true
}

# Runs hawser at a cluster, and shows it.
run() {
    local cluster=$1
    shift
    show "$cluster" "hawser $*"
    at "$cluster" "$@"
}

at() {
    local cluster=$1
    shift
    HAWSER_HTTP_ADDR=${api[$cluster]} inside "$cluster" hawser "$@"
}

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
    local deadline=$(($(now_ms) + $1 * 1000)) seconds=$1 what=$2
    shift 2
    until "$@" >/dev/null 2>&1; do
        [ "$(now_ms)" -lt "$deadline" ] || die "after $seconds s it is not yet so that $what."
        sleep 0.05
    done
}

cleanup() {
    local status=$? name space
    trap - EXIT
    for name in "${!pid[@]}"; do stop "$name"; done
    for space in "${spaces[@]}"; do ip netns delete "$tag-$space" 2>/dev/null || true; done
    cd /
    rm -rf "$work"
    exit "$status"
}

# MARK: The demo

check_rights() {
    command -v ip >/dev/null || die "there is no ip command: install iproute2."
    [ "$(id --user)" -eq 0 ] || die "network namespaces take root: sudo make demo-gateways."
    ip netns add "$tag-try" 2>"$work/netns.txt" || die "this machine makes no network namespaces: $(<"$work/netns.txt")"
    ip netns delete "$tag-try"
}

# gateway_file CLUSTER LAN WAN PORT: the gateway as a service of its cluster.
gateway_file() {
    cat >"$1/gateway.yaml" <<YAML
service:
  name: mesh-gateway
  kind: mesh-gateway
  port: $4
  tagged_addresses: {lan: {address: $2, port: $4}, wan: {address: $3, port: $4}}
YAML
}

prepare() {
    local cluster
    for cluster in harbor island; do
        cp -R "$demo/$cluster" "$work/$cluster"
        cat >"$cluster/mesh.yaml" <<'YAML'
Kind: mesh
Peering: {PeerThroughMeshGateways: true}
YAML
    done
    gateway_file harbor 10.1.0.2 192.0.2.1 8443
    gateway_file island 10.2.0.2 192.0.2.2 8443
}

start_cluster() {
    local cluster=$1 host=${api[$1]%:*}
    start "$cluster" "$cluster" hawser agent -config-dir "$cluster" -data-dir "$cluster.data" -bind "$host" -client "$host"
    wait_for 10 "$cluster answers" at "$cluster" peering list
}

start_gateway() {
    local name=$1 cluster=$2 port=$3
    start "$name" "$cluster-edge" hawser gateway -listen "0.0.0.0:$port" -follow -http-addr "${api[$cluster]}" \
        -log-level debug -drain 1
    wait_for 10 "the gateway has its routes" grep --quiet 'the gateway has' "$name.log"
}

is_active() { at "$1" peering read -name "$2" | grep --quiet '^State: *ACTIVE'; }

cannot_reach() {
    show "$1" "timeout 1 bash -c 'exec 3<>/dev/tcp/$2/$3'"
    if inside "$1" timeout 1 bash -c "exec 3<>/dev/tcp/$2/$3" 2>/dev/null; then
        die "$1 reaches $2:$3, and should not."
    fi
    note "$1 does not reach $2:$3."
}

introduce() {
    say "Two clusters that cannot see each other, and a gateway at the edge of each."
    start_cluster harbor
    start_cluster island
    start_gateway harbor-gateway harbor 8443
    start_gateway island-gateway island 8443
    cannot_reach island 10.1.0.1 8503
    cannot_reach island 192.0.2.1 8443

    say "harbor's token names its gateway; island redeems it through both."
    show harbor "hawser peering generate-token -name island > token"
    at harbor peering generate-token -name island >token
    show harbor "base64 -d token"
    note "$(base64 -d token | grep --only-matching --extended-regexp '"Server(Addresses|Name)":[^,]*' | paste --serial --delimiters=' ')"
    run island peering establish -name harbor -peering-token-file token --wait
    rm token
    wait_for 10 "the peering is ACTIVE" is_active island harbor
    run island catalog services -peer harbor
    show island "hawser peering read -name harbor"
    at island peering read -name harbor | grep --extended-regexp '^(State|Dialed|    192)'
}

show_what_is_seen() {
    say "What harbor's gateway saw: server names and numbers of bytes. It has no key, so there is no more to see."
    show harbor-edge "grep forwarded harbor-gateway.log"
    grep --extended-regexp 'forwarded|has ended' harbor-gateway.log | sed 's/^[^ ]* //'
}

replace_gateway() {
    local before
    say "harbor gets another gateway, and the old one goes; island is told, and comes back through the new one."
    start_gateway harbor-gateway-2 harbor 9443
    gateway_file harbor 10.1.0.2 192.0.2.1 9443
    run harbor reload
    wait_for 10 "island has the new address" sh -c "$(declare -f at inside); tag=$tag; HAWSER_HTTP_ADDR=${api[island]} ip netns exec $tag-island hawser peering read -name harbor | grep --quiet 192.0.2.1:9443"
    show island "hawser peering read -name harbor"
    at island peering read -name harbor | grep --extended-regexp '^(State|Dialed|    192)'
    before=$(now_ms)
    show harbor-edge "kill ${pid[harbor-gateway]}"
    stop harbor-gateway
    wait_for 30 "the new gateway forwards" grep --quiet 'is forwarded' harbor-gateway-2.log
    wait_for 30 "the peering is ACTIVE again" is_active island harbor
    note "back through the new gateway $(($(now_ms) - before)) ms after the old one was told to go."
    run island peering list
}

umask 077
work=$(mktemp --directory "${TMPDIR:-/tmp}/hawser-demo.XXXXXX")
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

check_rights
build
cd "$work"
prepare
make_network
introduce
show_what_is_seen
replace_gateway
