//! `import` and `export`, and what the others say of a list.

use super::*;

const LIST: &str = "<opml version=\"2.0\"><head><title>Mine</title></head><body>\n\
    <outline text=\"Tech\"><outline type=\"rss\" text=\"LWN\" xmlUrl=\"https://lwn.test/rss\"/></outline>\n\
    <outline text=\"odd\" xmlUrl=\"javascript:0\"/>\n</body></opml>\n";

const SOURCES: &str = "[[source]]\nname = \"LWN\"\nkind = \"feed\"\nurl = \"https://lwn.test/rss\"\ntags = [\"Tech\"]\n";

#[test]
fn import_prints_sources_and_says_what_is_none() {
    let home = Home::new("import");
    home.put("list.opml", LIST);
    let odd = ":3: \"odd\" is left out: its xmlUrl must be an http:// or https:// URL, not \"javascript:0\"\n";
    let said = home.run(&["import", "list.opml"]).ended(0);
    assert_eq!((&*said.out, &*said.err), (SOURCES, &*format!("list.opml{odd}")));
    let said = home.fed(LIST, &["import", "-"]).ended(0);
    assert_eq!((&*said.out, &*said.err), (SOURCES, &*format!("stdin{odd}")));
    let cut = &LIST[..LIST.len() - 20];
    let said =
        home.fed(cut, &["import", "-"]).ended(1).says("stdin:3: the document ends in the middle");
    assert_eq!(said.out, SOURCES);
    home.run(&["import", "none.opml"])
        .ended(1)
        .says("newsagg: none.opml: no such file or directory\n");
    home.fed("<p>", &["import", "-"])
        .ended(1)
        .says("newsagg: stdin: no OPML: an HTML page, not a feed\n");
    home.run(&["import"]).ended(2).says("Required positional arguments not provided: FILE.opml");
    home.run(&["import", "a", "b"]).ended(2);
    let file = std::fs::File::create(home.path("big.opml")).unwrap();
    file.set_len(newsagg::command::import::MAX_FILE + 1).unwrap();
    home.run(&["import", "big.opml"]).ended(1).says("newsagg: big.opml: larger than 16 MiB\n");
}

#[test]
fn export_prints_what_import_takes() {
    let home = Home::new("export");
    let hn = "[[source]]\nname = \"hn\"\nkind = \"hackernews\"\n";
    home.put("newsagg.toml", &[SOURCES, hn].concat());
    let said = home.run(&["export", "-c", "newsagg.toml"]).ended(0);
    assert_eq!(said.err, "newsagg: not in the list, which is of feeds: \"hn\" (hackernews)\n");
    let back = home.fed(&said.out, &["import", "-"]).ended(0);
    assert_eq!((&*back.out, &*back.err), (SOURCES, ""));
    home.put("empty.toml", "");
    let empty = home.run(&["export", "-c", "empty.toml"]).ended(0);
    let none = home.fed(&empty.out, &["import", "-"]).ended(0);
    assert_eq!((&*none.out, &*none.err), ("", "stdin: there is no feed in it\n"));
    home.put("bad.toml", "x = 1");
    home.run(&["export", "-c", "bad.toml"]).ended(2).says("bad.toml:1:1: unknown key `x`");
    home.run(&["export", "-c", "none.toml"]).ended(2);
}

#[test]
fn whoever_takes_a_list_for_a_feed_is_told_what_it_is() {
    let home = Home::new("no-feed");
    home.put("list.opml", LIST);
    let what = "an OPML list of feeds, not a feed; `newsagg import` makes sources of it";
    let said = home.run(&["parse", "list.opml"]).ended(1);
    assert_eq!(said.out, format!("{{\"file\":\"list.opml\",\"ok\":false,\"error\":\"{what}\"}}\n"));
    home.run(&["once", "./list.opml"]).ended(1).says(what);
}

/// A list shows no news: what it does not show was not printed.
#[test]
fn a_list_that_is_printed_leaves_the_news_to_be_printed() {
    let home = Home::new("list-is-no-news");
    home.put("a.xml", &feed(&["alpha"]));
    let list = home.run(&["once", "./a.xml", "-f", "opml"]).ended(0);
    assert!(list.out.contains("<body>\n</body>"), "{}", list.out);
    let news = home.run(&["once", "./a.xml", "--new", "-f", "jsonl"]).ended(0);
    assert_eq!(news.out.lines().count(), 1);
}
