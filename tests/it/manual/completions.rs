//! What each completion knows, read from its text.

use super::{Options, Words, formats, known, words};
use newsagg::command::{bench, parse};

const BASH: &str = include_str!("../../../contrib/completions/newsagg.bash");
const ZSH: &str = include_str!("../../../contrib/completions/_newsagg");
const FISH: &str = include_str!("../../../contrib/completions/newsagg.fish");

/// The options of the program itself stand under the empty name.
fn wanted() -> Options {
    let mut wanted = known();
    wanted.insert(String::new(), words(["-h", "--help", "-V", "--version"]));
    wanted
}

/// Every word of these letters that begins with a dash.
fn dashed(text: &str) -> Words {
    let words = text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-'));
    words.filter(|word| word.len() > 1 && word.starts_with('-')).map(str::to_owned).collect()
}

/// From behind `begin` up to `end`.
fn between<'a>(text: &'a str, begin: &str, end: &str) -> &'a str {
    let (_, rest) = text.split_once(begin).unwrap_or_else(|| panic!("{begin:?} is not there"));
    rest.split_once(end).unwrap_or_else(|| panic!("{end:?} is not there")).0
}

#[test]
fn bash_completes_every_option_and_no_other() {
    let options = between(BASH, "_newsagg_options() {", "\n}\n");
    let mut told = Options::new();
    for arm in between(options, "case $1 in\n", "    esac").split(";;") {
        if let Some((command, rest)) = arm.split_once(')') {
            told.insert(command.trim().trim_matches('\'').to_owned(), dashed(rest));
        }
    }
    assert_eq!(told, wanted());
    let commands = words(between(BASH, "_newsagg_commands='", "'").split(' '));
    assert_eq!(commands, known().into_keys().collect());
}

#[test]
fn zsh_completes_every_option_and_no_other() {
    let mut told = Options::new();
    for function in ZSH.split("\n}\n") {
        let Some((name, code)) = function.split_once("() {\n") else { continue };
        let name = name.rsplit('\n').next().unwrap().trim_start_matches("_newsagg");
        let Some((_, specs)) = code.split_once("_arguments ") else { continue };
        // Before the description; the flags of _arguments itself stand before the colon.
        let specs = specs.split_once(" : ").unwrap().1;
        let options = specs.lines().flat_map(|spec| dashed(spec.split('[').next().unwrap()));
        told.insert(name.trim_start_matches('_').to_owned(), options.collect());
    }
    assert_eq!(told, wanted());
    let commands = between(ZSH, "commands=(\n", "\n    )").lines();
    let commands = commands.map(|line| line.trim().trim_start_matches('\'').split(':').next());
    assert_eq!(words(commands.flatten()), known().into_keys().collect());
}

#[test]
fn fish_completes_every_option_and_no_other() {
    let mut told: Options = [(String::new(), Words::new()), ("help".into(), Words::new())].into();
    let mut commands = Words::new();
    for line in FISH.lines().filter(|line| line.starts_with("complete -c newsagg -n ")) {
        let condition = between(line, "-n '", "'");
        let after = |flag: &str| Some(line.split_once(flag)?.1.split(' ').next()?.to_owned());
        let options =
            [after(" -s ").map(|s| format!("-{s}")), after(" -l ").map(|l| format!("--{l}"))];
        let options: Words = options.into_iter().flatten().collect();
        if let Some(own) = condition.strip_prefix("__newsagg_in ") {
            for command in own.split(';').next().unwrap().split(' ') {
                told.entry(command.to_owned()).or_default().extend(options.clone());
            }
        } else {
            told.entry(String::new()).or_default().extend(options);
            commands.extend(after(" -a "));
        }
    }
    assert_eq!(told, wanted());
    assert_eq!(commands, known().into_keys().collect());
}

#[test]
fn every_completion_has_the_formats_kinds_and_scenarios_and_no_other() {
    for (shell, text) in [("bash", BASH), ("zsh", ZSH), ("fish", FISH)] {
        // One list of words in quotes or brackets, which begins with the first of them.
        let list = |first: &str| {
            let at = [format!("'{first} "), format!("({first} ")]
                .iter()
                .find_map(|s| text.find(s.as_str()));
            let at = at.unwrap_or_else(|| panic!("{shell}: {first}"));
            words(text[at + 1..].split(['\'', ')']).next().unwrap().split(' '))
        };
        assert_eq!(list("jsonfeed"), formats(), "{shell}");
        assert_eq!(list("feed"), words(parse::KINDS), "{shell}");
        let scenarios: Words = list("sequential").into_iter().filter(|n| !n.is_empty()).collect();
        assert_eq!(scenarios, words(bench::names()), "{shell}");
    }
}
