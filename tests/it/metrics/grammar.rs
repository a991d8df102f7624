//! A reader of the exposition format that forgives nothing, written from its specification:
//! <https://prometheus.io/docs/instrumenting/exposition_formats/>.

use std::collections::{BTreeMap, BTreeSet};

pub type Labels = BTreeMap<String, String>;

const PREFIX: &str = "newsagg_";

/// All families of a page.
#[derive(Debug, Default)]
pub struct Page {
    families: Vec<Family>,
}

#[derive(Debug)]
struct Family {
    name: String,
    kind: String,
    samples: Vec<(String, Labels, f64)>,
}

impl Page {
    /// The series of this name, without the prefix of all names.
    pub fn series<'a>(&'a self, name: &str) -> impl Iterator<Item = (&'a Labels, f64)> {
        let name = format!("{PREFIX}{name}");
        let samples = self.families.iter().flat_map(|family| &family.samples);
        samples.filter(move |(own, ..)| *own == name).map(|(_, labels, value)| (labels, *value))
    }

    /// The value of the first series with these labels, and perhaps others.
    pub fn value(&self, name: &str, labels: &[(&str, &str)]) -> Option<f64> {
        let has = |own: &Labels| {
            labels.iter().all(|(name, value)| own.get(*name).is_some_and(|own| own == value))
        };
        self.series(name).find(|(own, _)| has(own)).map(|(_, value)| value)
    }

    /// What must never shrink, as it is written.
    pub fn growing(&self) -> impl Iterator<Item = (String, f64)> {
        let growing = self.families.iter().filter(|family| family.kind != "gauge");
        let samples = growing.flat_map(|family| &family.samples);
        samples.map(|(name, labels, value)| (format!("{name}{labels:?}"), *value))
    }
}

/// Reads a page; the error says which line is wrong, and why.
pub fn parse(text: &str) -> Result<Page, String> {
    let Some(text) = text.strip_suffix('\n') else { return Err("no line end at the end".into()) };
    let mut page = Page::default();
    let (mut help, mut seen, mut series) = (None, BTreeSet::new(), BTreeSet::new());
    for line in text.split('\n') {
        let wrong = |why: &str| format!("{why}: {line}");
        if line.chars().any(char::is_control) {
            return Err(wrong("a control character"));
        }
        if let Some(rest) = line.strip_prefix("# HELP ") {
            let (name, text) = rest.split_once(' ').ok_or(wrong("no text"))?;
            if help.is_some() || text.contains('\\') || !text.ends_with('.') {
                return Err(wrong("an odd help"));
            }
            help = Some(name.to_owned());
        } else if let Some(rest) = line.strip_prefix("# TYPE ") {
            let (name, kind) = rest.split_once(' ').ok_or(wrong("no type"))?;
            if help.take().as_deref() != Some(name) || !seen.insert(name.to_owned()) {
                return Err(wrong("no help before it, or there already"));
            }
            if !["gauge", "counter", "histogram"].contains(&kind) {
                return Err(wrong("no type"));
            }
            let total = name.ends_with("_total");
            if total != (kind == "counter") || !name.starts_with(PREFIX) || !is_name(name) {
                return Err(wrong("no name for that"));
            }
            let (name, kind) = (name.to_owned(), kind.to_owned());
            page.families.push(Family { name, kind, samples: Vec::new() });
        } else {
            let (name, labels, value) = sample(line).map_err(wrong)?;
            let family = page.families.last_mut().filter(|_| help.is_none());
            let family = family.ok_or(wrong("no family"))?;
            let suffixes: &[&str] =
                if family.kind == "histogram" { &["_bucket", "_sum", "_count"] } else { &[""] };
            if !suffixes.iter().any(|suffix| name == format!("{}{suffix}", family.name)) {
                return Err(wrong("of another family"));
            }
            if !series.insert((name.clone(), labels.clone())) {
                return Err(wrong("there already"));
            }
            if family.kind != "gauge" && value < 0.0 {
                return Err(wrong("less than nothing"));
            }
            family.samples.push((name, labels, value));
        }
    }
    if help.is_some() || page.families.iter().any(|family| family.samples.is_empty()) {
        return Err("a family without a sample".into());
    }
    for family in page.families.iter().filter(|family| family.kind == "histogram") {
        histograms(family)?;
    }
    Ok(page)
}

/// `name{label="value"} 1.5`; no timestamp: the collector refuses them.
fn sample(line: &str) -> Result<(String, Labels, f64), &'static str> {
    let end = line.find(['{', ' ']).ok_or("no value")?;
    let (name, mut rest) = line.split_at(end);
    if !is_name(name) {
        return Err("no name");
    }
    let mut labels = Labels::new();
    if let Some(mut inner) = rest.strip_prefix('{') {
        loop {
            let (label, after) = inner.split_once("=\"").ok_or("no label")?;
            let (value, after) = quoted(after)?;
            if !is_name(label) || label.contains(':') || label.starts_with("__") {
                return Err("no label");
            }
            if labels.insert(label.into(), value).is_some() {
                return Err("a label twice");
            }
            match after.strip_prefix(',') {
                Some(after) => inner = after,
                None => {
                    rest = after.strip_prefix('}').ok_or("no end of the labels")?;
                    break;
                }
            }
        }
    }
    let value = rest.strip_prefix(' ').ok_or("no space before the value")?;
    let digits = value.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let value = value.parse().ok().filter(|_| digits).ok_or("no value")?;
    Ok((name.into(), labels, value))
}

/// The value of a label, and what follows it.
fn quoted(text: &str) -> Result<(String, &str), &'static str> {
    let (mut value, mut letters) = (String::new(), text.char_indices());
    while let Some((at, letter)) = letters.next() {
        match letter {
            '"' => return Ok((value, &text[at + 1..])),
            '\\' => match letters.next() {
                Some((_, '\\')) => value.push('\\'),
                Some((_, '"')) => value.push('"'),
                Some((_, 'n')) => value.push('\n'),
                _ => return Err("an unknown escape"),
            },
            letter => value.push(letter),
        }
    }
    Err("a label without an end")
}

fn is_name(name: &str) -> bool {
    let first = |c: char| c.is_ascii_alphabetic() || c == '_' || c == ':';
    name.starts_with(first) && name.chars().all(|c| first(c) || c.is_ascii_digit())
}

/// What belongs together: ends and counts, the sum, the count.
type Parts = (Vec<(f64, f64)>, Option<f64>, Option<f64>);

/// Buckets ascend and end with all, which is the count; there is a sum.
fn histograms(family: &Family) -> Result<(), String> {
    let mut all: BTreeMap<Labels, Parts> = BTreeMap::new();
    for (name, labels, value) in &family.samples {
        let mut labels = labels.clone();
        let end = labels.remove("le");
        let one = all.entry(labels).or_default();
        match (name.rsplit('_').next(), end) {
            (Some("bucket"), Some(end)) => {
                let end = if end == "+Inf" { f64::INFINITY } else { end.parse().unwrap() };
                one.0.push((end, *value));
            }
            (Some("sum"), None) => one.1 = Some(*value),
            (Some("count"), None) => one.2 = Some(*value),
            _ => return Err(format!("no part of a histogram: {name}")),
        }
    }
    for (labels, (buckets, sum, count)) in all {
        let last = buckets.last().copied();
        let ascends = buckets.is_sorted_by(|a, b| a.0 < b.0 && a.1 <= b.1);
        let ends = last.is_some_and(|(end, all)| end.is_infinite() && Some(all) == count);
        if !ascends || !ends || sum.is_none() {
            return Err(format!("no histogram: {labels:?} {buckets:?} {sum:?} {count:?}"));
        }
    }
    Ok(())
}

#[test]
fn the_reader_forgives_nothing() {
    let head = "# HELP newsagg_a Text.\n# TYPE newsagg_a gauge\n";
    assert!(parse(&format!("{head}newsagg_a{{b=\"\\\\ \\\" \\n\"}} 1.5\n")).is_ok());
    for sample in [
        "newsagg_a 1",
        "newsagg_a 1\nnewsagg_a 2\n",
        "newsagg_b 1\n",
        "newsagg_a{b=\"1\",b=\"2\"} 1\n",
        "newsagg_a{b=\"\\t\"} 1\n",
        "newsagg_a{b=\"\t\"} 1\n",
        "newsagg_a{1=\"\"} 1\n",
        "newsagg_a 1 2\n",
        "newsagg_a one\n",
        "\nnewsagg_a 1\n",
        "",
        "newsagg_a 1\n# HELP newsagg_a Text.\n# TYPE newsagg_a gauge\nnewsagg_a{b=\"\"} 1\n",
    ] {
        assert!(parse(&format!("{head}{sample}")).is_err(), "{sample:?}");
    }
    let head = "# HELP newsagg_a Text.\n# TYPE newsagg_a histogram\n";
    let whole = "newsagg_a_bucket{le=\"1\"} 1\nnewsagg_a_bucket{le=\"+Inf\"} 2\nnewsagg_a_sum 3\n\
                 newsagg_a_count 2\n";
    assert!(parse(&format!("{head}{whole}")).is_ok());
    for (from, to) in [("} 1", "} 3"), ("+Inf", "2"), ("count 2", "count 1"), ("_sum 3\n", "_sum")]
    {
        assert!(parse(&format!("{head}{}", whole.replace(from, to))).is_err(), "{to}");
    }
}
