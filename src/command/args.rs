//! The words after a command. argh knows the options; what it does not read (`--opt=value`,
//! `-vv`, `-ofile`, `-` as a word) is brought into its form first, and what it refuses is said
//! in one sentence.

use std::time::Duration;

use argh::{ArgsInfo, FlagInfo, FlagInfoKind, FromArgs, Optionality};

use crate::config::{MAX_WORKERS, nearest};
use crate::time::{format_duration, parse_duration};

/// A longer `--timeout` or `--deadline` than this is a mistake.
const MAX_SPAN: Duration = Duration::from_secs(7 * 86_400);

/// Whether `--help` stands among the options.
pub fn asks_for_help(words: &[String]) -> bool {
    words.iter().take_while(|word| *word != "--").any(|word| word == "--help" || word == "-h")
}

/// Reads a command's options.
///
/// # Errors
/// One sentence for people.
pub fn read<T: FromArgs + ArgsInfo>(command: &str, words: &[String]) -> Result<T, String> {
    let info = T::get_args_info();
    let plain = plain(command, info.flags, words)?;
    let words: Vec<&str> = plain.options.iter().chain(&plain.others).map(String::as_str).collect();
    let needed = info.positionals.iter().find(|p| p.optionality != Optionality::Optional);
    if let (Some(needed), true) = (needed, plain.others.len() <= 1) {
        if needed.optionality != Optionality::Repeating || command == "parse" {
            return Err(format!("`{command}` needs {}", needed.name));
        }
    }
    T::from_args(&["newsagg", command], &words).map_err(|exit| sentence(command, &exit.output))
}

/// The same words in argh's form: options with their values, then `--` and the rest.
#[derive(Debug, Default)]
struct Plain {
    options: Vec<String>,
    others: Vec<String>,
}

fn plain(command: &str, flags: &[FlagInfo<'_>], words: &[String]) -> Result<Plain, String> {
    let mut plain = Plain { options: Vec::new(), others: vec!["--".into()] };
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--" {
            plain.others.extend(words.cloned());
            break;
        } else if let Some(long) = word.strip_prefix("--") {
            let (name, value) = match long.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (long, None),
            };
            let name = format!("--{name}");
            let flag = flags.iter().find(|flag| flag.long == name);
            let flag = flag.ok_or_else(|| unknown(command, &name, flags))?;
            take(flag, &name, value, &mut words, &mut plain.options)?;
        } else if let Some(shorts) = word.strip_prefix('-').filter(|shorts| !shorts.is_empty()) {
            let mut shorts = shorts.chars();
            while let Some(short) = shorts.next() {
                let name = format!("-{short}");
                let flag = flags.iter().find(|flag| flag.short == Some(short));
                let flag = flag.ok_or_else(|| unknown(command, &name, flags))?;
                let rest = shorts.as_str();
                let value = (takes_value(flag) && !rest.is_empty()).then(|| {
                    shorts = "".chars();
                    rest.strip_prefix('=').unwrap_or(rest).to_owned()
                });
                take(flag, &name, value, &mut words, &mut plain.options)?;
            }
        } else {
            plain.others.push(word.clone());
        }
    }
    Ok(plain)
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

fn unknown(command: &str, name: &str, flags: &[FlagInfo<'_>]) -> String {
    let longs = flags.iter().map(|flag| flag.long).chain(["--help"]);
    let near = nearest(name, longs).map(|near| format!("; did you mean `{near}`?"));
    format!("unknown option `{}` of `{command}`{}", name.escape_debug(), near.unwrap_or_default())
}

/// What argh says, in our words.
fn sentence(command: &str, output: &str) -> String {
    let output = output.trim_end();
    if let Some(rest) = output.strip_prefix("Error parsing option '") {
        if let Some((name, rest)) = rest.split_once("' with value '") {
            // The value may hold anything; our own messages hold no `': `.
            if let Some((value, message)) = rest.rsplit_once("': ") {
                return match message {
                    "duplicate values provided" => format!("`{name}` is given twice"),
                    message => format!("`{name} {}`: {message}", value.escape_debug()),
                };
            }
        }
    }
    if let Some(word) = output.strip_prefix("Unrecognized argument: ") {
        return format!("`{command}` does not know what to do with `{}`", word.escape_debug());
    }
    output.lines().map(str::trim).collect::<Vec<_>>().join(" ").to_lowercase()
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
        read("once", &words)
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
            (&["--workers", "0"], "`--workers 0`: must be a whole number from 1 to 10000"),
            (&["--limit", "-1"], "`--limit -1`: must be a whole number from 1 up"),
            (&["--timeout=ten"], "`--timeout ten`: must be a duration such as 90s, 15m or 1h30m"),
            (&["--deadline", "0s"], "`--deadline 0s`: must be longer than nothing"),
            (&["-o"], "`-o` needs a value"),
            (&["--output="], "`--output` needs a value"),
            (&["--strict=yes"], "`--strict` takes no value"),
            (&["-o", "a", "-o", "b"], "`--output` is given twice"),
            (
                &["-f", "jsonfed"],
                "`--format jsonfed`: \"jsonfed\" is no format; did you mean \"jsonfeed\"?",
            ),
        ] {
            assert_eq!(once(words).map(drop), Err(sentence.to_owned()), "{words:?}");
        }
    }
}
