# bash completion for scrubjayctl; needs nothing but bash

# Ids of the newest sessions, projects, rules and secrets, as the archive has them.
_scrubjayctl_ids() {
    scrubjayctl sessions --limit 200 --json 2>/dev/null | sed -n 's/^ *{"id":"\([^"]*\)".*/\1/p'
}

_scrubjayctl_projects() {
    scrubjayctl sessions --limit 1000 --json 2>/dev/null | sed -n 's/.*"project":"\([^"]*\)".*/\1/p' | sort -u
}

_scrubjayctl_rules() {
    scrubjayctl rules list --json 2>/dev/null | sed -n 's/.*"id": *"\([^"]*\)".*/\1/p'
}

_scrubjayctl_secrets() {
    scrubjayctl findings --all --json 2>/dev/null | sed -n 's/.*"fingerprint":"\([^"]*\)".*/\1/p'
}

_scrubjayctl_complete() {
    local IFS=$'\n'
    COMPREPLY=($(compgen -W "$1" -- "$current"))
}

_scrubjayctl() {
    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD - 1]} command= options= i
    local common=$'--archive\n--config\n--help'

    # "--option=value" comes as three words
    if [ "$current" = "=" ]; then
        current=
    elif [ "$previous" = "=" ]; then
        previous=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        --archive | --config) ((i++)) ;;
        -* | =) ;;
        *) command=${COMP_WORDS[i]}; break ;;
        esac
    done

    case $previous in
    --archive | --config) COMPREPLY=($(compgen -f -- "$current")); return ;;
    --session)
        # of "mask" it is a flag
        [ "$command" = mask ] || { _scrubjayctl_complete "$(_scrubjayctl_ids)"; return; }
        ;;
    --project) _scrubjayctl_complete "$(_scrubjayctl_projects)"; return ;;
    --rule) _scrubjayctl_complete "$(_scrubjayctl_rules)"; return ;;
    --by)
        [ "$command" = stats ] && options=$'week\nagent\nproject' || options=$'secret\nrule\nproject\nsession\nday'
        _scrubjayctl_complete "$options"
        return
        ;;
    --since) _scrubjayctl_complete $'today\nyesterday\n7d\n30d'; return ;;
    --agent) _scrubjayctl_complete $'claude\ncodex\ngemini'; return ;;
    --limit) return ;;
    esac

    case $command in
    "") options=$'status\nsync\nresync\nwatch\nlog-level\ndoctor\nremote\nsessions\nshow\nsearch\nblame\nfindings\nstats\nshare\nmcp\nexport\nstate\nverify\nmask\nrules\n--archive\n--config\n--help\n--version' ;;
    status | sync | watch | doctor) options=$'--json\n'$common ;;
    resync) options=$'--identity\n--no-wait\n--json\n'$common ;;
    log-level) options=$'emerg\nalert\ncrit\nerr\nwarning\nnotice\ninfo\ndebug\n--json\n'$common ;;
    sessions) options=$'--project\n--agent\n--since\n--starred\n--commit\n--pr\n--sort\n--limit\n--json\n'$common ;;
    show)
        options=$'--message\n--around\n--tools\n--json\n--markdown\n--no-pager\n'$common
        [[ $current = -* ]] || options=$(_scrubjayctl_ids)
        ;;
    search) options=$'--session\n--project\n--agent\n--role\n--in\n--since\n--until\n--limit\n--json\n'$common ;;
    blame)
        options=$'--json\n'$common
        [[ $current = -* ]] || { COMPREPLY=($(compgen -f -- "$current")); return; }
        ;;
    findings)
        options=$'ack\n--all\n--by\n--places\n--rule\n--project\n--session\n--since\n--limit\n--json\n--sarif\n--baseline\n--note\n--undo\n'$common
        [ "$previous" != ack ] || options=$(_scrubjayctl_secrets)
        ;;
    stats) options=$'--by\n--project\n--agent\n--since\n--limit\n--json\n'$common ;;
    share)
        options=$'--output\n--yes\n'$common
        [[ $current = -* ]] || options=$(_scrubjayctl_ids)
        ;;
    mcp) options=$common ;;
    export)
        options=$'--jsonl\n--markdown\n--agentsview\n--project\n--agent\n--since\n--starred\n--trash\n'$common
        [[ $current = -* ]] || { COMPREPLY=($(compgen -d -- "$current")); return; }
        ;;
    state)
        options=$'export\nimport\n'$common
        [ "$previous" != export ] && [ "$previous" != import ] || { COMPREPLY=($(compgen -f -- "$current")); return; }
        ;;
    remote) options=$'list\npreview\ncheck\nresend\nsetup\n--json\n--print\n--limit\n'$common ;;
    mask) options=$'--jsonl\n--session\n--check\n--explain\n'$common ;;
    verify) options=$'--integrity\n--json\n'$common ;;
    rules)
        options=$'list\nshow\ntest\nexplain\n--json\n--values\n'$common
        case $previous in
        show) options=$(_scrubjayctl_rules) ;;
        test | explain) COMPREPLY=($(compgen -f -- "$current")); return ;;
        esac
        ;;
    esac
    _scrubjayctl_complete "$options"
    # an id may hold a colon, at which bash breaks words
    if [[ $current = *:* ]] && declare -F __ltrim_colon_completions >/dev/null; then
        __ltrim_colon_completions "$current"
    fi
}

complete -F _scrubjayctl scrubjayctl
