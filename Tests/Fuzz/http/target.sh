#!/usr/bin/env bash
# shellcheck disable=SC2034 # Deploy/dev/fuzz.sh reads these
# What reads requests to the HTTP API: targets, filters and bodies.
modules=(Domain/{DocumentCore,HCL,CatalogCore,IdentityCore,PeeringCore,ACLCore,ConfigCore,FilterCore})
# What of the API needs no server.
sources=(
    Sources/Service/HTTPService/API/{RequestTarget,RoutePattern,RequestBody,ACLBodies,PeeringBody,CAConfigurationBody}.swift
    Sources/Service/HTTPService/Query/{RequestFilter,FilterShapes}.swift
    Sources/Service/HTTPService/JSON/{InstanceJSON,CatalogEntries}.swift
    Tests/Fuzz/hcl/ProblemCheck.swift
)
# What is made once lives for ever, behind pointers that the finder of leaks does not follow.
options=(-max_len=4000 -malloc_limit_mb=64 -rss_limit_mb=1024)
ASAN_OPTIONS=detect_leaks=0${ASAN_OPTIONS:+:$ASAN_OPTIONS}

# The first letter of its folder says who reads a seed.
seeds() {
    local folder seed
    for folder in Tests/Fuzz/http/seeds/*/; do
        folder=$(basename "$folder")
        for seed in "Tests/Fuzz/http/seeds/$folder"/*; do
            { printf %s "${folder:0:1}"; cat "$seed"; } >"$1/$folder-$(basename "$seed")"
        done
    done
}
