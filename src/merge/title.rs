//! What of a title names the story.
//!
//! Two reports with the same words, in the same order and with the same numbers, are the same story
//! if nothing speaks against it. What may differ is how it is set: case, quotes, dashes, articles,
//! plurals, and the publisher's name behind a dash. Where a title is one that is used again and again
//! («Live updates», «Daily briefing»), nothing is ever joined by it: better twice than wrong.

use super::tracking::host_of;

/// So many words, and so many letters, has a title that names a story.
const MIN_WORDS: usize = 5;
/// See [`MIN_WORDS`].
const MIN_LETTERS: usize = 22;
/// A character of a script without spaces is a word, and counts as so many letters.
const IDEOGRAPH: usize = 2;
/// The name of a publisher has no more words.
const MAX_NAME: usize = 5;

/// What of a title names its story, in words with spaces between and around them; `None` if it names
/// none. `link` and `source` tell what may be the publisher's name.
pub(super) fn telling(title: &str, link: Option<&str>, source: &str) -> Option<String> {
    let own = without_publisher(title, link.map(host_of).unwrap_or_default(), source);
    let mut words = Words { text: String::with_capacity(own.len() + 2), count: 0, letters: 0 };
    words.text.push(' ');
    words.read(own);
    let Words { text, count, letters } = words;
    let enough = count >= MIN_WORDS && letters >= MIN_LETTERS;
    let comes_again = || text.match_indices(' ').any(|(at, _)| begins_again(&text[at + 1..]));
    (enough && !comes_again()).then_some(text)
}

/// Phrases of titles that come again with other news. They may end within a word (`stories`, `story`).
const PHRASES: &[&str] = &[
    "as it happened",
    "ask hn",
    "best of",
    "front page",
    "in brief",
    "need to know",
    "on this day",
    "thing to know",
    "thing we learned",
    "this day in",
    "this month",
    "this morning",
    "this week",
    "top stor",
    "week in",
    "what to know",
    "what we know",
    "year in",
];

/// Whether a text begins with a word or a phrase of titles that come again with other news, without the plural's `s`.
fn begins_again(text: &str) -> bool {
    match text.split(' ').next().unwrap_or_default() {
        "blog" | "briefing" | "bulletin" | "cartoon" | "comic" | "crossword" | "daily" | "deal"
        | "digest" | "discussion" | "editorial" | "ep" | "episode" | "fixture" | "forecast"
        | "headline" | "highlight" | "hint" | "hiring" | "horoscope" | "hourly" | "letter"
        | "live" | "liveblog" | "lottery" | "monthly" | "newsletter" | "obituarie" | "obituary"
        | "photo" | "picture" | "playlist" | "podcast" | "preview" | "puzzle" | "quiz"
        | "quordle" | "recap" | "review" | "roundup" | "rundown" | "schedule" | "score"
        | "sitrep" | "standing" | "sudoku" | "thread" | "trailer" | "update" | "video"
        | "watch" | "weather" | "webinar" | "weekend" | "weekly" | "wordle" | "wrap" | "yearly" => {
            true
        }
        // The first words of the phrases.
        "as" | "ask" | "best" | "front" | "in" | "need" | "on" | "thing" | "this" | "top"
        | "week" | "what" | "year" => PHRASES.iter().any(|phrase| text.starts_with(phrase)),
        _ => false,
    }
}

/// `Title` of `Title - The Publisher`.
fn without_publisher<'a>(title: &'a str, host: &str, source: &str) -> &'a str {
    let mark = |at: usize| {
        let marks = ["- ", "– ", "— ", "| ", "· ", ":: "];
        let mark = marks.into_iter().find(|mark| title[at + 1..].starts_with(mark))?;
        Some((at, at + 1 + mark.len()))
    };
    let spaces = title.bytes().enumerate().rev().filter(|(_, byte)| *byte == b' ');
    let Some((end, begin)) = spaces.map(|(at, _)| at).find_map(mark) else { return title };
    let own: String = host.chars().chain(source.chars()).filter(|c| c.is_alphanumeric()).collect();
    let own = own.to_lowercase();
    let name = &title[begin..];
    let names_it = |word: &str| {
        let word: String = word.chars().filter(|c| c.is_alphanumeric()).collect();
        let word = word.to_lowercase();
        word.len() > 2
            && !["the", "new", "news", "com", "org"].contains(&&*word)
            && own.contains(&word)
    };
    let is_publisher =
        name.split_whitespace().count() <= MAX_NAME && name.split_whitespace().any(names_it);
    if is_publisher { &title[..end] } else { title }
}

/// Words as they are read.
struct Words {
    text: String,
    count: usize,
    letters: usize,
}

impl Words {
    fn read(&mut self, title: &str) {
        let mut word = String::new();
        let mut before = ' ';
        let mut rest = title;
        while let Some(c) = rest.chars().next() {
            // Nearly all of nearly all titles.
            let run = rest.bytes().take_while(u8::is_ascii_alphanumeric).count();
            if run > 0 {
                let begin = word.len();
                word.push_str(&rest[..run]);
                word[begin..].make_ascii_lowercase();
                before = char::from(rest.as_bytes()[run - 1]);
                rest = &rest[run..];
                continue;
            }
            rest = &rest[c.len_utf8()..];
            let next = rest.chars().next().unwrap_or(' ');
            match c {
                '\'' | '’' | '‘' | 'ʼ' | '`' => {}
                c if is_ideograph(c) => {
                    self.end(&mut word);
                    word.push(c);
                    self.end(&mut word);
                    self.letters += IDEOGRAPH - 1;
                }
                c if c.is_alphanumeric() => word.extend(c.to_lowercase()),
                '.' if before.is_ascii_digit() && next.is_ascii_digit() => word.push(c),
                // U.S.
                '.' if next.is_alphanumeric() && word.chars().count() == 1 => {}
                ',' if before.is_ascii_digit() && next.is_ascii_digit() => {
                    // 10,000 is 10000, and 1,5 is not 15.
                    let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
                    if digits != 3 {
                        word.push(c);
                    }
                }
                '+' | '#' => word.push(c),
                '-' | '−' if before.is_whitespace() && next.is_ascii_digit() => word.push('-'),
                '$' | '€' | '£' | '¥' | '%' | '‰' | '°' | '?' | '=' | '<' | '>' => {
                    self.end(&mut word);
                    word.push(c);
                    self.end(&mut word);
                }
                '&' => {
                    self.end(&mut word);
                    word.push_str("and");
                    self.end(&mut word);
                }
                _ => self.end(&mut word),
            }
            before = c;
        }
        self.end(&mut word);
    }

    fn end(&mut self, word: &mut String) {
        let bare = word.strip_suffix("s").filter(|stem| {
            stem.ends_with(char::is_alphabetic)
                && !matches!(stem.as_bytes(), [.., b's' | b'u' | b'i'])
                && stem.chars().count() > 2
        });
        let stem = bare.unwrap_or(word);
        if !matches!(stem, "" | "a" | "an" | "the") {
            self.count += usize::from(stem.chars().any(char::is_alphanumeric));
            self.letters += stem.chars().count();
            self.text.push_str(stem);
            self.text.push(' ');
        }
        word.clear();
    }
}

/// Whether words are written without spaces here: kana, ideographs, Thai and their kin.
fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{e00}'..='\u{eff}' | '\u{1000}'..='\u{109f}' | '\u{1780}'..='\u{17ff}'
        | '\u{3040}'..='\u{30ff}' | '\u{3400}'..='\u{9fff}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests;
