//! `newsagg completions`: what shells complete, made of what is declared of commands and options, and of a
//! template for each shell.

use std::process::ExitCode;

use argh::{ArgsInfo, CommandInfoWithArgs, FlagInfo, FlagInfoKind, FromArgs};

use super::man::{short, shown};
use super::{bench, parse, say};
use crate::config::{FORMATS, nearest, shorthands};

/// print the completion script of a shell
#[derive(ArgsInfo, FromArgs, Debug)]
#[argh(
    subcommand,
    name = "completions",
    help_triggers("-h", "--help"),
    note = "Where shells look for it, below the home directory:
  bash  .local/share/bash-completion/completions/newsagg
  zsh   a folder of $fpath, as _newsagg
  fish  .config/fish/completions/newsagg.fish",
    example = "newsagg completions fish >~/.config/fish/completions/newsagg.fish",
    error_code(0, "the script is printed"),
    error_code(1, "the script could not be printed"),
    error_code(2, "wrong usage")
)]
pub struct CompletionsArgs {
    /// bash, zsh or fish
    #[argh(positional, arg_name = "SHELL", from_str_fn(shell))]
    pub shell: Shell,
}

/// Makes the script of a shell.
type Shell = fn() -> String;

/// Each shell with its script.
const SHELLS: [(&str, Shell); 3] = [("bash", bash), ("zsh", zsh), ("fish", fish)];

fn shell(name: &str) -> Result<Shell, String> {
    let names = || SHELLS.iter().map(|(name, _)| *name);
    SHELLS.iter().find(|(known, _)| *known == name).map(|(_, script)| *script).ok_or_else(|| {
        let near = nearest(name, names()).map(|near| format!("; did you mean {near}?"));
        let known = names().collect::<Vec<_>>().join(", ");
        format!("must be one of {known}{}", near.unwrap_or_default())
    })
}

/// Runs the command.
pub fn run(options: CompletionsArgs) -> ExitCode {
    say::out(&(options.shell)())
}

/// Returns each script: the name of its file, and its text.
pub fn scripts() -> [(&'static str, String); 3] {
    [("newsagg.bash", bash()), ("_newsagg", zsh()), ("newsagg.fish", fish())]
}

/// What may stand in the place of a value.
enum Value {
    Files,
    Folders,
    /// Sources of the config.
    Names,
    /// Sources of the config, files and shorthands.
    Sources,
    Commands,
    Words(Vec<&'static str>),
    Anything,
}

/// What is meant by the name of an argument.
fn value(arg_name: &str) -> Value {
    match arg_name {
        "FILE" | "FILE.opml" => Value::Files,
        "DIR" => Value::Folders,
        "NAME" => Value::Names,
        "SOURCE" => Value::Sources,
        "COMMAND" => Value::Commands,
        "FORMAT" => Value::Words(FORMATS.iter().map(|format| format.name).collect()),
        "KIND" => Value::Words(parse::kinds()),
        "SCENARIO" => Value::Words(bench::names().to_vec()),
        "SHELL" => Value::Words(SHELLS.iter().map(|(name, _)| *name).collect()),
        "TYPE" => Value::Words(MEDIA_TYPES.to_vec()),
        _ => Value::Anything,
    }
}

/// What feeds are served with.
const MEDIA_TYPES: [&str; 6] = [
    "application/rss+xml",
    "application/atom+xml",
    "application/feed+json",
    "application/json",
    "text/xml",
    "text/html",
];

/// The name of an option's value, if it takes one.
fn arg_name<'a>(flag: &FlagInfo<'a>) -> Option<&'a str> {
    match flag.kind {
        FlagInfoKind::Option { arg_name } => Some(arg_name),
        FlagInfoKind::Switch => None,
    }
}

/// `-o` and `--output`.
fn dashed(flag: &FlagInfo<'_>) -> Vec<String> {
    let short = short(flag).map(|short| format!("-{short}"));
    short.into_iter().chain([flag.long.to_owned()]).collect()
}

/// The beginning of a description, up to its first pause.
fn summary(description: &str) -> &str {
    let ends = ["; ", ". ", ": "].iter().filter_map(|end| description.find(end));
    &description[..ends.min().unwrap_or(description.len())]
}

/// All commands, and the word `help`, which argh does not tell.
fn commands() -> Vec<(&'static str, &'static str)> {
    let known = super::info().commands.into_iter();
    let known = known.map(|sub| (sub.name, sub.command.description));
    known.chain([("help", "print the help text of a command")]).collect()
}

fn bash() -> String {
    let words = |words: &mut dyn Iterator<Item = String>| words.collect::<Vec<_>>().join(" ");
    let info = super::info();
    let mut options = format!("    '') echo '{}' ;;\n", words(&mut shown(&info).flat_map(dashed)));
    let mut takes = String::from("    : | help:) echo COMMAND ;;\n");
    let mut take = |patterns: Vec<String>, name: &str| {
        let values = match value(name) {
            Value::Files => "FILE".to_owned(),
            Value::Folders => "DIR".to_owned(),
            Value::Names => "NAME".to_owned(),
            Value::Sources => "SOURCE".to_owned(),
            Value::Commands => "COMMAND".to_owned(),
            Value::Words(words) => words.join(" "),
            Value::Anything => "ANYTHING".to_owned(),
        };
        takes += &format!("    {}) echo '{values}' ;;\n", patterns.join(" | "));
    };
    for sub in &info.commands {
        let (name, command) = (sub.name, &sub.command);
        let all = words(&mut shown(command).flat_map(dashed));
        options += &format!("    {name}) echo '{all}' ;;\n");
        for positional in command.positionals {
            take(vec![format!("{name}:")], positional.name);
        }
        for flag in shown(command) {
            if let Some(arg_name) = arg_name(flag) {
                take(dashed(flag).iter().map(|flag| format!("{name}:{flag}")).collect(), arg_name);
            }
        }
    }
    let names = words(&mut commands().into_iter().map(|(name, _)| name.to_owned()));
    include_str!("completions/newsagg.bash")
        .replace("@COMMANDS@", &names)
        .replace("@SHORTHANDS@", &shorthands().join(" "))
        .replace("    @OPTIONS@\n", &options)
        .replace("    @TAKES@\n", &takes)
}

fn zsh() -> String {
    let quoted = |text: &str| text.replace('\'', "'\\''");
    let described = |text: &str| {
        quoted(summary(text)).replace('[', "\\[").replace(']', "\\]").replace(':', "\\:")
    };
    let action = |name: &str| match value(name) {
        Value::Files => "_files".to_owned(),
        Value::Folders => "_path_files -/".to_owned(),
        Value::Names => "_newsagg_names".to_owned(),
        Value::Sources => "_newsagg_sources".to_owned(),
        Value::Commands => "_newsagg_commands".to_owned(),
        Value::Words(words) => format!("({})", words.join(" ")),
        Value::Anything => " ".to_owned(),
    };
    let specs = |command: &CommandInfoWithArgs| {
        let mut specs = Vec::new();
        for flag in shown(command) {
            let (text, names) = (described(flag.description), dashed(flag));
            let end = arg_name(flag).map(|name| format!(":{name}:{}", action(name)));
            let end = end.unwrap_or_default();
            let value = if end.is_empty() { ["", ""] } else { ["+", "="] };
            let before = match (flag.long, flag.optionality == argh::Optionality::Repeating) {
                ("--help" | "--version", _) => "(- *)".to_owned(),
                ("--verbose", _) | (_, true) => "*".to_owned(),
                _ => format!("({})", names.join(" ")),
            };
            specs.push(match &names[..] {
                [short, long] => {
                    format!("'{before}'{{{short}{},{long}{}}}'[{text}]{end}'", value[0], value[1])
                }
                _ => format!(
                    "'{}{}{}[{text}]{end}'",
                    before.replace(&format!("({})", flag.long), ""),
                    flag.long,
                    value[1]
                ),
            });
        }
        for positional in command.positionals {
            let many = positional.optionality == argh::Optionality::Repeating;
            let number = if many { "*" } else { "1" };
            specs.push(format!("'{number}:{}:{}'", positional.name, action(positional.name)));
        }
        specs.join(" \\\n        ")
    };
    let info = super::info();
    let mut functions = String::new();
    for sub in &info.commands {
        let (name, specs) = (sub.name, specs(&sub.command));
        functions +=
            &format!("_newsagg_{name}() {{\n    _arguments -s -S : \\\n        {specs}\n}}\n\n");
    }
    let list = commands().into_iter().map(|(name, text)| format!("'{name}:{}'", quoted(text)));
    let shorthands = shorthands().into_iter().map(|word| format!("'{}'", word.replace(':', "\\:")));
    include_str!("completions/newsagg.zsh")
        .replace("@COMMANDS@", &list.collect::<Vec<_>>().join("\n        "))
        .replace("@SHORTHANDS@", &shorthands.collect::<Vec<_>>().join(" "))
        .replace("@FUNCTIONS@\n\n", &functions)
        .replace("@OPTIONS@", &specs(&info))
}

fn fish() -> String {
    let quoted = |text: &str| text.replace('\\', "\\\\").replace('\'', "\\'");
    let info = super::info();
    let argument = |name: &str| match value(name) {
        Value::Files => "-F".to_owned(),
        Value::Folders => "-xa '(__fish_complete_directories)'".to_owned(),
        Value::Names => "-xa '(__newsagg_names)'".to_owned(),
        Value::Sources => "-xa '(__newsagg_names; __newsagg_words)'".to_owned(),
        Value::Commands | Value::Anything => "-x".to_owned(),
        Value::Words(words) => format!("-xa '{}'", words.join(" ")),
    };
    let option = |condition: &str, flag: &FlagInfo<'_>| {
        let short = short(flag).map(|short| format!(" -s {short}")).unwrap_or_default();
        let value = arg_name(flag).map(|name| format!(" -r {}", argument(name)));
        let (long, value) = (&flag.long[2..], value.unwrap_or_default());
        let text = quoted(summary(flag.description));
        format!("complete -c newsagg -n '{condition}'{short} -l {long}{value} -d '{text}'\n")
    };
    let none = "not __newsagg_command";
    let mut lines: String = shown(&info).map(|flag| option(none, flag)).collect();
    for (name, text) in commands() {
        let condition = format!("{none}; or __newsagg_in help");
        let text = quoted(summary(text));
        lines += &format!("complete -c newsagg -n '{condition}' -a {name} -d '{text}'\n");
    }
    for sub in &info.commands {
        let condition = format!("__newsagg_in {}", sub.name);
        lines.extend(shown(&sub.command).map(|flag| option(&condition, flag)));
        for positional in sub.command.positionals {
            let own = argument(positional.name).replace("-xa", "-a");
            lines += &format!("complete -c newsagg -n '{condition}' {own}\n");
            if matches!(value(positional.name), Value::Sources) {
                lines += &format!(
                    "complete -c newsagg -n '{condition}; and __newsagg_types_a_path' -F\n"
                );
            }
        }
    }
    include_str!("completions/newsagg.fish")
        .replace("@SHORTHANDS@", &shorthands().join(" "))
        .replace("@LINES@\n", &lines)
}
