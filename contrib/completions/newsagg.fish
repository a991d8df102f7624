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
    for word in - hn guardian newsapi hn:top hn:new hn:best hn:ask hn:show hn:job newsapi:us newsapi:business newsapi:entertainment newsapi:general newsapi:health newsapi:science newsapi:sports newsapi:technology
        # Until a colon is typed, what follows it is only in the way.
        switch (commandline -ct)$word
            case '*:*:*'
                echo $word
            case '*:*'
            case '*'
                echo $word
        end
    end
end

function __newsagg_types_a_path
    string match -qr '[/~]' -- (commandline -ct)
end

complete -c newsagg -f
complete -c newsagg -n 'not __newsagg_command' -s V -l version -d 'print the version'
complete -c newsagg -n 'not __newsagg_command' -s h -l help -d 'display usage information'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a once -d 'fetch every source that is due, merge the items, write the outputs'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a run -d 'do the same on a schedule, as a service'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a demo -d 'see it work in two seconds against an embedded news web'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a check -d 'read the config, print what is wrong or what would be fetched'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a status -d 'print how each source stands after the last runs'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a bench -d 'measure sequential against concurrent on the embedded news web'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a import -d 'make sources of an OPML subscription list'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a export -d 'print the feeds of the config as OPML'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a parse -d 'print how newsagg reads a document, as a line of JSON'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a replay -d 'do a round again, byte for byte, that `once --record` saw'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a man -d 'write the man pages into a folder'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a completions -d 'print the completion script of a shell'
complete -c newsagg -n 'not __newsagg_command; or __newsagg_in help' -a help -d 'print the help text of a command'
complete -c newsagg -n '__newsagg_in once' -s c -l config -r -F -d 'read this config instead of the first that `newsagg --help` lists'
complete -c newsagg -n '__newsagg_in once' -s o -l output -r -F -d 'write FILE instead of the outputs of the config'
complete -c newsagg -n '__newsagg_in once' -s f -l format -r -xa 'jsonfeed jsonl atom rss tsv html opml text prometheus' -d 'write this format, without `-o` to stdout'
complete -c newsagg -n '__newsagg_in once' -l limit -r -x -d 'write at most N items, 1 or more'
complete -c newsagg -n '__newsagg_in once' -l ages -d 'in text on stdout, print ages such as `3 h` instead of dates'
complete -c newsagg -n '__newsagg_in once' -l new -d 'print, or write with `-o`, only items that no `once` has printed before'
complete -c newsagg -n '__newsagg_in once' -l max-age -r -x -d 'make no request if the last round is younger than DUR'
complete -c newsagg -n '__newsagg_in once' -l offline -d 'make no request'
complete -c newsagg -n '__newsagg_in once' -l force -d 'fetch also sources that are not due, but none within its `Retry-After` or beyond a quota'
complete -c newsagg -n '__newsagg_in once' -l reload -d 'ask each server for the whole response, also if it would say that nothing changed'
complete -c newsagg -n '__newsagg_in once' -l workers -r -x -d 'have at most N requests in flight, from 1 to 10000 (default 32)'
complete -c newsagg -n '__newsagg_in once' -l timeout -r -x -d 'give each request DUR, from looking up the name to the last byte (default 10s)'
complete -c newsagg -n '__newsagg_in once' -l deadline -r -x -d 'give the round DUR'
complete -c newsagg -n '__newsagg_in once' -l strict -d 'exit with 3 if any source failed'
complete -c newsagg -n '__newsagg_in once' -l fail-fast -d 'stop at the first failure, and exit with 3'
complete -c newsagg -n '__newsagg_in once' -l report -r -F -d 'write what the round took, as JSON'
complete -c newsagg -n '__newsagg_in once' -l timeline -r -F -d 'draw when which request was in flight and what it waited for'
complete -c newsagg -n '__newsagg_in once' -l record -r -F -d 'write the whole round, without secrets, for `newsagg replay`'
complete -c newsagg -n '__newsagg_in once' -s q -l quiet -d 'print only that a source begins to fail or is well again, and errors of the whole run'
complete -c newsagg -n '__newsagg_in once' -s v -l verbose -d 'print a line for each source'
complete -c newsagg -n '__newsagg_in once' -s h -l help -d 'display usage information'
complete -c newsagg -n '__newsagg_in once' -a '(__newsagg_names; __newsagg_words)'
complete -c newsagg -n '__newsagg_in once; and __newsagg_types_a_path' -F
complete -c newsagg -n '__newsagg_in run' -s c -l config -r -F -d 'read this config instead of the first that `newsagg --help` lists'
complete -c newsagg -n '__newsagg_in run' -s q -l quiet -d 'log errors only'
complete -c newsagg -n '__newsagg_in run' -s v -l verbose -d 'log a line for each round and source'
complete -c newsagg -n '__newsagg_in run' -s h -l help -d 'display usage information'
complete -c newsagg -n '__newsagg_in demo' -s o -l output -r -xa '(__fish_complete_directories)' -d 'write the files to DIR instead of a new folder below $TMPDIR'
complete -c newsagg -n '__newsagg_in demo' -s q -l quiet -d 'print only what went wrong'
complete -c newsagg -n '__newsagg_in demo' -s v -l verbose -d 'print a line for each source'
complete -c newsagg -n '__newsagg_in demo' -s h -l help -d 'display usage information'
complete -c newsagg -n '__newsagg_in check' -s c -l config -r -F -d 'read this config instead of the first that `newsagg --help` lists'
complete -c newsagg -n '__newsagg_in check' -l online -d 'make the first request of each source, without retries and fallbacks, and print how it was answered'
complete -c newsagg -n '__newsagg_in check' -l politeness -d 'score past runs by what publishers complain of'
complete -c newsagg -n '__newsagg_in check' -l json -d 'with `--politeness`, print one JSON object'
complete -c newsagg -n '__newsagg_in check' -l strict -d 'exit with 2 if a secret cannot be read'
complete -c newsagg -n '__newsagg_in check' -s q -l quiet -d 'print only what is wrong'
complete -c newsagg -n '__newsagg_in check' -s v -l verbose -d 'print a line for each source'
complete -c newsagg -n '__newsagg_in check' -s h -l help -d 'display usage information'
complete -c newsagg -n '__newsagg_in status' -s c -l config -r -F -d 'read this config instead of the first that `newsagg --help` lists'
complete -c newsagg -n '__newsagg_in status' -l json -d 'print one JSON object, with exact times'
complete -c newsagg -n '__newsagg_in status' -l timeline -r -F -d 'draw the last round as `once` does'
complete -c newsagg -n '__newsagg_in status' -l max-age -r -x -d 'exit with 1 if no source was fetched for longer than DUR, and say so in the first line'
complete -c newsagg -n '__newsagg_in status' -s h -l help -d 'display usage information'
complete -c newsagg -n '__newsagg_in status' -a '(__newsagg_names)'
complete -c newsagg -n '__newsagg_in bench' -l sources -r -x -d 'fetch N feeds (default 20)'
complete -c newsagg -n '__newsagg_in bench' -l latency -r -x -d 'answer after DUR at the earliest (default 200ms)'
complete -c newsagg -n '__newsagg_in bench' -l jitter -r -x -d 'answer up to DUR later than that (default 100ms)'
complete -c newsagg -n '__newsagg_in bench' -l workers -r -x -d 'have at most N requests in flight (default 32)'
complete -c newsagg -n '__newsagg_in bench' -l scenario -r -xa 'sequential threads concurrent unbounded bounded rate-limited slow-source degraded retry blocking large keep-alive' -d 'measure only this scenario'
complete -c newsagg -n '__newsagg_in bench' -l runs -r -x -d 'measure each row N times (default 1), and print medians and the spread'
complete -c newsagg -n '__newsagg_in bench' -l json -d 'print one JSON object with every figure'
complete -c newsagg -n '__newsagg_in bench' -l explain -r -xa 'sequential threads concurrent unbounded bounded rate-limited slow-source degraded retry blocking large keep-alive' -d 'print what a scenario shows, and when synchronous code is the right choice'
complete -c newsagg -n '__newsagg_in bench' -l timeline -r -F -d 'draw when which request was in flight'
complete -c newsagg -n '__newsagg_in bench' -l simulate -d 'measure in simulated time'
complete -c newsagg -n '__newsagg_in bench' -s q -l quiet -d 'print nothing on stderr but errors'
complete -c newsagg -n '__newsagg_in bench' -s h -l help -d 'display usage information'
complete -c newsagg -n '__newsagg_in import' -s h -l help -d 'display usage information'
complete -c newsagg -n '__newsagg_in import' -F
complete -c newsagg -n '__newsagg_in export' -s c -l config -r -F -d 'read this config instead of the first that `newsagg --help` lists'
complete -c newsagg -n '__newsagg_in export' -s h -l help -d 'display usage information'
complete -c newsagg -n '__newsagg_in parse' -l kind -r -xa 'feed newsapi guardian hackernews reddit github stream' -d 'read it as an answer of this kind of source'
complete -c newsagg -n '__newsagg_in parse' -l base -r -x -d 'resolve relative links against URL'
complete -c newsagg -n '__newsagg_in parse' -l content-type -r -xa 'application/rss+xml application/atom+xml application/feed+json application/json text/xml text/html' -d 'read it as if it had been served with the `Content-Type` TYPE'
complete -c newsagg -n '__newsagg_in parse' -s h -l help -d 'display usage information'
complete -c newsagg -n '__newsagg_in parse' -F
complete -c newsagg -n '__newsagg_in replay' -s o -l output -r -F -d 'write FILE'
complete -c newsagg -n '__newsagg_in replay' -s f -l format -r -xa 'jsonfeed jsonl atom rss tsv html opml text prometheus' -d 'write one document in this format, without `-o` to stdout'
complete -c newsagg -n '__newsagg_in replay' -l report -r -F -d 'write what the round took, as JSON'
complete -c newsagg -n '__newsagg_in replay' -l timeline -r -F -d 'draw when which request was in flight, as with `once`'
complete -c newsagg -n '__newsagg_in replay' -s q -l quiet -d 'print only errors that affect the whole run'
complete -c newsagg -n '__newsagg_in replay' -s v -l verbose -d 'print a line for each source'
complete -c newsagg -n '__newsagg_in replay' -s h -l help -d 'display usage information'
complete -c newsagg -n '__newsagg_in replay' -F
complete -c newsagg -n '__newsagg_in man' -s h -l help -d 'display usage information'
complete -c newsagg -n '__newsagg_in man' -a '(__fish_complete_directories)'
complete -c newsagg -n '__newsagg_in completions' -s h -l help -d 'display usage information'
complete -c newsagg -n '__newsagg_in completions' -a 'bash zsh fish'
