//! The help texts: written by hand, at most 80 columns wide.

/// `newsagg --help`
pub const TOP: &str = "\
newsagg: many news sources, one feed file

Usage: newsagg COMMAND [options]

Commands:
  once    ask every source once, merge the news, write the outputs
  run     the same on a schedule, as a service
  demo    see it work: the same against a made-up news web, no keys, no network
  check   read the config, say what is wrong with it or what would be asked
  status  what the last runs left behind, source by source
  bench   sequential against concurrent, measured on the made-up news web
  import  make sources of an OPML list of feeds
  export  print the feeds of the config as OPML
  parse   show how newsagg reads a feed or an API's answer
  replay  do again what `newsagg once --record FILE` saw
  help    this text, or `newsagg help COMMAND`

Options:
  -h, --help     this text; after a command, its options and examples
  -V, --version  the version

Examples:
  newsagg demo                                  two seconds, nothing to set up
  newsagg once                                  news of some well-known sites
  newsagg once hn https://lwn.net/headlines/rss
  newsagg once -c newsagg.toml                  what the config says
  newsagg check                                 is the config right?

Config, the first that there is:
  -c FILE
  $NEWSAGG_CONFIG
  $CONFIGURATION_DIRECTORY/newsagg.toml         set by systemd
  $XDG_CONFIG_HOME/newsagg/newsagg.toml         or ~/.config/newsagg/…
  /etc/newsagg/newsagg.toml
  With none, `once` asks a few sources that need no key.

Environment:
  NEWSAPI_KEY, GUARDIAN_KEY, GITHUB_TOKEN       keys for sources of those names
  http_proxy, https_proxy, all_proxy, no_proxy  proxies
  SSL_CERT_FILE, SSL_CERT_DIR                   other certificate authorities
  NO_COLOR                                      no colours on the terminal
  RUST_LOG                                      what is logged: newsagg=debug

Exit codes:
  0    the outputs are written; some sources may have failed (stderr says which)
  1    nothing could be fetched, or the outputs could not be written
  2    wrong usage or config: nothing was asked, nothing was written
  3    --strict or --fail-fast, and a source failed
  130, 143  stopped by SIGINT, SIGTERM; the files are whole
";

const ONCE: &str = "\
newsagg once: ask every source once, merge the news, write the outputs

Usage: newsagg once [SOURCE...] [options]

A SOURCE is one of
  NAME                             of a source in the config
  https://example.org/feed.xml     a feed: RSS, Atom or JSON Feed
  file:///PATH, ./PATH             a feed in a file
  -                                a feed on stdin
  hn, hn:LIST                      Hacker News: top, new, best, ask, show, job
  guardian, guardian:SECTION       the Guardian; the key is in $GUARDIAN_KEY
  newsapi, newsapi:us              NewsAPI by country; key in $NEWSAPI_KEY
  newsapi:technology               NewsAPI by category
  reddit:SUB                       the feed of a subreddit, without a key
  github:OWNER/REPO                releases; a token may be in $GITHUB_TOKEN
A URL is named by its host, or host and path where one host has several.
Without one, every source of the config is asked; without a config, a few
well-known ones that need no key.

Options:
  -c, --config FILE     the config; `newsagg --help` says where it is looked for
  -o, --output FILE     write this file instead of the config's; - is stdout
  -f, --format FORMAT   jsonfeed, jsonl, atom, rss, tsv, html, text,
                        opml (the feeds) or prometheus (how it fares);
                        without -o it goes to stdout
      --limit N         write at most N items
      --ages            in text on stdout: how old, `3 h`, instead of when
      --new             print only items that were never printed before
      --max-age DUR     ask nobody if the last round is younger than this
      --offline         ask nobody: what is stored
      --force           ask also who is not due (never who said to wait)
      --workers N       at most N requests in flight (default 32)
      --timeout DUR     for one request, connect to last byte (default 10s)
      --deadline DUR    for the round; what is left is put off (default 60s)
      --strict          exit with 3 if any source failed
      --fail-fast       stop at the first failure, and exit with 3
      --report FILE     write what the round took, as JSON
      --timeline FILE   draw when which request was under way: a picture
                        if FILE ends in .svg, else a text; - is stderr
      --record FILE     write all of the round, without keys, for `replay`
  -q, --quiet           say only what went wrong with the whole
  -v, --verbose         a line for each source; -vv: for each request
  -h, --help            this text
  DUR is a duration: 500ms, 90s, 15m, 1h30m.

Who is asked:
  A source is asked when it is due: its `every` has passed (5 minutes for one
  that is named here), and what its publisher allows. Until then, and while it
  fails, what it said last is used. Files and stdin are always read.

Where the news goes:
  Without SOURCE the outputs of the config are written. If there are none, or
  if a SOURCE is named, text goes to stdout: a part of the news does not replace
  the files of the whole. -o and -f come before all of this.
  Without -f the name of FILE says the format: .json, .jsonl, .atom, .rss, .tsv,
  .html, .opml, .txt, .prom.
  Only the news is on stdout; everything else is on stderr.

Examples:
  newsagg once hn
  newsagg once hn:show https://lobste.rs/rss --limit 20
  newsagg once -f jsonl | jq -r .title
  newsagg once --new                    what came since you last looked
  newsagg once -c newsagg.toml -o feed.json --report report.json
  newsagg once --force --timeline -     who kept the others waiting
  curl -s https://lwn.net/headlines/rss | newsagg once -

Exit codes:
  0 written; 1 nothing fetched or not written; 2 usage or config;
  3 --strict or --fail-fast, and a source failed; 130, 143 stopped by a signal
";

const RUN: &str = "\
newsagg run: ask every source when it is due, as a service

Usage: newsagg run [options]

Writes the outputs of the config from what is stored, then asks each source when
it is due (its `every`, what its publisher allows) and writes what is new. Who
is due at about the same time is asked together, so that the machine can sleep
in between. Streams stay open, and are shown as they come. Says what changes: a
source that fails is told once, and once more when it is well again. Outputs to
stdout are left out.

Options:
  -c, --config FILE  the config; `newsagg --help` says where it is looked for
  -q, --quiet        say only what is wrong with the whole
  -v, --verbose      a line for each round and source; -vv: for each request
  -h, --help         this text

Signals:
  SIGHUP           read the config again; if it is bad, the old one stays
  SIGUSR1          ask everybody now, but nobody who said to wait
  SIGTERM, SIGINT  end within two seconds; what came is saved

Under systemd it says READY when the outputs exist, a status line after each
round, and WATCHDOG as long as the work moves. newsagg.service is the unit.

Examples:
  newsagg run -c newsagg.toml
  systemctl reload newsagg              read the config again
  systemctl kill -s USR1 newsagg        ask now
  newsagg status                        how the service fares

Exit codes:
  0 it was told to stop; 1 the outputs cannot be written at the start;
  2 usage or config
";

const DEMO: &str = "\
newsagg demo: see what newsagg is for, in two seconds

Usage: newsagg demo [options]

Starts a small made-up news web on the loopback interface: NewsAPI, the
Guardian, Hacker News and feeds, with the delays of real ones, one that is
broken and one that never answers. Asks them all at once as `newsagg once` does,
and shows what that took against asking one after the other.
No keys, no network, no config.

Options:
  -o, --output DIR  where the files go (default: a temporary folder)
  -q, --quiet       say only what went wrong
  -v, --verbose     a line for each source; -vv: for each request
  -h, --help        this text

Examples:
  newsagg demo
  newsagg demo -o news && ls news

Exit codes:
  0 it worked; 1 it did not; 2 usage
";

const CHECK: &str = "\
newsagg check: read the config, say what is wrong or what would be asked

Usage: newsagg check [options]

Finds every mistake of the config in one run, each with its line and column,
and asks nobody anything. A good config is summed up: sources, what they would
be asked, outputs. Keys are looked up, but never shown; a credential that only
the service has is a warning.

Options:
  -c, --config FILE  the config; `newsagg --help` says where it is looked for
      --online       ask each source its first question, no fallbacks, and say
                     how it answered
      --politeness   score what past runs did by what publishers complain of:
                     asking for all of it where «what changed» was possible,
                     too early, again after «wait», without a contact
      --json         with --politeness: one JSON object
  -q, --quiet        say only what is wrong
  -v, --verbose      a line for each source; -vv: for each request
  -h, --help         this text

Examples:
  newsagg check
  newsagg check -c newsagg.toml --online
  newsagg check --politeness
  newsagg check -q && newsagg once

The columns of --politeness:
  unchanged  the part of the polls that was answered with «nothing new»
  whole      polls for all of it, of those that could have asked what changed
  shortest   between two polls; allowed: by `every` and by its publisher
  429s       refused as too many; pressed: asked again before it was time

Exit codes:
  0 the config is good; with --politeness: polite
  1 with --online: no source answered; with --politeness: not polite
  2 no config, or there is something wrong with it
";

const STATUS: &str = "\
newsagg status: what the last runs left behind, source by source

Usage: newsagg status [SOURCE...] [options]

Asks nobody and changes nothing: it may run while another newsagg does. A line
for each SOURCE, or for each source of the config:
  state    ok; stale: it failed, its last items are shown; failed: nothing to
           show; limited: put off by a quota or by its server; off: gone for
           good; new: never asked
  since    how long it has not been well
  next     when it is asked again, if newsagg runs then; live: a service listens
  p50 p95  how long its last 32 polls took, in milliseconds: the middle one,
           and the one that only 5 % were slower than
  quota    what is left of its tightest one: 58 of 100 in any 24 hours
  items    how many it shows
Below: what is wrong with whom, who is left alone until when, who has moved,
when the last round was and what it took, and whether a service is running.

Options:
  -c, --config FILE  the config; `newsagg --help` says where it is looked for
      --json         one JSON object, with exact times
      --timeline FILE
                     draw when which request of the last round was under way,
                     as with `once`; - prints that alone
      --max-age DUR  for monitors: exit with 1, and say so first, if nobody was
                     asked for longer than this: 90s, 15m, 1h30m
  -h, --help         this text
Keys are not needed; of a source whose key is missing the quota is not told.

Examples:
  newsagg status
  newsagg status bbc hn
  newsagg status --json | jq -r '.sources[] | select(.error) | .name'
  newsagg status --timeline round.svg
  newsagg status --max-age 2h >/dev/null || echo 'some news is missing'

Exit codes:
  0 every source is ok; 1 one is stale, failed, limited, off or new, the last
  round is too old, or the state cannot be read; 2 usage or config
";

const BENCH: &str = "\
newsagg bench: sequential against concurrent, measured

Usage: newsagg bench [options]

Asks the feeds of a made-up news web on the loopback interface: one after the
other, with a thread for each, through a pool, and so on: a scenario each, with
a row for each way, and a sentence that says what this run showed. Each row is
measured in a process of its own, so that the figures are newsagg's alone; the
work is done by what also does `newsagg once`. It takes about half a minute.
No keys, no network, no config.

Options:
      --sources N      how many feeds (default: 20)
      --latency DUR    how long an answer takes at least (default: 200ms)
      --jitter DUR     and so much longer at most (default: 100ms)
      --workers N      at most so many requests in flight (default: 32)
      --scenario NAME  only this one; several with commas, or one by one
      --runs N         measure each row so often: medians, and how far apart
      --json           one JSON object, with all figures
      --explain NAME   what a scenario shows, and when sync is the right call
      --timeline FILE  draw when which request was under way: FILE.svg is a
                       picture, others are text; - is stdout
      --simulate       in simulated time: at once, and the same everywhere
  -q, --quiet          nothing on stderr but errors
  -h, --help           this text
  DUR is a duration: 500ms, 2s.

Scenarios:
  sequential, threads, concurrent, unbounded, bounded, rate-limited,
  slow-source, degraded, retry, blocking, large, keep-alive, tls

Columns, in milliseconds where they are times:
  wall, sum     from beginning to end; all requests' times together
  gain, rate    the speed-up: sum by wall; requests a second
  most, mean    requests in flight
  p50 p95 max   how long requests took: the middle one, ...
  fail          requests that brought nothing
  cpu, MB       processor time, and the peak of the memory

Examples:
  newsagg bench
  newsagg bench --scenario sequential,concurrent --timeline bench.svg
  newsagg bench --sources 100 --latency 50ms --runs 5 --json
  newsagg bench --explain blocking

Exit codes:
  0 it was measured; 1 it could not be; 2 usage
";

const IMPORT: &str = "\
newsagg import: make sources of an OPML list of feeds

Usage: newsagg import FILE.opml

Prints a [[source]] for each feed of the list, to be added to newsagg.toml; - is
stdin. Folders and categories become tags, titles become names that no two
sources have. A feed that stands in the list more than once is one source with
the tags of all its places. What is no feed, or has no address that can be
asked, is said on stderr with its line, and left out. A list that is cut off or
damaged is read as far as it goes.

Options:
  -h, --help  this text

Examples:
  newsagg import subscriptions.opml >>newsagg.toml && newsagg check
  ssh desktop newsboat -e | newsagg import - >feeds.toml

Exit codes:
  0 the sources are printed, even if something else of the list is left out;
  1 it cannot be read, or not to its end; 2 usage
";

const EXPORT: &str = "\
newsagg export: print the feeds of the config as OPML

Usage: newsagg export [options]

Prints the sources of kind feed as OPML 2.0, for other readers; tags become
categories. `newsagg import` makes the same sources of it: names, addresses and
tags. Other kinds of sources are named on stderr. Passwords and keys in
addresses are left out, and that is said. No key needs to be at hand.

Options:
  -c, --config FILE  the config; `newsagg --help` says where it is looked for
  -h, --help         this text

Examples:
  newsagg export >feeds.opml
  newsagg export -c newsagg.toml >feeds.opml && newsboat -i feeds.opml

Exit codes:
  0 the list is printed; 1 it could not be; 2 usage or config
";

const PARSE: &str = "\
newsagg parse: show how newsagg reads a feed or an API's answer

Usage: newsagg parse [options] FILE...

Prints one line of JSON for each file, in the order given; - is stdin.
  {\"file\", \"ok\": true, \"format\", \"title\", \"skipped\", \"items\": [...]}
  {\"file\", \"ok\": false, \"error\"}
Items stand in the order of the document, neither merged nor limited. `skipped`
counts entries that were recognised and left out.

Options:
      --kind KIND          read it as an answer of this kind of source: feed
                           (default), newsapi, guardian, hackernews, github,
                           reddit, stream
      --base URL           where it came from: relative links are relative to it
      --content-type TYPE  the Content-Type it was served with
  -h, --help               this text

Examples:
  newsagg parse feed.xml
  curl -s https://lobste.rs/rss | newsagg parse --base https://lobste.rs/rss -
  newsagg parse --kind guardian answer.json | jq '.items[].title'

Exit codes:
  0 every file was read; 1 at least one was not; 2 usage
";

const REPLAY: &str = "\
newsagg replay: do again, byte for byte, what `newsagg once --record FILE` saw

Usage: newsagg replay FILE [options]

Asks nobody, and needs neither the config nor the state nor keys: all of it is
in FILE. The outputs are the same bytes as then. One goes to stdout; for several
say -o or -f. Nothing is written where the round wrote, nothing is remembered.

Options:
  -o, --output PATH    write this file; of several outputs, into this folder
  -f, --format FORMAT  one document in another format; without -o to stdout
      --report FILE    write what the round took, as JSON
      --timeline FILE  draw when which request was under way, as with `once`
  -q, --quiet          say only what went wrong with the whole
  -v, --verbose        a line for each source; -vv: for each request
  -h, --help           this text

A recording is a bug report. It holds the config without its comments, what was
remembered, all that was read, and every answer; in the place of keys, tokens,
passwords and cookies stand words such as secret-1. Look at it before you pass
it on: what is private in a feed is in it.

Examples:
  newsagg once -c newsagg.toml --record bug.rec
  newsagg replay bug.rec -o out
  newsagg replay bug.rec -f text -vv

Exit codes:
  those of `newsagg once`; 1 also if FILE is no recording, or damaged
";

/// The help of a command of this version.
pub fn of(command: &str) -> Option<&'static str> {
    match command {
        "once" => Some(ONCE),
        "run" => Some(RUN),
        "demo" => Some(DEMO),
        "check" => Some(CHECK),
        "status" => Some(STATUS),
        "bench" => Some(BENCH),
        "import" => Some(IMPORT),
        "export" => Some(EXPORT),
        "parse" => Some(PARSE),
        "replay" => Some(REPLAY),
        "help" => Some(TOP),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use argh::{ArgsInfo, FlagInfoKind};

    use super::*;
    use crate::command::{bench, check, demo, export, import, once, parse, replay, run, status};

    #[test]
    fn no_line_is_wider_than_80_columns() {
        for text in [TOP, ONCE, RUN, DEMO, CHECK, STATUS, BENCH, IMPORT, EXPORT, PARSE, REPLAY] {
            for line in text.lines() {
                assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
                assert_eq!(line.trim_end(), line);
            }
            assert!(text.ends_with('\n'));
        }
    }

    /// An option is written in its help as `-o, --output FILE` or `--output`.
    fn explains<T: ArgsInfo>(text: &str) {
        for flag in T::get_args_info().flags.iter().filter(|flag| !flag.hidden) {
            let long = flag.long;
            let named = text.split([' ', ',', '\n', '.']).any(|word| word == long);
            assert!(named || long == "--help", "{long} is not in:\n{text}");
            if let Some(short) = flag.short {
                assert!(
                    text.contains(&format!("  -{short}, {long}")),
                    "-{short} is not in:\n{text}"
                );
            }
            if matches!(flag.kind, FlagInfoKind::Option { .. }) {
                let with_value = text.lines().any(|line| {
                    let rest = line.trim_start().split(long).nth(1).unwrap_or_default();
                    rest.trim_start().starts_with(|c: char| c.is_ascii_uppercase())
                });
                assert!(with_value, "{long} takes a value:\n{text}");
            }
        }
    }

    #[test]
    fn every_option_is_in_the_help_of_its_command() {
        explains::<once::OnceArgs>(ONCE);
        explains::<run::RunArgs>(RUN);
        explains::<demo::DemoArgs>(DEMO);
        explains::<check::CheckArgs>(CHECK);
        explains::<status::StatusArgs>(STATUS);
        explains::<bench::BenchArgs>(BENCH);
        explains::<import::ImportArgs>(IMPORT);
        explains::<export::ExportArgs>(EXPORT);
        explains::<parse::ParseArgs>(PARSE);
        explains::<replay::ReplayArgs>(REPLAY);
    }
}
