//! Files, stdin, and a machine that gives no place to remember anything.

use super::*;

#[test]
fn files_and_stdin_are_sources_like_any_other() {
    let home = Home::new("files");
    home.put("a b.xml", &feed(&["alpha"]));
    let url = newsagg::http::Url::from_file_path(home.path("a b.xml")).unwrap();
    let words = ["once", "./a b.xml", "-", url.as_str(), "-f", "jsonfeed"];
    let said = home.fed(&feed(&["beta"]), &words).ended(0);
    let document: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(titles(&document).len(), 2);
    assert_eq!(document["_newsagg"]["sources"].as_array().unwrap().len(), 3);
    assert!(
        said.err.starts_with("newsagg: 2 stories from 3 of 3 sources: 3 new\n"),
        "{}",
        said.err
    );
    let missing = home.run(&["once", "./none.xml"]).ended(1);
    missing.says("newsagg: ./none.xml: read: no such file or directory\n");
    home.run(&["once", "./"]).ended(1).says("newsagg: ./: read: is a directory\n");
    home.run(&["once", "-"]).ended(1).says("newsagg: stdin: read: ");
    home.run(&["once", "a b.xml"]).ended(2).says("for the file of that name write ./a b.xml");
    home.put("feed.xml", &feed(&["alpha"]));
    let misplaced = home.run(&["once", "./feed.xml", "-o", "x.json", "--report", "x.json"]);
    misplaced.ended(2).says("newsagg: the news and the report cannot both be in x.json\n");
    home.run(&["once", "./feed.xml", "-o", "x/"]).ended(2).says("newsagg: x/ is a folder, not a ");
    home.run(&["once", "http:///x"]).ended(2).says("(there is no host in it)");
}

#[test]
fn without_a_place_for_the_state_there_is_still_news() {
    let home = Home::new("stateless");
    home.put("a.xml", &feed(&["alpha"]));
    let mut homeless = home.program(&["once", "./a.xml"]);
    homeless.env_remove("HOME").env_remove("XDG_STATE_HOME");
    let homeless = said(homeless.output().unwrap()).ended(0);
    assert_eq!(homeless.out.lines().count(), 1);
    let mut nowhere = home.program(&["once", "./a.xml"]);
    let nowhere = said(nowhere.env("XDG_STATE_HOME", "/dev/null").output().unwrap()).ended(0);
    let nowhere = nowhere.says("making the state directory /dev/null/newsagg: ");
    let nowhere = nowhere.says("; nothing of this round is remembered\n");
    assert_eq!((nowhere.out.lines().count(), nowhere.err.lines().count()), (1, 2));
    assert_eq!(home.names(), ["a.xml"]);
}

#[test]
fn a_config_where_none_is_looked_for_is_pointed_out() {
    if Path::new("/etc/newsagg/newsagg.toml").exists() {
        return;
    }
    let home = Home::new("not-looked-for");
    home.run(&["check"]).ended(2).says("or set NEWSAGG_CONFIG.\n");
    home.put("newsagg.toml", "");
    let hint = "The newsagg.toml here is not looked for: name it with `-c newsagg.toml`.\n";
    home.run(&["check"]).ended(2).says(hint);
    // Nothing leaves the machine: every request goes to a proxy that is not there.
    let mut once = home.program(&["once", "--deadline", "1ms"]);
    let proxy = "http://127.0.0.1:1";
    let once = once.env("http_proxy", proxy).env("https_proxy", proxy).output().unwrap();
    said(once).ended(1).says(&format!("no config: asking 6 well-known sources\n{hint}"));
}

#[test]
fn a_proxy_that_cannot_be_used_is_named_and_holds_no_source() {
    let home = Home::new("socks");
    for _ in 0..2 {
        let mut once = home.program(&["once", "http://feed.test/"]);
        let once = once.env("all_proxy", "socks5h://127.0.0.1:9").output().unwrap();
        said(once).ended(1).says(
            "config: all_proxy names a proxy of the kind socks5h://, and only http:// is supported",
        );
    }
}

#[test]
fn a_damaged_state_is_kept_aside_and_what_can_be_read_is_read() {
    let home = Home::new("damaged");
    home.put("a.xml", &feed(&["alpha"]));
    home.run(&["once", "./a.xml"]).ended(0).says("1 new");
    let state = home.0.join("state/newsagg");
    let whole = std::fs::read(state.join("sources")).unwrap();
    let mut damaged = whole.clone();
    damaged.splice(40..40, *b"\xff\xfftorn out");
    std::fs::write(state.join("sources"), &damaged).unwrap();
    let said = home.run(&["once", "./a.xml"]).ended(0).says("bytes are damaged, kept as ");
    assert!(said.err.contains("sources.damaged-"), "{}", said.err);
    let again = home.run(&["once", "./a.xml"]).ended(0).says("0 new");
    assert_eq!(again.err.lines().count(), 1, "{}", again.err);
    let aside = |entry: std::fs::DirEntry| {
        let name = entry.file_name().into_string().unwrap();
        name.starts_with("sources.damaged-").then(|| std::fs::read(entry.path()).unwrap())
    };
    let entries = std::fs::read_dir(&state).unwrap();
    let kept: Vec<Vec<u8>> = entries.filter_map(|entry| aside(entry.unwrap())).collect();
    assert_eq!(kept, [damaged]);
}

#[test]
fn parse_answers_every_file_in_its_order() {
    let home = Home::new("parse");
    home.put("a.xml", &feed(&["alpha", "beta"]));
    let said = home.fed(&feed(&["gamma"]), &["parse", "none.xml", "a.xml", "-"]).ended(1);
    let lines: Vec<Value> =
        said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(said.err, "");
    assert_eq!(
        [&lines[0]["file"], &lines[1]["file"], &lines[2]["file"]],
        ["none.xml", "a.xml", "-"]
    );
    assert_eq!([&lines[0]["ok"], &lines[1]["ok"], &lines[2]["ok"]], [false, true, true]);
    assert_eq!(keys(&lines[0]), ["error", "file", "ok"]);
    assert_eq!(keys(&lines[1]), ["file", "format", "items", "ok", "skipped", "title"]);
    assert_eq!(titles(&lines[1]), ["alpha", "beta"]);
}

#[test]
fn a_pipe_that_says_nothing_costs_its_own_news_alone() {
    let (home, site) = (Home::new("silent-pipe"), site());
    let url: String = site.url("/a").into();
    let mut command = home.program(&["once", "-", &url, "--deadline", "300ms"]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Held open until the program has ended.
    let pipe = child.stdin.take();
    let said = said(child.wait_with_output().unwrap()).ended(0);
    drop(pipe);
    assert_eq!(said.out.lines().count(), 3);
    said.says("newsagg: stdin: timeout: not read to its end before the round's deadline\n");
}

#[test]
fn what_an_earlier_pipe_brought_is_not_shown_when_this_one_brings_nothing() {
    let home = Home::new("pipes");
    let feed = |title: &str| {
        format!(
            "<rss version=\"2.0\"><channel><item><title>{title}</title><guid>{title}</guid></item></channel></rss>"
        )
    };
    for source in ["-", "./feed.xml"] {
        home.put("feed.xml", &feed("first"));
        let said = home.fed(&feed("first"), &["once", source, "-f", "jsonl"]).ended(0);
        assert_eq!(said.out.lines().count(), 1, "{source}: {}", said.out);
        home.put("feed.xml", "garbage");
        for words in [&["-f", "jsonl"][..], &["--new", "-f", "jsonl"]] {
            let said = home.fed("garbage", &[&["once", source], words].concat()).ended(1);
            assert_eq!(said.out, "", "{source} {words:?}");
        }
        let said = home.run(&["once", source, "-f", "jsonfeed"]).ended(1);
        assert!(said.out.contains("\"state\":\"failed\""), "{source}: {}", said.out);
        // Neither is what no `--new` has printed.
        home.put("feed.xml", &feed("second"));
        let said = home.fed(&feed("second"), &["once", source, "--new", "-f", "jsonl"]).ended(0);
        assert_eq!(said.out.lines().count(), 1, "{source}: {}", said.out);
    }
}
