# SPDX-License-Identifier: MIT
# bash completion for ddb-local: its options, as its help has them, and what
# they take.

_ddb_local()
{
    local cur=${COMP_WORDS[COMP_CWORD]}
    local prev=${COMP_WORDS[COMP_CWORD - 1]}
    local help words=

    # bash takes "--name=value" apart.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = && COMP_CWORD -gt 1 ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    help=$("$1" --help 2>/dev/null)
    COMPREPLY=()
    case $prev in
    --file | --tls-cert | --tls-key | --credentials | --access-log)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --sync) words="full normal off" ;;
    --bind) words="127.0.0.1 ::1 0.0.0.0" ;;
    *)
        # All others that take something: nothing is known of it.
        if [[ $cur == -* ]] || ! grep -q -e "^  $prev [A-Z]" <<<"$help"; then
            words=$(sed -n 's/^  \(--[a-z-]*\).*/\1/p' <<<"$help")
        fi
        ;;
    esac
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _ddb_local ddb-local
