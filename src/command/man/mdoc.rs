//! Plain text as mdoc(7): what stands in backquotes becomes a macro, lists of terms become lists.

/// Lines of a page are not longer than this: mandoc complains of more than 80.
const WIDTH: usize = 76;

/// Makes a sentence of a description: a capital letter at its beginning, a period at its end.
pub fn sentence(description: &str) -> String {
    let mut letters = description.chars();
    let first: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
    let end = if description.ends_with(['.', '?', ':']) { "" } else { "." };
    format!("{first}{}{end}", letters.as_str())
}

/// Adds a note: its text as paragraphs, and rows `  TERM  TEXT` of it as a list.
pub fn note(text: &str, page: &mut String) {
    let mut rows: Vec<(&str, String)> = Vec::new();
    let mut plain = String::new();
    for line in text.lines().chain([""]) {
        if let Some(row) = line.strip_prefix("  ") {
            paragraph(&std::mem::take(&mut plain), page);
            match (row.split_once("  "), rows.last_mut()) {
                (Some((term, text)), _) if !term.is_empty() => {
                    rows.push((term, text.trim_start().to_owned()));
                }
                (_, Some((_, text))) => *text += &format!(" {}", row.trim_start()),
                (_, None) => rows.push((row, String::new())),
            }
        } else {
            list(&std::mem::take(&mut rows), page);
            plain += &format!("{line} ");
        }
    }
    paragraph(&plain, page);
}

fn list(rows: &[(&str, String)], page: &mut String) {
    let Some(widest) = rows.iter().map(|(term, _)| *term).max_by_key(|term| term.len()) else {
        return;
    };
    *page += &format!(".Bl -tag -width \"{widest}\" -compact\n");
    for (term, text) in rows {
        *page += &format!(".It Cm {}\n", arguments(&term.replace(", ", " , ")));
        paragraph(text, page);
    }
    *page += ".El\n";
}

/// Adds text, a line for each sentence. `--x` in backquotes is an option, `KEY` a key or a literal;
/// `name(5)` is a page, and an address a link.
pub fn paragraph(text: &str, page: &mut String) {
    let mut line = String::new();
    let mut rest = text.trim_start();
    while !rest.is_empty() {
        let quoted = rest.trim_start_matches('(').starts_with('`');
        let end = match quoted {
            // A literal may have spaces in it.
            true => {
                let open = rest.find('`').unwrap_or_default() + 1;
                let close = rest[open..].find('`').map_or(rest.len(), |at| open + at + 1);
                rest[close..].find(' ').map_or(rest.len(), |at| close + at)
            }
            false => rest.find(' ').unwrap_or(rest.len()),
        };
        let (word, after) = rest.split_at(end);
        rest = after.trim_start();
        match of_macro(word) {
            Some(of_macro) => {
                flush(&mut line, page);
                page.push_str(&of_macro);
                page.push('\n');
            }
            None => {
                if bytes(&line) + bytes(word) >= WIDTH {
                    flush(&mut line, page);
                }
                if !line.is_empty() {
                    line.push(' ');
                }
                line += &word.replace('\\', "\\e");
                if word.ends_with(['.', '?', '!']) {
                    flush(&mut line, page);
                }
            }
        }
    }
    flush(&mut line, page);
}

/// How long text is for mandoc, which writes other letters than ASCII as `\[u00AB]`.
fn bytes(text: &str) -> usize {
    text.chars().map(|letter| if letter.is_ascii() { 1 } else { 8 }).sum()
}

fn flush(line: &mut String, page: &mut String) {
    if line.is_empty() {
        return;
    }
    // Elsewhere it would be the beginning of a macro.
    if line.starts_with(['.', '\'']) {
        page.push_str("\\&");
    }
    page.push_str(line);
    page.push('\n');
    line.clear();
}

/// The line of a macro that stands for a word, if one does.
fn of_macro(word: &str) -> Option<String> {
    let inner = word.trim_start_matches('(');
    let before = " (".repeat(word.len() - inner.len());
    let (name, inner, rest) = if let Some(quoted) = inner.strip_prefix('`') {
        let (inner, rest) = quoted.split_once('`')?;
        match inner.strip_prefix('-').filter(|option| !option.is_empty()) {
            Some(option) => ("Fl", arguments(option), rest),
            None => ("Ql", arguments(inner), rest),
        }
    } else {
        let bare = inner.trim_end_matches([',', '.', ';', ':', ')']);
        let rest = &inner[bare.len()..];
        if bare.starts_with("https://") {
            ("Lk", bare.to_owned(), rest)
        } else {
            let (page, rest) = inner.split_once('(')?;
            let (section, rest) = rest.split_once(')')?;
            section.parse::<u8>().ok()?;
            ("Xr", format!("{page} {section}"), rest)
        }
    };
    let close: String = match rest.chars().all(|letter| ",.;:)".contains(letter)) {
        true => rest.chars().map(|letter| format!(" {letter}")).collect(),
        false => format!(" Ns {}", arguments(rest)),
    };
    Some(format!(".{name}{before} {inner}{close}"))
}

/// Text as arguments of a macro.
fn arguments(text: &str) -> String {
    let argument = |word: &str| {
        if word == "," {
            return word.to_owned();
        }
        let word = word.replace('\\', "\\e").replace('"', "\\(dq");
        let letters = word.len() == 2 && word.starts_with(|c: char| c.is_ascii_uppercase());
        let is_delimiter = |letter: char| "|.,:;()[]?!".contains(letter);
        match (letters || word.chars().all(is_delimiter), word.ends_with(is_delimiter)) {
            (true, _) => format!("\\&{word}"),
            (false, true) => format!("{word}\\&"),
            (false, false) => word,
        }
    };
    text.split(' ').map(argument).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> String {
        let mut page = String::new();
        note(text, &mut page);
        page
    }

    #[test]
    fn a_sentence_is_a_line_and_a_literal_a_macro() {
        assert_eq!(
            of("It is `3 h` old (`--ages`), see newsagg.toml(5). A `ttl`s `|`\n.sort\n"),
            "It is\n.Ql 3 h\nold\n.Fl ( -ages ) ,\nsee\n.Xr newsagg.toml 5 .\nA\n.Ql ttl Ns s\n.Ql \\&|\n\\&.sort\n"
        );
    }

    #[test]
    fn a_line_is_not_longer_than_mandoc_wants_it() {
        let page = of(&"«new» ".repeat(20));
        assert!(page.lines().all(|line| bytes(line) <= 80), "{page}");
        assert_eq!(page.split_whitespace().count(), 20);
    }

    #[test]
    fn rows_are_a_list() {
        assert_eq!(
            of("One of\n  hn, x  News:\n         more\n  -      stdin\nend"),
            "One of\n.Bl -tag -width \"hn, x\" -compact\n.It Cm hn , x\nNews: more\n\
             .It Cm -\nstdin\n.El\nend\n"
        );
    }
}
