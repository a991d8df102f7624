//! As much of mdoc(7) as the tests of the man pages need.

/// One `.It` of a list, where it stands, and what it says.
#[derive(Clone, Debug, Default)]
pub struct Item {
    /// The section, `.Sh`.
    pub section: String,
    /// The subsection, `.Ss`; empty where there is none.
    pub subsection: String,
    /// What follows `.It`, as written.
    pub head: String,
    /// The lines of text and macros below it, without those of lists within.
    pub body: Vec<String>,
}

impl Item {
    /// The first word of this macro in the head: `workers` of `Ic workers No = Ar number`.
    pub fn named(&self, name: &str) -> Option<&str> {
        let mut words = self.head.split(' ');
        words.find(|word| *word == name).and_then(|_| words.next())
    }

    /// Every option of the head: `-c` and `--config` of `Fl c , Fl -config Ar FILE`.
    pub fn options(&self) -> Vec<String> {
        arguments(&self.head, "Fl").iter().map(|name| format!("-{name}")).collect()
    }
}

/// Every word that follows this macro.
pub fn arguments(line: &str, name: &str) -> Vec<String> {
    let words: Vec<&str> = line.trim_start_matches('.').split(' ').collect();
    let pairs = words.windows(2).filter(|pair| pair[0] == name);
    pairs.map(|pair| plain(pair[1])).collect()
}

/// Text without its escapes.
pub fn plain(text: &str) -> String {
    text.replace("\\(dq", "\"").replace("\\-", "-").replace("\\&", "").replace("\\e", "\\")
}

/// The lines of a page without its comments, each with its section and subsection.
pub fn lines(page: &str) -> Vec<(String, String, &str)> {
    let (mut section, mut subsection) = (String::new(), String::new());
    let mut lines = Vec::new();
    for line in page.lines().filter(|line| !line.starts_with(".\\\"")) {
        if let Some(name) = line.strip_prefix(".Sh ") {
            (section, subsection) = (name.into(), String::new());
        } else if let Some(name) = line.strip_prefix(".Ss ") {
            subsection = name.into();
        }
        lines.push((section.clone(), subsection.clone(), line));
    }
    lines
}

/// Every item of a page, in its order.
pub fn items(page: &str) -> Vec<Item> {
    let mut items: Vec<Item> = Vec::new();
    // The items that are open: one in each list around.
    let mut open: Vec<Option<usize>> = Vec::new();
    for (section, subsection, line) in lines(page) {
        if line.starts_with(".Bl") {
            open.push(None);
        } else if line == ".El" {
            open.pop();
        } else if let (Some(head), Some(last)) = (line.strip_prefix(".It "), open.last_mut()) {
            *last = Some(items.len());
            let (head, body) = (head.to_owned(), Vec::new());
            items.push(Item { section, subsection, head, body });
        } else if let Some(Some(index)) = open.last() {
            items[*index].body.push(line.to_owned());
        }
    }
    items
}

/// The text of every `.Bd -literal`, each with the section it stands in.
pub fn literals(page: &str) -> Vec<(String, String)> {
    let mut found: Vec<(String, String)> = Vec::new();
    let mut within = false;
    for (section, _, line) in lines(page) {
        if line.starts_with(".Bd -literal") {
            found.push((section, String::new()));
            within = true;
        } else if line == ".Ed" {
            within = false;
        } else if let (true, Some((_, text))) = (within, found.last_mut()) {
            text.push_str(&plain(line));
            text.push('\n');
        }
    }
    found
}

#[test]
fn items_have_their_own_text_and_not_that_of_lists_within() {
    let page = ".Sh A\n.Ss b\n.Bl -tag\n.It Fl c , Fl -config Ar X\none\n.Bl -tag\n.It Cm in\ninner\n.El\ntwo\n.El\nthree\n";
    let items = items(page);
    assert_eq!(items.len(), 2);
    assert_eq!((&*items[0].section, &*items[0].subsection), ("A", "b"));
    assert_eq!(items[0].body, ["one", "two"]);
    assert_eq!(items[0].options(), ["-c", "--config"]);
    assert_eq!((items[1].named("Cm"), &*items[1].body), (Some("in"), &["inner".to_owned()][..]));
}
