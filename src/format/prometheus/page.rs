//! The text itself: samples, their labels, what must not stand in them.

use std::io::{self, Write};

use super::Histogram;
use super::families::{Family, Value};

/// Before every name.
pub(super) const PREFIX: &str = "newsagg_";

/// What is being written. A family without a sample leaves nothing.
pub(super) struct Page<'a> {
    pub out: &'a mut dyn Write,
    pub name: &'static str,
    /// Type and help of the family, as long as it has no sample.
    pub pending: Option<(&'static str, &'static str)>,
}

impl Page<'_> {
    pub fn begin<T>(&mut self, family: &Family<T>) {
        self.family(family.name, family.kind, family.help);
    }

    pub fn family(&mut self, name: &'static str, kind: &'static str, help: &'static str) {
        self.name = name;
        self.pending = Some((kind, help));
    }

    pub fn sample_if(
        &mut self,
        suffix: &str,
        labels: &[(&str, &str)],
        value: Option<Value>,
    ) -> io::Result<()> {
        value.map_or(Ok(()), |value| self.sample(suffix, labels, value))
    }

    pub fn sample(
        &mut self,
        suffix: &str,
        labels: &[(&str, &str)],
        value: Value,
    ) -> io::Result<()> {
        let name = self.name;
        if let Some((kind, help)) = self.pending.take() {
            self.put(&["# HELP ", PREFIX, name, " ", help, "\n"])?;
            self.put(&["# TYPE ", PREFIX, name, " ", kind, "\n"])?;
        }
        self.put(&[PREFIX, name, suffix])?;
        for (index, (label, value)) in labels.iter().enumerate() {
            let before = if index == 0 { "{" } else { "," };
            self.put(&[before, label, "=\"", &escaped(value), "\""])?;
        }
        let after = if labels.is_empty() { " " } else { "} " };
        self.put(&[after, &text(value), "\n"])
    }

    /// Each bucket holds all that are no larger than its end.
    pub fn histogram(
        &mut self,
        labels: [(&str, &str); 2],
        histogram: &Histogram,
    ) -> io::Result<()> {
        let [name, kind] = labels;
        let ends = histogram.ends_ms.iter().map(|end| text(Value::Milli((*end).into())));
        let mut count = 0;
        for (end, own) in ends.chain(["+Inf".to_owned()]).zip(&histogram.counts) {
            count += u64::from(*own);
            self.sample("_bucket", &[name, kind, ("le", &end)], Value::Whole(count))?;
        }
        self.sample("_sum", &labels, Value::Milli(histogram.sum_ms))?;
        self.sample("_count", &labels, Value::Whole(count))
    }

    pub fn put(&mut self, parts: &[&str]) -> io::Result<()> {
        parts.iter().try_for_each(|part| self.out.write_all(part.as_bytes()))
    }
}

/// `12`, `0.05`, `1.5`.
fn text(value: Value) -> String {
    match value {
        Value::Whole(n) => n.to_string(),
        Value::Milli(n) => {
            let mut text = (n / 1000).to_string();
            if n % 1000 > 0 {
                // The leading one keeps the zeros behind it.
                let part = (1000 + n % 1000).to_string();
                text.push('.');
                text.push_str(part[1..].trim_end_matches('0'));
            }
            text
        }
    }
}

/// The value of a label. What a terminal could take for an order is no name's; different names stay
/// different, or a series would be there twice.
fn escaped(value: &str) -> String {
    let mut text = String::with_capacity(value.len());
    for letter in value.chars() {
        match letter {
            '\\' => text.push_str("\\\\"),
            '"' => text.push_str("\\\""),
            '\n' => text.push_str("\\n"),
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' => strange(letter, &mut text),
            letter if letter.is_control() => strange(letter, &mut text),
            letter => text.push(letter),
        }
    }
    text
}

/// `\u{1b}`, as the value of a label.
fn strange(letter: char, text: &mut String) {
    text.push('\\');
    text.extend(letter.escape_unicode());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousandths_are_written_without_what_says_nothing() {
        for (ms, expected) in
            [(0, "0"), (5, "0.005"), (50, "0.05"), (500, "0.5"), (1_000, "1"), (61_230, "61.23")]
        {
            assert_eq!(text(Value::Milli(ms)), expected);
        }
        assert_eq!(text(Value::Milli(u64::MAX)), "18446744073709551.615");
    }

    #[test]
    fn a_label_is_one_line_without_orders_for_a_terminal() {
        assert_eq!(escaped("a\\b\"c\nd"), r#"a\\b\"c\nd"#);
        assert_eq!(escaped("\u{1b}[31m\t\u{202e}ü"), r"\\u{1b}[31m\\u{9}\\u{202e}ü");
    }
}
