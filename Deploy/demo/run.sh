#!/usr/bin/env bash
# Ties two clusters together on this machine: starts a daemon for harbor and one for island, hands a token over, and
# shows services cross, a change arrive, and the peering survive `kill -9`. Every command that is shown is really run,
# and what stands below it is its output.
#
#   KEEP=1           leaves both daemons running and prints what to try next
#   HAWSER=/PATH/TO  uses that program instead of building one
set -euo pipefail

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
demo=$root/Deploy/demo
keep=${KEEP:-}
declare -A http=() tls=() pid=()
watcher=

# shellcheck source=Deploy/demo/common.sh
source "$demo/common.sh"

# MARK: Commands

# Runs hawser against the daemon of a cluster.
at() {
    local cluster=$1
    shift
    HAWSER_HTTP_ADDR=127.0.0.1:${http[$cluster]} hawser "$@"
}

# The same, shown.
run() {
    local cluster=$1
    shift
    show "$cluster" "hawser $*"
    at "$cluster" "$@"
}

die() {
    local cluster
    printf '\nThe demo failed: %s\n' "$1" >&2
    for cluster in harbor island; do
        [ -s "$work/$cluster.log" ] || continue
        printf '\nThe last lines of %s:\n' "$cluster.log" >&2
        tail -n 20 "$work/$cluster.log" >&2
    done
    exit 1
}

# MARK: Waiting, always with an end

# wait_for SECONDS WHAT COMMAND...: until the command succeeds.
wait_for() {
    local seconds=$1 what=$2 cluster deadline
    shift 2
    deadline=$(($(now_ms) + seconds * 1000))
    until "$@"; do
        for cluster in "${!pid[@]}"; do
            kill -0 "${pid[$cluster]}" 2>/dev/null || die "the daemon of $cluster ended while waiting until $what."
        done
        [ "$(now_ms)" -lt "$deadline" ] || die "after $seconds s it is not yet so that $what."
        sleep 0.05
    done
}

answers() { at "$1" peering list >/dev/null 2>&1; }

# peering CLUSTER PEER: its state and the numbers of imported and exported services.
peering() { at "$1" peering list 2>/dev/null | awk -v peer="$2" '$1 == peer { print $2, $3, $4 }'; }

# Whether both sides are active and each has imported all that the other says it exports.
in_step() {
    local here there
    read -r -a here < <(peering harbor island) || return 1
    read -r -a there < <(peering island harbor) || return 1
    [ "${here[0]} ${there[0]}" = "ACTIVE ACTIVE" ] && [ "${here[1]}" -gt 0 ] && [ "${there[1]}" -gt 0 ] &&
        [ "${here[1]}" = "${there[2]}" ] && [ "${there[1]}" = "${here[2]}" ]
}

# MARK: Daemons

in_use() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# Sets `port` to one that nobody listens on, below those that the kernel gives to outgoing connections.
pick_port() {
    for _ in {1..100}; do
        port=$((20000 + (RANDOM * 32768 + RANDOM) % 12000))
        [[ " ${http[*]-} ${tls[*]-} " != *" $port "* ]] && ! in_use "$port" && return
    done
    die "no free port was found on 127.0.0.1."
}

start() {
    local cluster=$1 arguments
    arguments=(agent -config-dir "$cluster" -data-dir "$cluster.data" -bind 127.0.0.1
        -http-port "${http[$cluster]}" -grpc-tls-port "${tls[$cluster]}")
    show "$cluster" "hawser ${arguments[*]} &"
    # In a session of its own: Ctrl-C ends the demo, and the demo ends the daemons.
    setsid hawser "${arguments[@]}" </dev/null >>"$cluster.log" 2>&1 &
    pid[$cluster]=$!
}

# stop CLUSTER SIGNAL: sends it and waits for the end; a daemon that does not heed it in 5 s is killed.
stop() {
    local cluster=$1 process=${pid[$1]-}
    [ -n "$process" ] || return 0
    unset "pid[$cluster]"
    {
        kill -s "$2" "$process" || true
        for _ in {1..100}; do
            kill -0 "$process" || break
            sleep 0.05
        done
        kill -s KILL "$process" || true
        wait "$process" || true
    } 2>/dev/null
}

start_watch() {
    : >changes.jsonl
    show island "hawser watch -peer harbor -format jsonl > changes.jsonl &"
    HAWSER_HTTP_ADDR=127.0.0.1:${http[island]} hawser watch -peer harbor -format jsonl >changes.jsonl 2>watch.log &
    watcher=$!
    wait_for 5 "hawser watch shows what is imported" grep --quiet '"present":true' changes.jsonl
}

stop_watch() {
    [ -n "$watcher" ] || return 0
    { kill "$watcher" && wait "$watcher"; } 2>/dev/null || true
    watcher=
}

# The newest line of the watch in which berths came to have so many instances.
arrival() {
    arrived=$(grep '"name":"berths"' changes.jsonl | grep --invert-match '"present"' |
        grep --extended-regexp "\"new\":$1[,}]" | tail -n 1)
}

# Reloads harbor and shows the change of berths arrive at island.
reload_and_measure() {
    local instances=$1 before after event
    before=$(now_ms)
    run harbor reload
    after=$(now_ms)
    wait_for 10 "island sees $instances instances of berths" arrival "$instances"
    show island "tail -n 1 changes.jsonl"
    printf '%s\n' "$arrived"
    event=$(sed -nE 's/.*"time":"([^"]+)".*/\1/p' <<<"$arrived")
    event=$(($(date --date="$event" +%s%N) / 1000000))
    note "island had it $((event - before)) ms after \`hawser reload\` was typed, the start of the command included; it returned after $((after - before)) ms."
}

cleanup() {
    local status=$?
    trap - EXIT
    stop_watch
    if [ -n "$keep" ] && [ "$status" -eq 0 ]; then return; fi
    stop harbor TERM
    stop island TERM
    cd /
    rm -rf "$work"
    exit "$status"
}

# MARK: The demo

prepare() {
    local cluster port
    for cluster in harbor island; do
        cp -R "$demo/$cluster" "$work/$cluster"
        pick_port && http[$cluster]=$port
        pick_port && tls[$cluster]=$port
    done
}

introduce() {
    say "One daemon for each cluster: harbor (dc1) and island (dc2)."
    start harbor
    start island
    wait_for 10 "harbor answers" answers harbor
    wait_for 10 "island answers" answers island

    say "harbor makes a token for island. It is a secret that works once, so it goes through a file."
    show harbor "hawser peering generate-token -name island > token"
    at harbor peering generate-token -name island >token
    note "$(wc -c <token) characters of base64; this terminal need not see them."

    say "island redeems it and dials harbor."
    run island peering establish -name harbor -peering-token-file token --wait
    rm token
    wait_for 10 "both sides are ACTIVE and have all that the other exports" in_step
}

show_imports() {
    say "Both sides are ACTIVE, and each has the services that the other exports to it."
    run harbor peering list
    run island peering list
    run harbor catalog services -peer island
    run island catalog services -peer harbor
}

change_a_file() {
    say "A fourth instance of berths goes into a file at harbor; island watches."
    start_watch
    cat >>harbor/berths.yaml <<'YAML'
  - name: berths
    id: berths-4
    address: 10.1.0.14
    port: 8080
    tags: [http, v2]
    check: {name: ready, ttl: 24h, status: passing}
YAML
    show harbor "tail -n 6 harbor/berths.yaml"
    tail -n 6 harbor/berths.yaml
    reload_and_measure 4
}

kill_and_return() {
    local before killed
    say "island's daemon is killed without warning, and started again."
    { at harbor catalog services -peer island && at island catalog services -peer harbor; } >before.txt
    stop_watch
    show island "kill -9 ${pid[island]}"
    stop island KILL
    killed=$(now_ms)
    start island
    wait_for 10 "island answers again" answers island
    wait_for 30 "the peering is back and both sides have all that the other exports" in_step
    before=$(($(now_ms) - killed))
    run island peering list
    { at harbor catalog services -peer island && at island catalog services -peer harbor; } >after.txt
    diff before.txt after.txt >lost.txt || die "the services before and after differ:"$'\n'"$(<lost.txt)"
    note "back by itself after $before ms, the daemon's own start included; $(grep --count --invert-match '^Name ' after.txt) imported services before, the same after."

    say "And the stream carries changes again: the fourth instance goes away."
    start_watch
    cp "$demo/harbor/berths.yaml" harbor/berths.yaml
    reload_and_measure 3
}

print_next() {
    cat <<NEXT

${bold}Both daemons keep running in $work. To go on:${plain}

  cd $work
  export PATH=$work/bin:\$PATH
  export HAWSER_HTTP_ADDR=127.0.0.1:${http[island]}                # island; harbor is 127.0.0.1:${http[harbor]}
  hawser peering read -name harbor                       # what island knows of the peering
  hawser watch                                           # every change as it arrives; in another terminal:
  \$EDITOR harbor/berths.yaml && hawser reload -http-addr 127.0.0.1:${http[harbor]}
  hawser config list -kind exported-services             # who may see what
  curl "http://127.0.0.1:${http[island]}/v1/health/service/berths?peer=harbor"
  tail -f harbor.log island.log

To stop both:  kill ${pid[harbor]} ${pid[island]}; sleep 1; rm -r $work
NEXT
}

umask 077
work=$(mktemp --directory "${TMPDIR:-/tmp}/hawser-demo.XXXXXX")
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

build
cd "$work"
prepare
started=$(now_ms)
introduce
show_imports
change_a_file
kill_and_return
printf '\n%sAll of it took %d s.%s\n' "$bold" $((($(now_ms) - started + 500) / 1000)) "$plain"
if [ -n "$keep" ]; then print_next; else echo "\`make demo KEEP=1\` leaves both daemons running and prints what to try next."; fi
