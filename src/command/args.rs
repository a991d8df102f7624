//! The words of the command line. argh reads them; forms that it does not know (`--opt=value`, `-vv`,
//! `-ofile`, `-` as a word) are brought into its form first.

use std::time::Duration;

use argh::{ArgsInfo, CommandInfoWithArgs, EarlyExit, FlagInfo, FlagInfoKind, FromArgs};

use super::Newsagg;
use crate::config::{MAX_WORKERS, nearest};
use crate::time::{format_duration, parse_duration};

/// A longer `--timeout` or `--deadline` than this is a mistake.
const MAX_SPAN: Duration = Duration::from_secs(7 * 86_400);
/// Columns of a help text.
const WIDTH: usize = 80;

/// Reads the command line of the program.
///
/// # Errors
/// The help text that was asked for (status `Ok`), or one sentence that says what is wrong.
pub fn read(words: &[String]) -> Result<Newsagg, EarlyExit> {
    let info = Newsagg::get_args_info();
    let Some((first, rest)) = words.split_first() else { return help(&[]) };
    if asks_for_help(&words[..1]) {
        return help(&[]);
    }
    if first.starts_with('-') {
        let hint = "; a command comes first, then its options";
        let plain = plain(&info, &words[..1]).map_err(|problem| match problem.contains(';') {
            true => problem,
            false => problem + hint,
        });
        return parse(&[], &plain?);
    }
    if first == "help" {
        return rest.first().map_or_else(|| help(&[]), |word| read(&[word.clone(), HELP.into()]));
    }
    let command = info.commands.into_iter().find(|command| command.name == first);
    let command = command.ok_or_else(|| unknown_command(first))?.command;
    if asks_for_help(rest) {
        return help(&[command.name]);
    }
    parse(&[command.name], &plain(&command, rest)?)
}

/// Reads the options of `newsagg COMMAND`.
///
/// # Errors
/// One sentence for people.
pub fn of_command<T: FromArgs + ArgsInfo>(words: &[String]) -> Result<T, String> {
    let info = T::get_args_info();
    let plain = plain(&info, words)?;
    let plain: Vec<&str> = plain.iter().map(String::as_str).collect();
    T::from_args(&["newsagg", info.name], &plain).map_err(|exit| exit.output)
}

const HELP: &str = "--help";

/// Whether `--help` stands among the options.
fn asks_for_help(words: &[String]) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| word == HELP || word == "-h")
}

/// The help text of the program or of a command, its first lines broken for a terminal.
fn help(command: &[&str]) -> Result<Newsagg, EarlyExit> {
    parse(command, &[HELP.into()]).map_err(|exit| {
        let (usage, rest) = exit.output.split_once("\n\n").unwrap_or((&exit.output, ""));
        // An option and its value stay on one line.
        let usage = textwrap::fill(
            &usage.replace(" <", "\u{a0}<"),
            textwrap::Options::new(WIDTH).subsequent_indent("    "),
        );
        let text = format!("{}\n\n{rest}", usage.replace('\u{a0}', " "));
        let lines = text.lines().map(|line| line.trim_end().to_owned() + "\n");
        EarlyExit { output: lines.collect(), ..exit }
    })
}

fn parse(command: &[&str], plain: &[String]) -> Result<Newsagg, EarlyExit> {
    let words: Vec<&str> = command.iter().copied().chain(plain.iter().map(|w| &**w)).collect();
    Newsagg::from_args(&["newsagg"], &words)
}

fn unknown_command(word: &str) -> String {
    let known: Vec<&str> = Newsagg::get_args_info().commands.iter().map(|c| c.name).collect();
    let hint = match nearest(word, known.iter().copied()) {
        Some(near) => format!("did you mean `{near}`?"),
        None if word.contains(['/', ':', '.']) => {
            "to fetch a source write `newsagg once SOURCE`".into()
        }
        None => format!("the commands are {}", known.join(", ")),
    };
    format!("unknown command `{word}`; {hint}")
}

/// The same words in argh's form: options with their values, then `--` and the rest.
fn plain(info: &CommandInfoWithArgs, words: &[String]) -> Result<Vec<String>, String> {
    let (mut options, mut others) = (Vec::new(), vec!["--".to_owned()]);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            others.extend(words.cloned());
            break;
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let name = format!("--{name}");
            let flag = info.flags.iter().find(|flag| flag.long == name);
            let flag = flag.ok_or_else(|| unknown(info, &name))?;
            take(flag, &name, value, &mut words, &mut options)?;
        } else if let Some(shorts) = word.strip_prefix('-').filter(|shorts| !shorts.is_empty()) {
            let mut shorts = shorts.chars();
            while let Some(short) = shorts.next() {
                let name = format!("-{short}");
                if name == "-h" {
                    options.push(HELP.into());
                    continue;
                }
                let flag = info.flags.iter().find(|flag| flag.short == Some(short));
                let flag = flag.ok_or_else(|| unknown(info, &name))?;
                let rest = shorts.as_str();
                let value = (takes_value(flag) && !rest.is_empty()).then(|| {
                    shorts = "".chars();
                    rest.strip_prefix('=').unwrap_or(rest).to_owned()
                });
                take(flag, &name, value, &mut words, &mut options)?;
            }
        } else {
            others.push(word.clone());
        }
    }
    if others.len() > 1 {
        options.append(&mut others);
    }
    Ok(options)
}

fn takes_value(flag: &FlagInfo<'_>) -> bool {
    matches!(flag.kind, FlagInfoKind::Option { .. })
}

/// One option, with its value from behind the `=` or from the next word.
fn take<'a>(
    flag: &FlagInfo<'_>,
    name: &str,
    value: Option<String>,
    words: &mut impl Iterator<Item = &'a String>,
    options: &mut Vec<String>,
) -> Result<(), String> {
    if !takes_value(flag) {
        if value.is_some() {
            return Err(format!("`{name}` takes no value"));
        }
        options.push(flag.long.into());
        return Ok(());
    }
    let value = value.or_else(|| words.next().cloned());
    let value = value.filter(|value| !value.is_empty());
    let value = value.ok_or_else(|| format!("`{name}` needs a value"))?;
    options.extend([flag.long.to_owned(), value]);
    Ok(())
}

fn unknown(info: &CommandInfoWithArgs, name: &str) -> String {
    let command = match info.commands.is_empty() {
        true => format!(" of `{}`", info.name),
        false => String::new(),
    };
    let near = nearest(name, info.flags.iter().map(|flag| flag.long));
    let near = near.map(|near| format!("; did you mean `{near}`?"));
    format!("unknown option `{name}`{command}{}", near.unwrap_or_default())
}

/// `--limit 10`
pub fn count(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(count) if (1..=u32::MAX as usize).contains(&count) => Ok(count),
        _ => Err("must be a whole number from 1 up".into()),
    }
}

/// `--workers 8`
pub fn workers(text: &str) -> Result<usize, String> {
    match text.parse() {
        Ok(workers) if (1..=MAX_WORKERS).contains(&workers) => Ok(workers),
        _ => Err(format!("must be a whole number from 1 to {MAX_WORKERS}")),
    }
}

/// `--timeout 10s`
pub fn span(text: &str) -> Result<Duration, String> {
    match parse_duration(text) {
        Ok(span) if span.is_zero() => Err("must be longer than nothing".into()),
        Ok(span) if span > MAX_SPAN => {
            Err(format!("must not be longer than {}", format_duration(MAX_SPAN)))
        }
        Ok(span) => Ok(span),
        Err(_) => Err("must be a duration such as 90s, 15m or 1h30m".into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::once::OnceArgs;

    fn once(words: &[&str]) -> Result<OnceArgs, String> {
        let words: Vec<String> = words.iter().map(|word| word.to_string()).collect();
        of_command(&words).map_err(|said| said.trim_end().to_owned())
    }

    #[test]
    fn options_are_read_in_every_form_that_people_write() {
        for words in [
            &["-o", "x", "-f", "jsonl", "-vv", "hn", "-"][..],
            &["hn", "-", "--output=x", "--format=jsonl", "-v", "-v"],
            &["-ox", "-fjsonl", "hn", "-vv", "-"],
            &["-vvox", "--format", "jsonl", "--", "hn", "-"],
            &["hn", "-o=x", "--verbose", "--verbose", "-f=jsonl", "-"],
        ] {
            let args = once(words).unwrap_or_else(|problem| panic!("{words:?}: {problem}"));
            assert_eq!(args.output.as_deref(), Some("x"), "{words:?}");
            assert_eq!(args.format.map(|format| format.name()), Some("jsonl"));
            assert_eq!(args.verbose, 2);
            assert_eq!(args.sources, ["hn", "-"]);
        }
        assert_eq!(once(&["-o", "-"]).unwrap().output.as_deref(), Some("-"));
        assert_eq!(once(&["-o", "--odd"]).unwrap().output.as_deref(), Some("--odd"));
        assert_eq!(once(&["--", "--odd", "--"]).unwrap().sources, ["--odd", "--"]);
    }

    #[test]
    fn what_cannot_be_read_is_one_sentence() {
        for (words, sentence) in [
            (&["--limt", "3"][..], "unknown option `--limt` of `once`; did you mean `--limit`?"),
            (&["-x"], "unknown option `-x` of `once`"),
            (
                &["--workers", "0"],
                "Error parsing option '--workers' with value '0': must be a whole number from 1 to 10000",
            ),
            (
                &["--limit", "-1"],
                "Error parsing option '--limit' with value '-1': must be a whole number from 1 up",
            ),
            (
                &["--timeout=ten"],
                "Error parsing option '--timeout' with value 'ten': must be a duration such as 90s, 15m or 1h30m",
            ),
            (
                &["--deadline", "0s"],
                "Error parsing option '--deadline' with value '0s': must be longer than nothing",
            ),
            (&["-o"], "`-o` needs a value"),
            (&["--output="], "`--output` needs a value"),
            (&["--strict=yes"], "`--strict` takes no value"),
            (
                &["-o", "a", "-o", "b"],
                "Error parsing option '--output' with value 'b': duplicate values provided",
            ),
            (
                &["-f", "jsonfed"],
                "Error parsing option '--format' with value 'jsonfed': \"jsonfed\" is no format; did you mean \"jsonfeed\"?",
            ),
        ] {
            assert_eq!(once(words).map(drop), Err(sentence.to_owned()), "{words:?}");
        }
    }
}
