//! `newsagg man`: the man pages, made of what is declared of commands and options, and of templates.

use std::path::PathBuf;
use std::process::ExitCode;

use argh::{ArgsInfo, CommandInfoWithArgs, FlagInfo, FlagInfoKind, FromArgs, Optionality};

use super::{FAILED, OK, say};
use crate::store;

mod keys;
mod mdoc;

use mdoc::{note, paragraph, sentence};

/// write the man pages into a folder
#[derive(ArgsInfo, FromArgs, Debug)]
#[argh(
    subcommand,
    name = "man",
    help_triggers("-h", "--help"),
    note = "The pages are DIR/man1/newsagg.1 and DIR/man5/newsagg.toml.5; folders are made
where there are none.",
    example = "newsagg man ~/.local/share/man && man newsagg",
    error_code(0, "the pages are written"),
    error_code(1, "a page could not be written"),
    error_code(2, "wrong usage")
)]
pub struct ManArgs {
    /// the folder, such as `~/.local/share/man`
    #[argh(positional, arg_name = "DIR")]
    pub dir: PathBuf,
}

/// Runs the command.
pub fn run(options: ManArgs) -> ExitCode {
    for (name, text) in pages() {
        let section = name.rsplit('.').next().unwrap_or_default();
        let folder = options.dir.join(format!("man{section}"));
        let made = store::make_directory(&folder, 0o755).map_err(|error| {
            format!("making the folder {}: {}", folder.display(), store::plainly(&error))
        });
        let written = made.and_then(|()| {
            let written = store::write_atomic(&folder.join(name), 0o644, text.as_bytes());
            written.map_err(|failure| failure.to_string())
        });
        if let Err(error) = written {
            say::err(&format!("newsagg: {error}\n"));
            return ExitCode::from(FAILED);
        }
    }
    ExitCode::from(OK)
}

/// Returns each page: the name of its file, and its text in mdoc(7).
pub fn pages() -> [(&'static str, String); 2] {
    [
        ("newsagg.1", fill(include_str!("man/newsagg.1"))),
        ("newsagg.toml.5", fill(include_str!("man/newsagg.toml.5"))),
    ]
}

/// Replaces each line `.\" @WHAT NAME` of a template by what is declared of NAME.
fn fill(template: &str) -> String {
    let info = super::info();
    let mut page = String::new();
    for line in template.lines() {
        let Some((what, name)) = line.strip_prefix(".\\\" @").and_then(|l| l.split_once(' '))
        else {
            page += line;
            page.push('\n');
            continue;
        };
        let command = info.commands.iter().find(|command| command.name == name);
        match (what, command.map(|command| &command.command)) {
            ("exit", _) => exit_status(&info, name, &mut page),
            ("keys", _) => keys::tables(name, &mut page),
            ("kind", _) => keys::kind(name, &mut page),
            ("formats", _) => keys::formats(&mut page),
            ("synopsis", Some(command)) => synopsis(command, &mut page),
            ("about", Some(command)) => about(command, &mut page),
            ("options", Some(command)) => options(command, &mut page),
            _ => page += &format!("{line}: unknown\n"),
        }
    }
    page
}

/// The options of a command that people may give, `--help` as the last.
pub(super) fn shown<'a>(
    command: &'a CommandInfoWithArgs,
) -> impl Iterator<Item = &'a FlagInfo<'a>> {
    let flags = || command.flags.iter().filter(|flag| !flag.hidden);
    let is_help = |flag: &&FlagInfo<'_>| flag.long == "--help";
    flags().filter(move |flag| !is_help(flag)).chain(flags().filter(is_help))
}

/// `-h` for `--help`, which argh does not tell, or the option's own letter.
pub(super) fn short(flag: &FlagInfo<'_>) -> Option<char> {
    flag.short.or((flag.long == "--help").then_some('h'))
}

/// What an option is called in mdoc(7), with its value: `Fl -limit Ar N`.
fn flag_and_value(dashed: &str, flag: &FlagInfo<'_>) -> String {
    match flag.kind {
        FlagInfoKind::Option { arg_name } => format!("Fl {dashed} Ar {arg_name}"),
        FlagInfoKind::Switch => format!("Fl {dashed}"),
    }
}

/// One command with its options; of many only that there are some.
fn synopsis(command: &CommandInfoWithArgs, page: &mut String) {
    const MOST: usize = 6;
    *page += &format!(".Nm\n.Cm {}\n", command.name);
    let flags: Vec<_> = shown(command).filter(|flag| flag.long != "--help").collect();
    if flags.len() > MOST {
        *page += ".Op Ar options\n";
    } else {
        for flag in flags {
            let dashed = flag.short.map_or(flag.long[1..].to_owned(), String::from);
            *page += &format!(".Op {}\n", flag_and_value(&dashed, flag));
        }
    }
    for positional in command.positionals {
        let name = positional.name;
        *page += &match positional.optionality {
            Optionality::Required => format!(".Ar {name}\n"),
            Optionality::Optional => format!(".Op Ar {name}\n"),
            Optionality::Repeating | Optionality::Greedy => format!(".Op Ar {name} ...\n"),
        };
    }
}

/// What a command does, and the notes on it.
fn about(command: &CommandInfoWithArgs, page: &mut String) {
    *page += &format!(".Ss {}\n", command.name);
    paragraph(&sentence(command.description), page);
    for text in command.notes {
        *page += ".Pp\n";
        note(text, page);
    }
}

fn options(command: &CommandInfoWithArgs, page: &mut String) {
    *page += ".Bl -tag -width Ds\n";
    for flag in shown(command) {
        let short = short(flag).map(|short| format!("Fl {short} , ")).unwrap_or_default();
        *page += &format!(".It {short}{}\n", flag_and_value(&flag.long[1..], flag));
        paragraph(&sentence(flag.description), page);
    }
    *page += ".El\n";
}

/// What an exit code of the program means, and of each command where that is something else.
fn exit_status(info: &CommandInfoWithArgs, code: &str, page: &mut String) {
    let text_of = |command: &CommandInfoWithArgs| {
        let known = command.error_codes.iter().find(|known| known.code.to_string() == code);
        known.map(|known| known.description)
    };
    let general = text_of(info);
    *page += &format!(".It {code}\n");
    paragraph(&sentence(general.unwrap_or_default()), page);
    for command in &info.commands {
        if let Some(own) = text_of(&command.command).filter(|own| Some(*own) != general) {
            *page += &format!(".Cm {} :\n", command.name);
            paragraph(&format!("{own}."), page);
        }
    }
}
