#!/usr/bin/env bash
# shellcheck disable=SC2034 # Deploy/dev/fuzz.sh reads these
# The reader of DNS queries and the writer of answers.
modules=()
# One module of all: the tests' helper imports nothing.
sources=(Sources/Protocol/DNSWire/*.swift Tests/Protocol/DNSWireTests/WholeMessage.swift)
# Longer ones hold more of the same.
options=(-max_len=1000)

seeds() {
    local question='\3Web\7service\6consul\0\0\x1c\0\1'
    # shellcheck disable=SC2059 # the bytes are the format
    printf "\0\1\1\0\0\1\0\0\0\0\0\0$question" >"$1/plain"
    # shellcheck disable=SC2059
    printf "\0\1\1 \0\1\0\0\0\0\0\1$question\0\0)\4\xd0\0\0\0\0\0\x0c\0\x0a\0\10abcdefgh" >"$1/extensions"
    # shellcheck disable=SC2059
    printf "\0\1\1\0\0\1\0\1\0\0\0\0$question\xc0\x10\0\6\0\1\0\0\0\0\0\2\xc0\x0c" >"$1/pointers"
    printf '\0\1)\0\0\1\0\0\0\0\0\0' >"$1/update"
}
