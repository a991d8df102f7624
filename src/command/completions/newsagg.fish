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
    for word in @SHORTHANDS@
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
@LINES@
