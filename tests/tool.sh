# SPDX-License-Identifier: MIT
# What the checks of the tool share; sourced by bash.  DDB is the tool.  Each
# check works in a table of its own and ends with "report".
set -u

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
passed=0
failed=0
export DDB_TABLE="tool_$$" DDB_NAMESPACE=tool

ok() {
    passed=$((passed + 1))
}
fail() {
    failed=$((failed + 1))
    echo "FAILED: $*"
    head -n 5 "$work/err" | cut -c1-300 | sed 's/^/    stderr: /'
}
# ddb ARGUMENT...: what it writes goes into files
ddb() {
    # shellcheck disable=SC2086 # a wrapper may have words
    $DDB "$@" >"$work/out" 2>"$work/err"
}
# judge STATUS WANTED WHAT
judge() {
    if [ "$1" -ne "$2" ]; then
        fail "$3: exit status $1, not $2"
    elif [ "$1" -ne 0 ] && { [ "$(wc -l <"$work/err")" -ne 1 ] ||
        ! grep -q '^ddb: ' "$work/err"; }; then
        fail "$3: not one line that begins with ddb:"
    else
        ok
    fi
}
# does STATUS ARGUMENT...
does() {
    local want=$1
    shift
    ddb "$@" </dev/null
    judge $? "$want" "ddb $*"
}
# fed TEXT STATUS ARGUMENT...: the same with this input (of printf %b)
fed() {
    local text=$1 want=$2
    shift 2
    printf %b "$text" >"$work/in"
    ddb "$@" <"$work/in"
    judge $? "$want" "ddb $* < $text"
}
# wrote TEXT: the last one wrote exactly this (of printf %b)
wrote() {
    printf %b "$1" >"$work/want"
    if cmp -s "$work/want" "$work/out"; then
        ok
    else
        fail "wrote $(head -c 300 "$work/out" | od -An -c | head -n 5)," \
            "not $1"
    fi
}
# gives TEXT ARGUMENT...: done, and wrote exactly this
gives() {
    local want=$1
    shift
    does 0 "$@"
    wrote "$want"
}
# says TEXT: the last error has it
says() {
    if grep -qF -e "$1" "$work/err"; then ok; else fail "does not say: $1"; fi
}
# quiet: nothing on stderr
quiet() {
    if [ -s "$work/err" ]; then fail "$1: not quiet"; else ok; fi
}
# has TEXT: the output has it
has() {
    if grep -qF -e "$1" "$work/out"; then ok; else fail "no $1 in output"; fi
}
# check WHAT COMMAND...
check() {
    local what=$1
    shift
    if "$@" >/dev/null 2>"$work/err"; then ok; else fail "$what"; fi
}
# on_terminal COMMAND: there, with our own input typed
on_terminal() {
    script -qec "$*" /dev/null >"$work/out" 2>"$work/err"
}
# report: the last line, and the check's exit status
report() {
    echo "$passed passed, $failed failed"
    [ $failed -eq 0 ]
}
