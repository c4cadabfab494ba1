#!/usr/bin/env bash
# shellcheck disable=SC2034 # Deploy/dev/fuzz.sh reads these
# The parser of ClientHellos.
modules=()
# One module of all: the tests' helpers import nothing.
sources=(Sources/Protocol/ClientHello/*.swift Tests/Protocol/ClientHelloTests/{HelloBuilder,WholeHello}.swift)
# Some bytes over the limit are enough.
options=(-max_len=17000)

# The recorded hellos.
seeds() {
    for fixture in Tests/Fixtures/clienthello/*.hex; do
        # Two digits become one byte.
        bytes=$(tr --delete '[:space:]' <"$fixture" | sed 's/../\\x&/g')
        # shellcheck disable=SC2059 # the bytes are the format
        printf "$bytes" >"$1/$(basename "$fixture" .hex)"
    done
    # Parts of a hello, which the target puts in place: its name, its extensions, and the two that may come only once.
    local name='\0\0\0\x0e\0\x0c\0\0\x09a.example' protocols='\0\x10\0\5\0\3\2h2' padding='\0\x15\0\1\0'
    printf 'N\0www.example.com.' >"$1/name"
    # shellcheck disable=SC2059 # the bytes are the format
    printf "E\7$name$protocols$padding" >"$1/extensions"
    # shellcheck disable=SC2059
    printf "E\0$name$padding$name" >"$1/two-names"
    # shellcheck disable=SC2059
    printf "E\0$protocols$padding$protocols" >"$1/two-protocols"
}
