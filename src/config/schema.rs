//! The keys of the config, each declared once: its name, its type, its default, what it means, and in which tables
//! it may stand. Errors, suggestions and newsagg.toml(5) are made of these declarations.

use super::values::{MAX_RETRIES, MAX_WORKERS};

/// A key of a table.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As it is written.
    pub name: &'static str,
    /// The type of its value.
    pub takes: Takes,
    /// What holds without it.
    pub default: DefaultValue,
    /// What it means: sentences in which literals stand in backquotes.
    pub text: &'static str,
}

/// The type of a value.
#[derive(Clone, Copy, Debug)]
pub enum Takes {
    /// A whole number from the first to the second.
    Number(u64, u64),
    /// One of these words.
    Choice(fn() -> Vec<&'static str>),
    /// Any other type, as newsagg.toml(5) calls it.
    Type(&'static str),
}

/// What holds where a key does not stand.
#[derive(Clone, Copy, Debug)]
pub enum DefaultValue {
    /// It must stand there.
    Required,
    /// This number.
    Number(u64),
    /// This string.
    Text(&'static str),
    /// `false`.
    False,
    /// `true`.
    True,
    /// In words, behind «Default:».
    Words(&'static str),
}

/// The upper bound of numbers that have none of their own.
pub const MANY: u64 = u32::MAX as u64;

pub(super) const STRING: Takes = Takes::Type("string");
pub(super) const STRINGS: Takes = Takes::Type("list of string");
pub(super) const DURATION: Takes = Takes::Type("duration");
pub(super) const URL: Takes = Takes::Type("URL");
pub(super) const SECRET: Takes = Takes::Type("secret");
pub(super) const POINTER: Takes = Takes::Type("pointer");
const WORKERS: Takes = Takes::Number(1, MAX_WORKERS as u64);
pub(super) const NONE: DefaultValue = Words("none");

/// Declares keys: `/// text`, then `"name": type, default;`.
macro_rules! keys {
    ($($(#[doc = $text:literal])+ $name:literal: $takes:expr, $default:expr;)*) => {
        &[$($crate::config::schema::Key {
            name: $name,
            takes: $takes,
            default: $default,
            text: concat!($($text),+),
        }),*]
    };
}
pub(super) use keys;

use DefaultValue::{Number, Required, Text, True, Words};

/// What stands in `[fetch]` alone.
pub static FETCH: &[Key] = keys! {
    /// How many requests may be in flight at once, altogether.
    "workers": WORKERS, Number(32);
    /// For one round. A request that could not be sent before is deferred to the next round, not dropped.
    "deadline": DURATION, Text("60s");
};

/// What stands in `[fetch]` for all sources, or in a `[[source]]`.
pub static REQUEST: &[Key] = keys! {
    /// How many requests may be in flight to one host. The kind `hackernews` brings its own: 16.
    "per_host": WORKERS, Number(4);
    /// For one request, from looking up the name to the last byte, redirects included.
    "timeout": DURATION, Text("10s");
    /// Of that, until there is a connection.
    "connect_timeout": DURATION, Text("5s");
    /// How often a request that failed in passing is made again within a round, after half a second and longer each
    /// time. All retries of a round are at most a fifth of its requests.
    "retries": Takes::Number(0, MAX_RETRIES as u64), Number(2);
    /// No response may be longer, decompressed.
    "max_body": Takes::Type("size"), Text("8MiB");
    /// How newsagg introduces itself. Publishers want to know whom to write to: if you change it, leave a URL or an
    /// address in it. Printable ASCII.
    "user_agent": STRING, Text(concat!("newsagg/", env!("CARGO_PKG_VERSION"), " (+", env!("CARGO_PKG_REPOSITORY"), ")"));
    /// A proxy that speaks HTTP, `http://`; a name and a password may be in it. Goes before the variables
    /// `http_proxy`, `https_proxy` and `all_proxy`; `no_proxy` goes before all of them.
    "proxy": URL, Words("what the variables say");
    /// What becomes of parameters of links that only tell where a reader came from, such as `utm_source`, `fbclid`,
    /// `gclid` and `mc_cid`. The rest of a link stays as it came. Links that carry a signature stay whole; names
    /// that mean other things elsewhere, such as `ref`, go only on the hosts where they are known to do nothing
    /// else. Ids stay as they are, though they may be links.
    "tracking": Takes::Choice(|| super::values::names(&super::values::TRACKING)), Text("remove");
};

/// `[state]`.
pub static STATE: &[Key] = keys! {
    /// Where everything that is stored lies: items, validators, quotas, holds. Configs that share sources or keys
    /// should share it, or quotas are counted apart. It is made if it does not exist, for its user alone.
    "dir": Takes::Type("path"), Words("`$STATE_DIRECTORY`, else `$XDG_STATE_HOME/newsagg`, else `~/.local/state/newsagg`");
    /// How long an item is remembered after its source dropped it, so that it is not taken for new when it comes
    /// back.
    "keep": DURATION, Text("30d");
};

/// `[schedule]`.
pub static SCHEDULE: &[Key] = keys! {
    /// How often a source is fetched that says nothing itself. What its publisher allows goes before it where that is
    /// less often, and no server is asked more than once a minute. `once` may come early by a sixtieth of it, so
    /// that jobs that start at fixed times skip no round.
    "every": DURATION, Text("30m");
    /// By how much of `every` a fetch of `run` may be late, each time anew, so that sources are not fetched in
    /// lockstep. Never early.
    "jitter": Takes::Type("percentage"), Text("10%");
};

/// `[[output]]`.
pub static OUTPUT: &[Key] = keys! {
    /// The file; `"-"` is standard output. No two outputs may have the same. Its folder must exist, and be writable
    /// for new files. A symbolic link stays one: what it leads to is replaced.
    "path": Takes::Type("path"), Required;
    /// How it is written, see FORMATS.
    "format": Takes::Choice(super::output::format_names), Words("what the extension of the file says; with an unknown one it is required");
    /// Write at most so many items, the newest.
    "limit": Takes::Number(1, MANY), Words("all that the sources hold");
    /// Leave out what is older.
    "max_age": DURATION, Words("nothing is too old");
    /// The title of the document.
    "title": STRING, Text(super::TITLE);
    /// The names of the sources that it shows.
    "sources": STRINGS, Words("all");
    /// The permissions of the file, in octal digits; its owner must be able to write. The umask does not matter.
    "mode": STRING, Text("0644");
    /// What makes reports of several sources one story, which is shown once, with the earliest of them, and lists
    /// the others. See STORIES.
    "join": Takes::Choice(|| super::values::names(&super::output::JOINS)), Text("titles");
};

/// `[[source]]`, for every kind.
pub static SOURCE: &[Key] = keys! {
    /// What it is called: in the outputs, in `sources` of an output, on the command line. No two may have the same.
    /// It is remembered under it: with another name it is new.
    "name": STRING, Required;
    /// What it reads, see KINDS.
    "kind": Takes::Choice(super::kinds::names), Text("feed");
    /// How often it is fetched.
    "every": DURATION, Words("that of `[schedule]`");
    /// Whether the server is asked if something changed since the last response. With `false` each response comes
    /// whole: for a server that says «nothing new» for ever.
    "revalidate": Takes::Type("boolean"), True;
    /// Take at most so many items at a time, the first that `include` and `exclude` leave.
    "limit": Takes::Number(1, MANY), Words("all, up to 1000");
    /// Keep only items whose title matches one of these.
    "include": Takes::Type("list of regex"), Words("keep all");
    /// Drop items whose title matches one of these.
    "exclude": Takes::Type("list of regex"), Words("drop none");
    /// Added to the tags of every item.
    "tags": STRINGS, NONE;
    /// How many requests may be made. All of them hold, in every span of time, over restarts. Sources of one service
    /// with one key share what they spend. They take the place of the kind's own; none is wider than what the service
    /// itself says is left.
    "quota": Takes::Type("list of quota"), Words("the kind's own");
    /// Header fields for each request: names and strings, or names and secrets. `Authorization`, `Cookie`,
    /// `X-API-Key` and their like are secrets in either form. Those that say how the message is sent (`Host`,
    /// `Connection`, `Content-Length`, `Accept-Encoding` and their like) are not taken. No secret follows a redirect
    /// to another origin, nor goes to a `fallback` there.
    "headers": Takes::Type("table"), NONE;
};

/// Keys that stand in a table together.
pub type Tables = &'static [&'static [Key]];

/// Each table of the config with its keys. A `[[source]]` has those of its kind, too.
pub static SECTIONS: [(&str, Tables); 5] = [
    ("[fetch]", &[FETCH, REQUEST]),
    ("[state]", &[STATE]),
    ("[schedule]", &[SCHEDULE]),
    ("[[output]]", &[OUTPUT]),
    ("[[source]]", &[SOURCE, REQUEST]),
];

/// The names of these keys.
pub(super) fn names_of<'a>(
    tables: &'a [&'static [Key]],
) -> impl Iterator<Item = &'static str> + 'a {
    tables.iter().flat_map(|keys| keys.iter()).map(|key| key.name)
}
