# What the demos share; they source it. They set `root` and `work`, and have a `die SENTENCE`.
# shellcheck shell=bash
# What is used here and set there:
# shellcheck disable=SC2154

step=0

if [ -t 1 ] && [ -z "${NO_COLOR:-}" ]; then bold=$'\e[1m' dim=$'\e[2m' plain=$'\e[0m'; else bold='' dim='' plain=''; fi

# The headline of a step.
say() {
    step=$((step + 1))
    printf '\n%s%d. %s%s\n' "$bold" "$step" "$1" "$plain"
}

# A remark below the output of a command.
note() { printf '%s-- %s%s\n' "$dim" "$1" "$plain"; }

# A command as it stands in the shell of one of the two clusters.
show() { printf '%s%s$%s %s\n' "$dim" "$1" "$plain" "$2"; }

# Milliseconds, for measuring.
now_ms() { echo $(($(date +%s%N) / 1000000)); }

# Puts hawser on PATH: the program that HAWSER names, or one that is built.
build() {
    if [ -n "${HAWSER:-}" ]; then
        program=$HAWSER
    elif [ -t 1 ]; then
        echo "Building hawser (from nothing this takes a few minutes)."
        "$root/Deploy/dev/build.sh" debug
    else
        echo "Building hawser (from nothing this takes a few minutes)."
        "$root/Deploy/dev/build.sh" debug >"$work/build.log" 2>&1 || {
            cat "$work/build.log" >&2
            echo "The demo failed: hawser could not be built." >&2
            exit 1
        }
    fi
    program=${program:-$(cd "$root" && swift build --product hawser --show-bin-path)/hawser}
    [ -x "$program" ] || die "$program is no program."
    mkdir "$work/bin"
    ln -s "$program" "$work/bin/hawser"
    PATH=$work/bin:$PATH
}
