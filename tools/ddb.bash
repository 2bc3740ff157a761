# SPDX-License-Identifier: MIT
# bash completion for ddb: commands, their options, and what options take.
# Keys are not completed: that would ask the service on every tab.

_ddb()
{
    local cur=${COMP_WORDS[COMP_CWORD]}
    local prev=${COMP_WORDS[COMP_CWORD - 1]}
    local global="-e --endpoint -r --region -p --profile -t --table
        -n --namespace --shards --large --compress --allow-http -h --help
        --version"
    local command= operands=0 options= words= i word

    # bash takes "--name=value" apart.
    if [[ $cur == = ]]; then
        cur=
    elif [[ $prev == = && COMP_CWORD -gt 1 ]]; then
        prev=${COMP_WORDS[COMP_CWORD - 2]}
    fi

    # The command, and how many operands stand before the cursor.
    for ((i = 1; i < COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        case $word in
        -e | -r | -p | -t | -n | -o | -i | --endpoint | --region | \
            --profile | --table | --namespace | --output | --input | --ttl | \
            --cursor | --shards | --prefix | --limit | --billing | --rcu | --wcu)
            if [[ ${COMP_WORDS[i + 1]} == = ]]; then ((i++)); fi
            ((i++))
            ;;
        -?* | =) ;;
        *)
            if [[ -z $command ]]; then
                command=$word
            else
                ((operands++))
            fi
            ;;
        esac
    done

    COMPREPLY=()
    case $prev in
    -i | --input | -o | --output | --cursor)
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
        return
        ;;
    --billing)
        mapfile -t COMPREPLY < <(compgen -W "on-demand provisioned" -- "$cur")
        return
        ;;
    -e | --endpoint | -r | --region | -p | --profile | -t | --table | -n | \
        --namespace | --shards | --ttl | --prefix | --limit | --rcu | --wcu)
        return
        ;;
    esac

    case $command in
    '')
        words="get put del has pop incr touch ttl count keys export import
            clear namespaces table call"
        ;;
    get) options="-o --output" ;;
    pop) options="-o --output --create" ;;
    incr) options="--ttl --create" ;;
    touch) options="--ttl --create" ;;
    namespaces) options="-0 --null" ;;
    put)
        options="-i --input --ttl --if-absent --binary --create"
        ;;
    del | import) options="--create" ;;
    count) options="--prefix" ;;
    keys) options="--prefix --limit --reverse -0 --null --cursor" ;;
    clear) options="--expired --yes --create" ;;
    table)
        options="--billing --rcu --wcu --no-ttl"
        if ((operands == 0)); then words="create describe delete wait"; fi
        ;;
    call)
        if ((operands == 0)); then
            words="BatchGetItem BatchWriteItem CreateBackup CreateTable
                DeleteBackup DeleteItem DeleteTable DescribeBackup
                DescribeContinuousBackups DescribeEndpoints DescribeLimits
                DescribeTable DescribeTimeToLive ExecuteStatement GetItem
                ListBackups ListTables ListTagsOfResource PutItem Query
                RestoreTableFromBackup Scan TagResource TransactGetItems
                TransactWriteItems UntagResource UpdateContinuousBackups
                UpdateItem UpdateTable UpdateTimeToLive"
        elif [[ $cur == @* ]]; then
            compopt -o filenames 2>/dev/null
            mapfile -t COMPREPLY < <(compgen -f -P @ -- "${cur#@}")
            return
        fi
        ;;
    esac
    if [[ $cur == -* ]]; then words="$options $global"; fi
    mapfile -t COMPREPLY < <(compgen -W "$words" -- "$cur")
}

complete -F _ddb ddb
