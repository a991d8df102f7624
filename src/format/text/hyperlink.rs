//! Links that a terminal opens: OSC 8.
//! <https://gist.github.com/egmontkob/eb114294efbcd5adb1944c9f3cb5feda>

/// A longer link is none: terminals that know hyperlinks take no more than this.
const MAX_LINK: usize = 2_083;

/// A text that leads to `url`, on a terminal that knows hyperlinks.
pub(super) fn linked(text: &str, url: Option<&str>) -> String {
    match url.map(encoded).filter(|url| url.len() <= MAX_LINK) {
        Some(url) => format!("\u{1b}]8;;{url}\u{1b}\\{text}\u{1b}]8;;\u{1b}\\"),
        None => text.into(),
    }
}

/// Everything but printable ASCII in percents: nothing in a link can end the sequence.
fn encoded(url: &str) -> String {
    let mut text = String::with_capacity(url.len());
    for byte in url.bytes() {
        match byte {
            b'!'..=b'~' => text.push(char::from(byte)),
            _ => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_cannot_leave_its_sequence() {
        assert_eq!(
            linked("x", Some("https://a.example/;\u{1b}\\\u{7}\u{9c} é")),
            "\u{1b}]8;;https://a.example/;%1B\\%07%C2%9C%20%C3%A9\u{1b}\\x\u{1b}]8;;\u{1b}\\"
        );
        assert_eq!(linked("x", None), "x");
    }

    #[test]
    fn a_link_beyond_the_bound_is_none() {
        let longest = "x".repeat(MAX_LINK);
        assert_ne!(linked("x", Some(&longest)), "x");
        assert_eq!(linked("x", Some(&format!("{longest}x"))), "x");
    }
}
