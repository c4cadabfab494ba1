#!/usr/bin/env bash
# shellcheck disable=SC2034 # Deploy/dev/fuzz.sh reads these
# The reader and the formatter of HCL.
modules=(Domain/DocumentCore Domain/HCL)
sources=()
# Short texts reach everything; what one of them may allocate is far below what libFuzzer itself takes.
options=(-max_len=2000 -malloc_limit_mb=64 -rss_limit_mb=1024)

seeds() { cp Tests/Fuzz/hcl/seeds/* "$1"; }
