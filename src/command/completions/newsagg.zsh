#compdef newsagg
# Completion of newsagg(1) for zsh. Install it as _newsagg into a directory of $fpath.

_newsagg_commands() {
    local -a commands=(
        @COMMANDS@
    )
    _describe -t commands command commands
}

_newsagg_names() {
    local config=${opt_args[-c]:-$opt_args[--config]}
    local -a config_option=(${config:+-c} ${~${(Q)config}})
    local -a names=(${(f)"$(
        ${~newsagg_program} status --json $config_option 2>/dev/null </dev/null |
            sed -n 's/^      "name": "\([^"\\]*\)",$/\1/p'
    )"})
    _wanted sources expl source compadd -a names
}

_newsagg_sources() {
    local -a words=(@SHORTHANDS@)
    # Until a colon is typed, what follows it is only in the way.
    [[ $PREFIX == *:* ]] || words=(${words:#*\\:*})
    if [[ $PREFIX == */* || $PREFIX == \~* ]]; then
        _files
    else
        _alternative 'names:source:_newsagg_names' 'words:source:{_describe -t words source words}' \
            'folders:folder:_path_files -/'
    fi
}

@FUNCTIONS@

_newsagg_help() {
    _arguments -S : '1:COMMAND:_newsagg_commands'
}

_newsagg() {
    local curcontext=$curcontext newsagg_program=$words[1] expl state ret=1
    local -a line
    local -A opt_args
    _arguments -C -S : \
        @OPTIONS@ \
        '1:command:_newsagg_commands' \
        '*:: :->rest' && ret=0
    if [[ $state == rest ]]; then
        curcontext="${curcontext%:*:*}:newsagg-$words[1]:"
        if (( $+functions[_newsagg_$words[1]] )); then
            _newsagg_$words[1] && ret=0
        else
            _message 'unknown command'
        fi
    fi
    return ret
}

_newsagg "$@"
