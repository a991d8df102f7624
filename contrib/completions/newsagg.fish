# Completion of newsagg(1) for fish 3.4 or newer. Install it as newsagg.fish into a directory of $fish_complete_path.

# The command on the line before the cursor.
function __newsagg_command
    set -l words (commandline -opc)
    set -e words[1]
    for word in $words
        switch $word
            case '-*'
            case '*'
                echo $word
                return 0
        end
    end
    return 1
end

function __newsagg_in
    contains -- "$(__newsagg_command)" $argv
end

# The names of the sources in the config.
function __newsagg_names
    set -l words (commandline -opc)
    set -l program $words[1]
    string match -q '~/*' -- $program; and set program $HOME/(string sub -s 3 -- $program)
    set -l config
    set -l next
    for word in $words
        if test -n "$next"
            set config -c $word
            set next
        else if string match -qr '^(-[a-z]*c|--config)$' -- $word
            set next yes
        else if string match -q -- '--config=*' $word
            set config -c (string replace -- '--config=' '' $word)
        end
    end
    set config (string replace -r '^~/' "$HOME/" -- $config)
    command $program status --json $config 2>/dev/null </dev/null | string replace -rf '^      "name": "([^"\\\\]*)",$' '$1\tin the config'
end

function __newsagg_words
    printf '%s\t%s\n' hn 'Hacker News' guardian 'The Guardian' newsapi NewsAPI - 'a feed on standard input'
    # Until a colon is typed, what follows it is only in the way.
    switch (commandline -ct)
        case '*:*'
            printf '%s\n' hn:{top,new,best,ask,show,job} newsapi:{us,business,entertainment,general,health,science,sports,technology}
    end
end

function __newsagg_types_a_path
    string match -qr '[/~]' -- (commandline -ct)
end

complete -c newsagg -f
complete -c newsagg -n 'not __newsagg_command' -s h -l help -d 'A summary'
complete -c newsagg -n 'not __newsagg_command' -s V -l version -d 'The version'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a once -d 'Ask every source once'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a run -d 'The same on a schedule, as a service'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a demo -d 'See it work against a made-up news web'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a check -d 'Is the config right, what would be asked'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a status -d 'What the last runs left behind'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a bench -d 'Sequential against concurrent, measured'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a import -d 'Make sources of an OPML list'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a export -d 'The feeds of the config as OPML'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a parse -d 'How newsagg reads a document'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a replay -d 'A recorded round again'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a help -d 'A summary of a command'

complete -c newsagg -n '__newsagg_in once run check status export' -s c -l config -rF -d 'The config'
complete -c newsagg -n '__newsagg_in once replay' -s o -l output -rF -d 'Write this file; - is stdout'
complete -c newsagg -n '__newsagg_in demo' -s o -l output -xa '(__fish_complete_directories)' -d 'Where the files go'
complete -c newsagg -n '__newsagg_in once replay' -s f -l format -xa 'jsonfeed jsonl atom rss tsv html opml text prometheus' -d 'How it is written'
complete -c newsagg -n '__newsagg_in once' -l limit -x -d 'Write at most so many items'
complete -c newsagg -n '__newsagg_in once' -l ages -d 'In text, how old instead of when'
complete -c newsagg -n '__newsagg_in once' -l new -d 'Only what was never printed before'
complete -c newsagg -n '__newsagg_in once' -l max-age -x -d 'Ask nobody if the last round is younger'
complete -c newsagg -n '__newsagg_in once' -l offline -d 'Ask nobody'
complete -c newsagg -n '__newsagg_in once' -l force -d 'Ask also who is not due'
complete -c newsagg -n '__newsagg_in once bench' -l workers -x -d 'At most so many requests in flight'
complete -c newsagg -n '__newsagg_in once' -l timeout -x -d 'For one request'
complete -c newsagg -n '__newsagg_in once' -l deadline -x -d 'For the round'
complete -c newsagg -n '__newsagg_in once' -l strict -d 'Exit with 3 if any source failed'
complete -c newsagg -n '__newsagg_in once' -l fail-fast -d 'Stop at the first failure'
complete -c newsagg -n '__newsagg_in once replay' -l report -rF -d 'Write what the round took'
complete -c newsagg -n '__newsagg_in once status replay' -l timeline -rF -d 'Draw the round'
complete -c newsagg -n '__newsagg_in once' -l record -rF -d 'Write all of the round, for replay'
complete -c newsagg -n '__newsagg_in check' -l online -d 'Ask each source once'
complete -c newsagg -n '__newsagg_in check' -l politeness -d 'Score what past runs did'
complete -c newsagg -n '__newsagg_in check status bench' -l json -d 'One JSON object'
complete -c newsagg -n '__newsagg_in status' -l max-age -x -d 'Exit with 1 if the last round is older'
complete -c newsagg -n '__newsagg_in once run demo check bench replay' -s q -l quiet -d 'Say only what went wrong'
complete -c newsagg -n '__newsagg_in once run demo check replay' -s v -l verbose -d 'A line for each source; twice, for each request'
complete -c newsagg -n '__newsagg_in bench' -l sources -x -d 'How many feeds'
complete -c newsagg -n '__newsagg_in bench' -l latency -x -d 'How long an answer takes at least'
complete -c newsagg -n '__newsagg_in bench' -l jitter -x -d 'So much longer at most'
complete -c newsagg -n '__newsagg_in bench' -l scenario -xa 'sequential threads concurrent unbounded bounded rate-limited slow-source degraded retry blocking large keep-alive tls' -d 'Only this one'
complete -c newsagg -n '__newsagg_in bench' -l runs -x -d 'Measure each row so often'
complete -c newsagg -n '__newsagg_in bench' -l explain -xa 'sequential threads concurrent unbounded bounded rate-limited slow-source degraded retry blocking large keep-alive tls' -d 'What a scenario shows'
complete -c newsagg -n '__newsagg_in bench' -l timeline -rF -d 'Draw when which request was under way'
complete -c newsagg -n '__newsagg_in bench' -l simulate -d 'In simulated time'
complete -c newsagg -n '__newsagg_in parse' -l kind -xa 'feed newsapi guardian hackernews github reddit stream' -d 'Read it as an answer of this kind'
complete -c newsagg -n '__newsagg_in parse' -l base -x -d 'Where it came from'
complete -c newsagg -n '__newsagg_in parse' -l content-type -xa 'application/rss+xml application/atom+xml application/feed+json application/json text/xml text/html' -d 'What it was served with'
complete -c newsagg -n '__newsagg_in once run demo check status bench import export parse replay' -s h -l help -d 'A summary'

complete -c newsagg -n '__newsagg_in once status' -a '(__newsagg_names)'
complete -c newsagg -n '__newsagg_in once' -a '(__newsagg_words)'
complete -c newsagg -n '__newsagg_in once; and __newsagg_types_a_path' -F
complete -c newsagg -n '__newsagg_in parse import replay' -F
