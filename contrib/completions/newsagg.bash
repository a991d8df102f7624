# Completion of newsagg(1) for bash 4.4 or newer; bash-completion is not needed.
# Source it, or install it as /usr/share/bash-completion/completions/newsagg.

# The options of a command; without one, those of the program.
_newsagg_options() {
    case $1 in
    '') echo '-V --version -h --help' ;;
    once) echo '-c --config -o --output -f --format --limit --ages --new --max-age --offline --force --reload --workers --timeout --deadline --strict --fail-fast --report --timeline --record -q --quiet -v --verbose -h --help' ;;
    run) echo '-c --config -q --quiet -v --verbose -h --help' ;;
    demo) echo '-o --output -q --quiet -v --verbose -h --help' ;;
    check) echo '-c --config --online --politeness --json --strict -q --quiet -v --verbose -h --help' ;;
    status) echo '-c --config --json --timeline --max-age -h --help' ;;
    bench) echo '--sources --latency --jitter --workers --scenario --runs --json --explain --timeline --simulate -q --quiet -h --help' ;;
    import) echo '-h --help' ;;
    export) echo '-c --config -h --help' ;;
    parse) echo '--kind --base --content-type -h --help' ;;
    replay) echo '-o --output -f --format --report --timeline -q --quiet -v --verbose -h --help' ;;
    man) echo '-h --help' ;;
    completions) echo '-h --help' ;;
    esac
}

# What follows an option or, behind `COMMAND:`, stands in another place: FILE, DIR, NAME (a source of the config),
# SOURCE, COMMAND, ANYTHING, or one of some words.
_newsagg_takes() {
    case $1:$2 in
    : | help:) echo COMMAND ;;
    once:) echo 'SOURCE' ;;
    once:-c | once:--config) echo 'FILE' ;;
    once:-o | once:--output) echo 'FILE' ;;
    once:-f | once:--format) echo 'jsonfeed jsonl atom rss tsv html opml text prometheus' ;;
    once:--limit) echo 'ANYTHING' ;;
    once:--max-age) echo 'ANYTHING' ;;
    once:--workers) echo 'ANYTHING' ;;
    once:--timeout) echo 'ANYTHING' ;;
    once:--deadline) echo 'ANYTHING' ;;
    once:--report) echo 'FILE' ;;
    once:--timeline) echo 'FILE' ;;
    once:--record) echo 'FILE' ;;
    run:-c | run:--config) echo 'FILE' ;;
    demo:-o | demo:--output) echo 'DIR' ;;
    check:-c | check:--config) echo 'FILE' ;;
    status:) echo 'NAME' ;;
    status:-c | status:--config) echo 'FILE' ;;
    status:--timeline) echo 'FILE' ;;
    status:--max-age) echo 'ANYTHING' ;;
    bench:--sources) echo 'ANYTHING' ;;
    bench:--latency) echo 'ANYTHING' ;;
    bench:--jitter) echo 'ANYTHING' ;;
    bench:--workers) echo 'ANYTHING' ;;
    bench:--scenario) echo 'sequential threads concurrent unbounded bounded rate-limited slow-source degraded retry blocking large keep-alive' ;;
    bench:--runs) echo 'ANYTHING' ;;
    bench:--explain) echo 'sequential threads concurrent unbounded bounded rate-limited slow-source degraded retry blocking large keep-alive' ;;
    bench:--timeline) echo 'FILE' ;;
    import:) echo 'FILE' ;;
    export:-c | export:--config) echo 'FILE' ;;
    parse:) echo 'FILE' ;;
    parse:--kind) echo 'feed newsapi guardian hackernews reddit github stream' ;;
    parse:--base) echo 'ANYTHING' ;;
    parse:--content-type) echo 'application/rss+xml application/atom+xml application/feed+json application/json text/xml text/html' ;;
    replay:) echo 'FILE' ;;
    replay:-o | replay:--output) echo 'FILE' ;;
    replay:-f | replay:--format) echo 'jsonfeed jsonl atom rss tsv html opml text prometheus' ;;
    replay:--report) echo 'FILE' ;;
    replay:--timeline) echo 'FILE' ;;
    man:) echo 'DIR' ;;
    completions:) echo 'bash zsh fish' ;;
    esac
}

# The option at the end of a word such as -qc or --config, if a value of it comes next.
_newsagg_open_option() {
    local command=$1 word=$2
    if [[ $word == -[!-]* ]]; then
        word=-${word: -1}
    fi
    [[ -n $(_newsagg_takes "$command" "$word") ]] && echo "$word"
}

# The names of the sources in the config, one a line. Who has no config gets none.
_newsagg_names() {
    local program=$1 config=$2
    [[ $program == '~/'* ]] && program=$HOME/${program#'~/'}
    [[ $config == '~/'* ]] && config=$HOME/${config#'~/'}
    "$program" status --json ${config:+-c "$config"} 2>/dev/null </dev/null |
        sed -n 's/^      "name": "\([^"\\]*\)",$/\1/p'
}

# Adds those of the words that begin with what is typed.
_newsagg_add() {
    local typed=$1 word
    shift
    for word; do
        [[ $word == "$typed"* ]] && COMPREPLY+=("$word")
    done
}

# Files are not what is wanted.
_newsagg_no_files() {
    compopt +o default +o bashdefault 2>/dev/null
}

# Adds what may stand in a place.
_newsagg_value() {
    local takes=$1 typed=$2 program=$3 config=$4
    case $takes in
    FILE) ;;
    SOURCE | NAME) _newsagg_sources "$takes" "$typed" "$program" "$config" ;;
    DIR)
        _newsagg_no_files
        compopt -o dirnames 2>/dev/null
        ;;
    COMMAND)
        _newsagg_no_files
        # shellcheck disable=SC2046 # words
        _newsagg_add "$typed" once run demo check status bench import export parse replay man completions help
        ;;
    ANYTHING | '') _newsagg_no_files ;;
    *)
        _newsagg_no_files
        # shellcheck disable=SC2086 # words
        _newsagg_add "$typed" $takes
        ;;
    esac
}

_newsagg_sources() {
    local takes=$1 typed=$2 program=$3 config=$4 name quoted
    [[ $takes == SOURCE && ($typed == */* || $typed == '~'*) ]] && return
    _newsagg_no_files
    while IFS= read -r name; do
        printf -v quoted %q "$name"
        _newsagg_add "$typed" "$quoted"
    done < <(_newsagg_names "$program" "$config")
    if [[ $takes == SOURCE ]]; then
        compopt -o dirnames 2>/dev/null
        for name in - hn guardian newsapi hn:top hn:new hn:best hn:ask hn:show hn:job newsapi:us newsapi:business newsapi:entertainment newsapi:general newsapi:health newsapi:science newsapi:sports newsapi:technology; do
            # Until a colon is typed, what follows it is only in the way.
            [[ $name == *:* && $typed != *:* ]] || _newsagg_add "$typed" "$name"
        done
    fi
    # One name may stand in the config and among the words.
    [[ ${#COMPREPLY[@]} -gt 1 ]] && mapfile -t COMPREPLY < <(printf '%s\n' "${COMPREPLY[@]}" | sort -u)
}

_newsagg() {
    local IFS=$' \t\n' words=() word rest=${COMP_LINE:0:COMP_POINT} i n=0
    # readline breaks words at colons and equals signs; here they are whole.
    for ((i = 0; i <= COMP_CWORD; i++)); do
        word=${COMP_WORDS[i]}
        if ((n == 0)) || [[ -z $rest || $rest == [[:blank:]]* ]]; then
            ((++n))
            words[n - 1]=
        fi
        rest=${rest#"${rest%%[![:blank:]]*}"}
        ((i == COMP_CWORD)) && word=$rest
        words[n - 1]+=$word
        rest=${rest#"$word"}
    done

    local typed=${words[n - 1]} program=${words[0]} command='' config='' only_words='' open='' option takes
    COMPREPLY=()
    for ((i = 1; i < n - 1; i++)); do
        word=${words[i]}
        if [[ -n $open ]]; then
            [[ $open == -c || $open == --config ]] && config=$word
            open=
        elif [[ -n $only_words ]]; then
            :
        elif [[ $word == -- ]]; then
            only_words=yes
        elif [[ $word == --config=* ]]; then
            config=${word#*=}
        elif [[ $word == -?* ]]; then
            open=$(_newsagg_open_option "$command" "$word")
        elif [[ -z $command ]]; then
            command=$word
        fi
    done

    if [[ -n $open ]]; then
        _newsagg_value "$(_newsagg_takes "$command" "$open")" "$typed"
    elif [[ $typed == --*=* && -z $only_words ]]; then
        option=${typed%%=*} typed=${typed#*=}
        _newsagg_value "$(_newsagg_takes "$command" "$option")" "$typed"
    elif [[ $typed == -* && -z $only_words ]]; then
        _newsagg_no_files
        # shellcheck disable=SC2046 # words
        _newsagg_add "$typed" $(_newsagg_options "$command")
        [[ $typed == - && $(_newsagg_takes "$command" '') == @(FILE|SOURCE) ]] && COMPREPLY+=(-)
    else
        _newsagg_value "$(_newsagg_takes "$command" '')" "$typed" "$program" "$config"
    fi

    # What stands before a colon stays where it is.
    if [[ $typed == *:* && $COMP_WORDBREAKS == *:* ]]; then
        local before=${typed%"${typed##*:}"}
        COMPREPLY=("${COMPREPLY[@]#"$before"}")
    fi
}

complete -o default -o bashdefault -F _newsagg newsagg
