//! Outputs: what is written where, what is left alone, and what stdout carries.

use std::io::{BufRead, BufReader, Read};
use std::os::unix::fs::PermissionsExt;
use std::process::{Command, Stdio};

use super::*;

#[test]
fn stdout_carries_the_news_and_stderr_everything_else() {
    let (home, site) = (Home::new("stdout"), site());
    let url = site.url("/a").to_string();
    let said = home.run(&["once", &url, "-f", "jsonl"]).ended(0);
    let lines: Vec<Value> =
        said.out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len(), 3);
    assert_eq!(lines[0]["title"], "alpha");
    assert!(said.err.starts_with("newsagg: 3 stories from 1 of 1 source: 3 new, 1 request in "));
    assert_eq!(said.err.lines().count(), 1, "{}", said.err);
    let quiet = home.run(&["once", &url, "-q", "--limit", "2"]).ended(0);
    assert_eq!((quiet.out.lines().count(), quiet.err.as_str()), (2, ""));
    assert!(!quiet.out.contains('\x1b'), "no colours without a terminal");
    home.run(&["once", &url, "-v", "--force"])
        .ended(0)
        .says("newsagg: 127.0.0.1: 3 items, 0 new, ");
    home.run(&["once", &url, "-vv", "--force"]).ended(0).says(&format!("newsagg: {url}: 200, "));
}

#[test]
fn whatever_is_wrong_with_stdout_ends_as_it_should() {
    let (home, site) = (Home::new("full"), site());
    home.put("feed.xml", &feed(&["alpha"]));
    home.put("x.toml", &config("", &[("a", site.url("/a").into(), "")]));
    for words in [
        &["once", "./feed.xml"][..],
        &["once", "./feed.xml", "-o", "x.json", "--report", "-"],
        &["check", "-c", "x.toml"],
        &["parse", "feed.xml"],
        &["--help"],
    ] {
        let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let said = said(home.program(words).stdout(full).output().unwrap()).ended(1);
        assert!(said.err.contains("stdout: no space left on device\n"), "{words:?}: {}", said.err);
    }
    for closing in [">&-", "2>&-", "<&-", ">&- 2>&- <&-"] {
        let mut shell = Command::new("/bin/sh");
        let script = format!("exec \"$0\" once ./feed.xml -o closed.json {closing}");
        shell.args(["-c", &script, crate::support::program()]).current_dir(home.path(""));
        shell.env_clear().env("XDG_STATE_HOME", home.0.join("state"));
        said(shell.output().unwrap()).ended(0);
        assert_eq!(titles(&home.json("closed.json")), ["alpha"], "{closing}");
        std::fs::remove_file(home.path("closed.json")).unwrap();
    }
}

#[test]
fn a_reader_that_has_read_enough_ends_it_quietly_with_0() {
    let home = Home::new("pipe");
    // More than a pipe holds, so that writing must meet the closed end.
    let many: Vec<String> = (0..5_000).map(|n| format!("title-{n}")).collect();
    let many: Vec<&str> = many.iter().map(String::as_str).collect();
    home.put("feed.xml", &feed(&many));
    for words in [&["once", "./feed.xml", "-f", "jsonl", "-q"][..], &["parse", "feed.xml"]] {
        let mut child =
            home.program(words).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut start = [0; 100];
        out.read_exact(&mut start).unwrap();
        drop(out);
        let mut err = String::new();
        child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        assert_eq!((child.wait().unwrap().code(), err.as_str()), (Some(0), ""), "{words:?}");
    }
}

#[test]
fn an_output_that_cannot_be_written_is_1_and_the_others_are_written() {
    let (home, site) = (Home::new("unwritable"), site());
    home.put("a-folder/x", "");
    let head = "[[output]]\npath = \"nowhere/a.json\"\n[[output]]\npath = \"b.jsonl\"\n\
        [[output]]\npath = \"/dev/full\"\nformat = \"text\"\n\
        [[output]]\npath = \"a-folder\"\nformat = \"text\"";
    home.put("x.toml", &config(head, &[("a", site.url("/a").into(), "")]));
    let said = home.run(&["once", "-c", "x.toml", "--report", "r.json"]).ended(1);
    let said = said.says("writing nowhere/a.json: its directory does not exist: make it first\n");
    let said = said.says("writing /dev/full: ").says("no space left on device\n");
    let said = said.says("writing a-folder: ").says("it is a directory\n");
    assert_eq!(said.out, "");
    assert_eq!(home.text("b.jsonl").lines().count(), 3);
    let report = home.json("r.json");
    let written: Vec<bool> = report["outputs"]
        .as_array()
        .unwrap()
        .iter()
        .map(|output| output["written"].as_bool().unwrap())
        .collect();
    assert_eq!(written, [false, true, false, false]);
    assert_eq!(home.names(), ["a-folder", "b.jsonl", "r.json", "x.toml"]);
    home.run(&["once", "-c", "x.toml", "-o", "ok.json", "--report", "nowhere/r.json"])
        .ended(1)
        .says("writing nowhere/r.json: ");
}

#[test]
fn an_output_whose_sources_all_failed_stays_as_it_was() {
    let (home, site) = (Home::new("stays"), site());
    let head =
        "[[output]]\npath = \"all.json\"\n[[output]]\npath = \"gone.json\"\nsources = [\"gone\"]";
    let feeds = [("a", site.url("/a").into(), ""), ("gone", site.url("/nothing-here").into(), "")];
    home.put("gone.json", "yesterday's news");
    home.put("x.toml", &config(head, &feeds));
    home.run(&["once", "-c", "x.toml"]).ended(0);
    assert_eq!(home.text("gone.json"), "yesterday's news");
    assert_eq!(home.json("all.json")["items"].as_array().unwrap().len(), 3);
}

#[test]
fn nothing_new_writes_nothing_and_first_seen_dates_stay() {
    let (home, site) = (Home::new("again"), site());
    let head = "[[output]]\npath = \"feed.json\"\nmode = \"0600\"\n[[output]]\npath = \"f.txt\"";
    home.put("x.toml", &config(head, &[("u", site.url("/undated").into(), "")]));
    home.run(&["once", "-c", "x.toml", "-q"]).ended(0);
    let mode = std::fs::metadata(home.path("feed.json")).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    home.first_seen_at(1_795_222_222);
    home.run(&["once", "-c", "x.toml", "-q"]).ended(0);
    let (before, inode) = (home.text("feed.json"), home.inode("feed.json"));
    let item = &home.json("feed.json")["items"][0];
    assert_eq!(item["date_published"], "2026-11-21T00:50:22Z");
    assert_eq!(item["_newsagg"]["date_origin"], "first_seen");
    let again = home.run(&["once", "-c", "x.toml", "--force", "--report", "r.json"]).ended(0);
    again.says("0 new, 1 request").says("feed.json: unchanged; f.txt: unchanged\n");
    let report = home.json("r.json");
    assert_eq!(report["outputs"][0]["written"], false);
    assert_eq!(report["outputs"][0]["bytes"], before.len());
    assert_eq!((home.text("feed.json"), home.inode("feed.json")), (before, inode));
}

#[test]
fn each_output_has_its_own_sources_limit_and_age_and_each_source_its_own_filters() {
    let (home, site) = (Home::new("filters"), site());
    let head = "[[output]]\npath = \"all.json\"\ntitle = \"All\"\n\
        [[output]]\npath = \"b.json\"\nsources = [\"b\"]\n\
        [[output]]\npath = \"two.json\"\nlimit = 2\n\
        [[output]]\npath = \"young.json\"\nmax_age = \"7d\"";
    let feeds = [
        ("a", site.url("/a").into(), "include = [\"^(alpha|shared)$\"]\ntags = [\"greek\"]"),
        ("b", site.url("/b").into(), "exclude = [\"zzz\"]\nlimit = 2"),
    ];
    home.put("x.toml", &config(head, &feeds));
    home.run(&["once", "-c", "x.toml"]).ended(0);
    let all = home.json("all.json");
    assert_eq!(all["title"], "All");
    // The same link in both: the earliest stays (21:00 in /a, 22:00 in /b), and names the other.
    assert_eq!(titles(&all), ["alpha", "gamma", "shared"]);
    let shared = &all["items"][2]["_newsagg"];
    assert_eq!((&shared["source"], &shared["also"][0]["source"]), (&"a".into(), &"b".into()));
    assert_eq!(all["items"][0]["tags"][0], "greek");
    assert_eq!(titles(&home.json("b.json")), ["gamma", "shared"]);
    assert_eq!(home.json("b.json")["_newsagg"]["sources"].as_array().unwrap().len(), 1);
    assert_eq!(titles(&home.json("two.json")), ["alpha", "gamma"]);
    assert_eq!(titles(&home.json("young.json")), [] as [&str; 0]);
    let said = home.run(&["once", "-c", "x.toml", "-f", "text", "--limit", "1", "-q"]).ended(0);
    assert_eq!(said.out.lines().count(), 1);
}

#[test]
fn paths_in_a_config_are_beside_it_and_those_of_options_where_one_stands() {
    let (home, site) = (Home::new("paths"), site());
    let head = "[[output]]\npath = \"feed.json\"";
    home.put("conf/x.toml", &config(head, &[("a", site.url("/a").into(), "")]));
    home.put("out/x", "");
    home.run(&["once", "-c", "conf/x.toml", "-q", "--report", "out/r.json"]).ended(0);
    assert_eq!(titles(&home.json("conf/feed.json")), ["alpha", "beta", "shared"]);
    assert_eq!(home.json("out/r.json")["outputs"][0]["path"], "conf/feed.json");
    home.run(&["once", "-c", "conf/x.toml", "-q", "-o", "out/feed.jsonl"]).ended(0);
    assert_eq!(home.text("out/feed.jsonl").lines().count(), 3);
    // A part of the news does not replace the file of the whole.
    let before = home.inode("conf/feed.json");
    let said = home.run(&["once", "-c", "conf/x.toml", "a", "-q"]).ended(0);
    assert_eq!((said.out.lines().count(), home.inode("conf/feed.json")), (3, before));
    assert_eq!(home.names(), ["conf", "out"]);
}

#[test]
fn a_report_has_every_figure_of_the_contract() {
    let (home, site) = (Home::new("report"), site());
    let feeds = [
        ("a", site.url("/a").into(), "quota = [\"100/24h\"]"),
        ("gone", site.url("/gone").into(), ""),
    ];
    home.put("x.toml", &config("[fetch]\nworkers = 1", &feeds));
    let said = home.run(&["once", "-c", "x.toml", "-o", "f.json", "--report", "-"]).ended(0);
    let report: Value = serde_json::from_str(&said.out).unwrap();
    for key in [
        "version",
        "started",
        "wall_ms",
        "sum_ms",
        "speedup",
        "workers",
        "max_in_flight",
        "requests",
        "retries",
        "bytes_in",
        "requests_per_s",
        "items",
        "new",
        "outputs",
        "sources",
    ] {
        assert!(keys(&report).contains(&key), "{key} is not in {:?}", keys(&report));
    }
    for source in report["sources"].as_array().unwrap() {
        for key in [
            "name",
            "kind",
            "state",
            "requests",
            "retries",
            "status",
            "bytes_in",
            "items",
            "new",
            "ms",
            "wait_ms",
            "connect_ms",
            "first_byte_ms",
            "error",
            "since",
            "quota",
            "next_due",
        ] {
            assert!(keys(source).contains(&key), "{key} is not in {:?}", keys(source));
        }
    }
    let bytes = std::fs::metadata(home.path("f.json")).unwrap().len();
    assert_eq!(
        report["outputs"],
        serde_json::json!([{"path": "f.json", "bytes": bytes, "written": true}])
    );
    let (a, gone) = (&report["sources"][0], &report["sources"][1]);
    assert_eq!(a["quota"], serde_json::json!([{"limit": 100, "window": "24h", "left": 99}]));
    assert_eq!([&a["state"], &gone["state"]], ["fresh", "failed"]);
    assert_eq!([&a["status"], &gone["status"]], [200, 404]);
    assert_eq!([&a["items"], &a["new"], &report["items"], &report["new"]], [3, 3, 3, 3]);
    assert_eq!([&report["requests"], &report["max_in_flight"], &report["workers"]], [2, 1, 1]);
    assert!(a["error"].is_null() && a["since"].is_null() && gone["since"].is_string());
    assert!(report["sum_ms"].as_f64().unwrap() > 0.0 && report["version"] == 1);
}

#[test]
fn a_demo_fits_on_80_columns_and_leaves_whole_files() {
    let home = Home::new("demo");
    let said = home.run(&["demo", "-o", "news"]).ended(0);
    assert_eq!(said.err, "");
    for line in said.out.as_bytes().lines().map(Result::unwrap) {
        assert!(line.chars().count() <= 80, "{} columns: {line}", line.chars().count());
    }
    assert!(said.out.contains(" times faster than one after the other\n"), "{}", said.out);
    assert!(titles(&home.json("news/feed.json")).len() > 40);
    let report = home.json("news/report.json");
    let state = |name: &str| {
        let sources = report["sources"].as_array().unwrap();
        sources.iter().find(|source| source["name"] == name).unwrap()["state"].clone()
    };
    assert_eq!([state("harbour"), state("broken"), state("silent")], ["fresh", "failed", "failed"]);
}

#[test]
fn a_demo_asks_no_proxy_for_its_own_web() {
    let home = Home::new("demo-proxy");
    let nobody = "http://127.0.0.1:1";
    let mut command = home.program(&["demo", "-o", "news"]);
    command.env("http_proxy", nobody).env("all_proxy", nobody);
    said(command.output().unwrap()).ended(0);
    assert!(titles(&home.json("news/feed.json")).len() > 40);
}

#[test]
fn new_items_are_printed_and_the_files_of_the_whole_stay() {
    let (home, site) = (Home::new("new-prints"), site());
    let head = "[[output]]\npath = \"feed.json\"";
    home.put("x.toml", &config(head, &[("a", site.url("/a").into(), "")]));
    home.run(&["once", "-c", "x.toml", "-q"]).ended(0);
    let (before, inode) = (home.text("feed.json"), home.inode("feed.json"));
    let printed = home.run(&["once", "-c", "x.toml", "--new", "-q"]).ended(0);
    assert_eq!(printed.out.lines().count(), 3, "{}", printed.out);
    assert_eq!(home.run(&["once", "-c", "x.toml", "--new", "-q"]).ended(0).out, "");
    assert_eq!((home.text("feed.json"), home.inode("feed.json")), (before, inode));
}

/// Issue 14, line 14: `once --limit 1` wrote the files of the config with one item.
#[test]
fn a_limit_prints_and_the_files_of_the_config_stay() {
    let (home, site) = (Home::new("limit-prints"), site());
    let head = "[[output]]\npath = \"feed.json\"";
    home.put("x.toml", &config(head, &[("a", site.url("/a").into(), "")]));
    let said = home.run(&["once", "-c", "x.toml", "--limit", "1"]).ended(0);
    assert_eq!(said.out.lines().count(), 1, "{}", said.out);
    assert!(!home.path("feed.json").exists());
    home.run(&["once", "-c", "x.toml", "-q"]).ended(0);
    let before = (home.text("feed.json"), home.inode("feed.json"));
    home.run(&["once", "-c", "x.toml", "--limit", "1", "-q"]).ended(0);
    assert_eq!((home.text("feed.json"), home.inode("feed.json")), before);
    // With a file that is named, that file has the limit.
    home.run(&["once", "-c", "x.toml", "--limit", "1", "-q", "-o", "one.json"]).ended(0);
    assert_eq!(home.json("one.json")["items"].as_array().unwrap().len(), 1);
    // An output of the config that prints keeps its format.
    let both = "[[output]]\npath = \"feed.json\"\n[[output]]\npath = \"-\"\nformat = \"jsonl\"";
    home.put("y.toml", &config(both, &[("a", site.url("/a").into(), "")]));
    let said = home.run(&["once", "-c", "y.toml", "--limit", "2", "-q"]).ended(0);
    assert_eq!(said.out.lines().filter(|line| line.starts_with('{')).count(), 2, "{}", said.out);
    assert_eq!((home.text("feed.json"), home.inode("feed.json")), before);
}

/// Issue 14, line 19.
#[test]
fn the_closing_line_counts_what_was_printed() {
    let home = Home::new("part");
    home.put("f.xml", &feed(&["alpha", "beta", "gamma"]));
    home.run(&["once", "./f.xml", "--limit", "2"])
        .says("newsagg: 2 of 3 stories from 1 of 1 source");
    home.run(&["once", "./f.xml", "--limit", "3"]).says("newsagg: 3 stories from 1 of 1 source");
}

/// Issue 14, line 19: `-o x.xyz` was JSON Feed, and `-f opml` empty, without a word.
#[test]
fn a_format_that_was_not_meant_is_said() {
    let home = Home::new("formats-said");
    home.put("f.xml", &feed(&["alpha"]));
    home.run(&["once", "./f.xml", "-o", "x.xyz"])
        .ended(2)
        .says("the name x.xyz says no format that newsagg knows; `-f FORMAT` says it");
    assert!(!home.path("x.xyz").exists());
    home.run(&["once", "./f.xml", "-o", "x.xyz", "-f", "tsv", "-q"]).ended(0);
    home.run(&["once", "./f.xml", "-o", "x"]).ended(0).says("newsagg: x is written as jsonfeed\n");
    assert_eq!(home.run(&["once", "./f.xml", "-o", "x", "-q"]).ended(0).err, "");
    let warning = "warning: the OPML list in stdout is empty: none of its sources is of kind feed";
    home.run(&["once", "./f.xml", "-f", "opml"]).ended(0).says(warning);
}
