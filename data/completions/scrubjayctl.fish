# fish completion for scrubjayctl

function __scrubjayctl_ids
    scrubjayctl sessions --limit 200 --json 2>/dev/null | string replace -rf '^ *\{"id":"([^"]*)".*' '$1'
end

function __scrubjayctl_projects
    scrubjayctl sessions --limit 1000 --json 2>/dev/null | string replace -rf '.*"project":"([^"]*)".*' '$1' | sort -u
end

function __scrubjayctl_rules
    scrubjayctl rules list --json 2>/dev/null | string replace -rf '.*"id": *"([^"]*)".*' '$1'
end

function __scrubjayctl_secrets
    scrubjayctl findings --all --json 2>/dev/null | string replace -rf '.*"fingerprint":"([^"]*)".*' '$1'
end

function __scrubjayctl_on
    __fish_seen_subcommand_from $argv
end

complete -c scrubjayctl -f
complete -c scrubjayctl -l archive -r -F -d 'read this archive'
complete -c scrubjayctl -l config -r -F -d 'use this settings file only'
complete -c scrubjayctl -l help -d 'show help'
complete -c scrubjayctl -n __fish_use_subcommand -l version -d 'show the version'

complete -c scrubjayctl -n __fish_use_subcommand -a status -d 'what runs, what is archived, what to do'
complete -c scrubjayctl -n __fish_use_subcommand -a sync -d 'sync now, and wait for it'
complete -c scrubjayctl -n __fish_use_subcommand -a resync -d 'mask and sync every session again'
complete -c scrubjayctl -n __fish_use_subcommand -a watch -d 'follow syncs and found secrets live'
complete -c scrubjayctl -n __fish_use_subcommand -a log-level -d 'show or set how much is logged'
complete -c scrubjayctl -n __fish_use_subcommand -a doctor -d 'check settings, files and service'
complete -c scrubjayctl -n __fish_use_subcommand -a remote -d 'list and check the remotes'
complete -c scrubjayctl -n __fish_use_subcommand -a sessions -d 'list sessions'
complete -c scrubjayctl -n __fish_use_subcommand -a show -d 'read a session'
complete -c scrubjayctl -n __fish_use_subcommand -a search -d 'search in all sessions'
complete -c scrubjayctl -n __fish_use_subcommand -a blame -d 'which session wrote a file, or a line'
complete -c scrubjayctl -n __fish_use_subcommand -a findings -d 'which secrets were masked, and where'
complete -c scrubjayctl -n __fish_use_subcommand -a stats -d 'how much there is, by week, agent and project'
complete -c scrubjayctl -n __fish_use_subcommand -a share -d 'write a session as a page to give away'
complete -c scrubjayctl -n __fish_use_subcommand -a mcp -d 'give a model the archive to read'
complete -c scrubjayctl -n __fish_use_subcommand -a export -d 'write the archive as JSON, Markdown, agentsview'
complete -c scrubjayctl -n __fish_use_subcommand -a state -d 'export or import the sync state'
complete -c scrubjayctl -n __fish_use_subcommand -a verify -d 'look for secrets that are still there'
complete -c scrubjayctl -n __fish_use_subcommand -a mask -d 'mask text from standard input'
complete -c scrubjayctl -n __fish_use_subcommand -a rules -d 'list and test the rules'

set -l json status sync resync watch log-level doctor sessions show search blame findings stats rules verify
set -l filtered sessions findings stats search export
complete -c scrubjayctl -n "__scrubjayctl_on $json" -l json -d 'print JSON'
complete -c scrubjayctl -n "__scrubjayctl_on $filtered" -l project -x -a '(__scrubjayctl_projects)' -d 'of this project'
complete -c scrubjayctl -n '__scrubjayctl_on sessions stats export search' -l agent -x -a 'claude codex gemini' -d 'of this agent'
complete -c scrubjayctl -n '__scrubjayctl_on sessions stats export findings search' -l since -x -a 'today yesterday 7d 30d' -d 'since then'
complete -c scrubjayctl -n '__scrubjayctl_on sessions export' -l starred -d 'with a star'
complete -c scrubjayctl -n '__scrubjayctl_on export' -l trash -d 'those in the trash as well'
complete -c scrubjayctl -n '__scrubjayctl_on sessions stats findings search' -l limit -x -d 'at most so many'
complete -c scrubjayctl -n '__scrubjayctl_on findings search' -l session -x -a '(__scrubjayctl_ids)' -d 'of this session'
complete -c scrubjayctl -n '__scrubjayctl_on sessions' -l commit -x -d 'that made this commit'
complete -c scrubjayctl -n '__scrubjayctl_on sessions' -l pr -x -d 'with this pull request'
complete -c scrubjayctl -n '__scrubjayctl_on sessions' -l sort -x -a 'activity started messages masked' -d 'sort by'
complete -c scrubjayctl -n '__scrubjayctl_on search' -l until -x -a 'today yesterday 7d 30d' -d 'before then'
complete -c scrubjayctl -n '__scrubjayctl_on search' -l role -x -a 'user assistant' -d 'said by'
complete -c scrubjayctl -n '__scrubjayctl_on search' -l in -x -a 'text thinking tool' -d 'in this part only'
complete -c scrubjayctl -n '__scrubjayctl_on blame' -F
complete -c scrubjayctl -n '__scrubjayctl_on share' -a '(__scrubjayctl_ids)'
complete -c scrubjayctl -n '__scrubjayctl_on share' -l output -r -d 'write it there'
complete -c scrubjayctl -n '__scrubjayctl_on share' -l yes -d 'do not ask'
complete -c scrubjayctl -n '__scrubjayctl_on show' -l message -x -d 'this message and those around it'
complete -c scrubjayctl -n '__scrubjayctl_on show' -l around -x -d 'how many around it'
complete -c scrubjayctl -n '__scrubjayctl_on show' -l tools -x -a 'all names none' -d 'tool calls'
complete -c scrubjayctl -n '__scrubjayctl_on resync' -l identity -d 'user and machine of today for earlier sessions, too'
complete -c scrubjayctl -n '__scrubjayctl_on resync' -l no-wait -d 'return once it has started'
complete -c scrubjayctl -n '__scrubjayctl_on show; and not __scrubjayctl_on rules' -a '(__scrubjayctl_ids)'
complete -c scrubjayctl -n '__scrubjayctl_on show' -l markdown -d 'print Markdown'
complete -c scrubjayctl -n '__scrubjayctl_on show' -l no-pager -d 'do not start a pager'
complete -c scrubjayctl -n '__scrubjayctl_on findings' -l by -x -a 'secret rule project session day' -d 'count by'
complete -c scrubjayctl -n '__scrubjayctl_on stats' -l by -x -a 'week agent project' -d 'count by'
complete -c scrubjayctl -n '__scrubjayctl_on findings' -l places -d 'list every masked place'
complete -c scrubjayctl -n '__scrubjayctl_on findings' -l rule -x -a '(__scrubjayctl_rules)' -d 'of this rule'
complete -c scrubjayctl -n '__scrubjayctl_on findings' -l all -d 'those that are acknowledged as well'
complete -c scrubjayctl -n '__scrubjayctl_on findings' -l baseline -d 'acknowledge all that would be listed'
complete -c scrubjayctl -n '__scrubjayctl_on findings' -l note -x -d 'why'
complete -c scrubjayctl -n '__scrubjayctl_on findings' -l undo -d 'the secrets are open again'
complete -c scrubjayctl -n '__scrubjayctl_on findings; and not __scrubjayctl_on ack' -a ack
complete -c scrubjayctl -n '__scrubjayctl_on findings; and __scrubjayctl_on ack' -a '(__scrubjayctl_secrets)'
complete -c scrubjayctl -n '__scrubjayctl_on findings' -l sarif -d 'print SARIF 2.1.0'
complete -c scrubjayctl -n '__scrubjayctl_on export' -l jsonl -d 'a session a line as JSON'
complete -c scrubjayctl -n '__scrubjayctl_on export' -l markdown -d 'a Markdown file for each session'
complete -c scrubjayctl -n '__scrubjayctl_on export' -l agentsview -d 'a database that agentsview shows'
complete -c scrubjayctl -n '__scrubjayctl_on export' -a '(__fish_complete_directories)'
complete -c scrubjayctl -n '__scrubjayctl_on log-level' -a 'emerg alert crit err warning notice info debug'
complete -c scrubjayctl -n '__scrubjayctl_on state' -a 'export import'
complete -c scrubjayctl -n '__scrubjayctl_on state' -F
complete -c scrubjayctl -n '__scrubjayctl_on remote' -a 'list preview check resend setup'
complete -c scrubjayctl -n '__scrubjayctl_on mask' -l jsonl -d 'a JSON object a line'
complete -c scrubjayctl -n '__scrubjayctl_on mask' -l check -d 'exit 1 when there was a finding'
complete -c scrubjayctl -n '__scrubjayctl_on mask' -l explain -d 'why it is masked or stays'
complete -c scrubjayctl -n '__scrubjayctl_on mask' -l session -d 'the lines belong together'
complete -c scrubjayctl -n '__scrubjayctl_on rules' -a 'list show test explain'
complete -c scrubjayctl -n '__scrubjayctl_on rules' -l values -d 'print the values too'
complete -c scrubjayctl -n '__scrubjayctl_on rules; and __scrubjayctl_on show' -a '(__scrubjayctl_rules)'
complete -c scrubjayctl -n '__scrubjayctl_on rules; and __scrubjayctl_on test explain' -F
complete -c scrubjayctl -n '__scrubjayctl_on verify' -l integrity -d 'check the database file instead'
