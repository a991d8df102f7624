//! newsagg.toml, as somebody writes it who has not read the manual.

use std::path::{Path, PathBuf};

use newsagg::config::{Config, FORMATS, OutputFormat, Place, Problem};
use newsagg::live::MAX_STREAMS;

fn fixture(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config").join(name);
    std::fs::read_to_string(path).unwrap()
}

fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    Config::parse(Path::new("newsagg.toml"), text)
}

fn lines(problems: &[Problem]) -> String {
    problems.iter().map(|problem| format!("{problem}\n")).collect()
}

fn problems(text: &str) -> String {
    match parse(text) {
        Ok(_) => panic!("no problem in:\n{text}"),
        Err(problems) => lines(&problems),
    }
}

/// `UPDATE=1` writes what is there now.
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&path, text).unwrap();
    }
    let expected = std::fs::read_to_string(&path).unwrap_or_default();
    assert_eq!(text, expected, "{}", path.display());
}

/// The example of the contract, with its environment variables replaced by a file.
fn contract() -> String {
    let key = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/config/not-a-key");
    let file = format!("{{ file = \"{}\" }}", key.display());
    fixture("contract.toml")
        .replace("{ env = \"NEWSAPI_KEY\" }", &file)
        .replace("{ env = \"GUARDIAN_KEY\" }", &file)
}

#[test]
fn every_mistake_is_found_in_one_run_with_its_place() {
    let found = problems(&fixture("bad.toml"));
    assert!(!found.contains("hunter2"), "a secret in:\n{found}");
    golden("config-errors.txt", &found);
}

#[test]
fn everything_that_is_missing_is_found_in_one_run() {
    golden("config-missing.txt", &problems(&fixture("missing.toml")));
}

#[test]
fn problems_stand_in_the_order_of_the_file() {
    let found = parse(&fixture("bad.toml")).unwrap_err();
    assert!(found.len() >= 40);
    assert!(found.windows(2).all(|pair| pair[0].at <= pair[1].at));
}

#[test]
fn the_example_of_the_contract_is_understood_whole() {
    let config = parse(&contract()).unwrap_or_else(|found| panic!("{}", lines(&found)));
    let kinds: Vec<_> = config.sources.iter().map(|source| source.kind).collect();
    assert_eq!(kinds, ["newsapi", "hackernews", "guardian", "reddit", "github", "feed", "json"]);
    for source in &config.sources {
        assert!(source.source.is_some(), "{}", source.name);
    }
    assert_eq!(config.sources[0].quota.len(), 2);
    assert_eq!(config.sources[0].every.as_secs(), 3600);
    assert_eq!(config.sources[1].limit, Some(30));
    assert_eq!(config.sources[5].include.len(), 2);
    let output = &config.outputs[0];
    assert_eq!(output.format.name(), "jsonfeed");
    assert_eq!((output.limit, output.mode, output.title.as_str()), (Some(200), 0o644, "My news"));
    assert_eq!(output.sources, [1, 5]);
}

#[test]
fn what_the_config_leaves_out_is_as_the_contract_says() {
    let text = "[[output]]\npath = \"feed.json\"\n[[source]]\nname = \"a\"\nkind = \"feed\"\n\
                url = \"https://example.org/\"\n";
    let config = parse(text).unwrap();
    let fetch = &config.fetch;
    assert_eq!((fetch.workers, fetch.per_host, fetch.retries), (32, 4, 2));
    assert_eq!((fetch.timeout.as_secs(), fetch.deadline.as_secs()), (10, 60));
    assert_eq!((fetch.options.connect_timeout.as_secs(), fetch.options.max_body), (5, 8 << 20));
    assert_eq!(config.state.keep.as_secs(), 30 * 86_400);
    assert_eq!(config.schedule.every.as_secs(), 1800);
    assert!((config.schedule.jitter - 0.1).abs() < 1e-9);
    let output = &config.outputs[0];
    assert_eq!(output.format.name(), "jsonfeed");
    assert_eq!((output.limit, output.max_age, output.mode), (None, None, 0o644));
    assert_eq!((output.title.as_str(), output.sources.as_slice()), ("newsagg", &[0][..]));
    assert_eq!(config.sources[0].every.as_secs(), 1800);
}

#[test]
fn a_key_of_fetch_in_a_source_wins_there_and_only_there() {
    let text = "[fetch]\ntimeout = \"3s\"\nmax_body = 1000\n\
                [[source]]\nname = \"a\"\nkind = \"feed\"\nurl = \"https://a.example/\"\n\
                timeout = \"1s\"\nretries = 0\nper_host = 9\nuser_agent = \"me\"\n\
                [[source]]\nname = \"b\"\nkind = \"feed\"\nurl = \"https://b.example/\"\n";
    let config = parse(text).unwrap();
    let [a, b] = &config.sources[..] else { panic!("two sources") };
    assert_eq!((a.timeout.as_secs(), a.retries, a.per_host), (1, 0, Some(9)));
    assert_eq!((a.options.user_agent.as_str(), a.options.max_body), ("me", 1000));
    assert_eq!((b.timeout.as_secs(), b.retries, b.per_host), (3, 2, None));
    assert!(b.options.user_agent.starts_with("newsagg/"));
}

#[test]
fn places_are_right_whatever_ends_the_lines_and_whatever_stands_before() {
    for (text, place) in [
        ("[fetch]\r\n\r\n\tlimt = 1\r\n", "newsagg.toml:3:2: "),
        ("fetch = { workers = 1, \"日本語\" = 2, x = 3 }", "newsagg.toml:1:24: "),
        ("[fetch]\n# ü\nworkers = \"ü\"", "newsagg.toml:3:11: "),
        ("[fetch]\nworkers = ", "newsagg.toml:2:"),
    ] {
        let found = problems(text);
        assert!(found.starts_with(place), "{text:?} gives {found}");
    }
}

#[test]
fn relative_paths_are_relative_to_the_config() {
    let text = "[state]\ndir = \"memory\"\n[[output]]\npath = \"out/feed.json\"\n\
                [[output]]\npath = \"/abs/feed.txt\"\n[[output]]\npath = \"-\"\nformat = \"text\"\n";
    let config = Config::parse(Path::new("/etc/newsagg/newsagg.toml"), text).unwrap();
    assert_eq!(config.state.dir, Some(PathBuf::from("/etc/newsagg/memory")));
    assert_eq!(config.outputs[0].path, Some(PathBuf::from("/etc/newsagg/out/feed.json")));
    assert_eq!(config.outputs[1].path, Some(PathBuf::from("/abs/feed.txt")));
    assert_eq!(config.outputs[2].path, None);
}

#[test]
fn every_format_is_known_by_its_name() {
    for (name, format) in FORMATS.map(|known| (known.name, known.format)) {
        assert_eq!(OutputFormat::parse(name), Ok(format));
        assert_eq!(format.name(), name);
    }
}

#[test]
fn no_message_shows_what_moves_a_cursor() {
    for place in ["env", "file", "credential"] {
        let key = format!("key = {{ {place} = \"a\\u001b[2Jb\\n\" }}");
        let found = parse(&format!("[[source]]\nname = \"g\"\nkind = \"guardian\"\n{key}"));
        let lines = lines(&found.unwrap_err());
        assert!(!lines.contains(|c: char| c.is_control() && c != '\n'), "{lines:?}");
        assert!(lines.contains("must be a string of one line"), "{lines}");
    }
}

#[test]
fn damaged_configs_are_refused_without_a_crash() {
    let whole = contract();
    for cut in 0..whole.len() {
        let Some(text) = whole.get(..cut) else { continue };
        let _ = parse(text);
    }
    for byte in (0..whole.len()).filter(|at| whole.is_char_boundary(*at)) {
        for junk in ["\"", "[", "]", "{", "=", "\n", "\0", "\u{202e}"] {
            if byte % 7 == junk.len() % 7 {
                let _ = parse(&format!("{}{junk}{}", &whole[..byte], &whole[byte..]));
            }
        }
    }
    for text in [&"[".repeat(100_000), &"a = [".repeat(10_000), &"a.".repeat(10_000)] {
        assert!(parse(text).is_err());
    }
}

fn select(specs: &[&str]) -> Result<Config, String> {
    let specs: Vec<String> = specs.iter().map(|spec| spec.to_string()).collect();
    let config = parse(&contract()).unwrap_or_else(|found| panic!("{}", lines(&found)));
    Config::select(Some(config), &specs).map_err(|problems| lines(&problems))
}

fn names(config: &Config) -> Vec<&str> {
    config.sources.iter().map(|source| source.name.as_str()).collect()
}

#[test]
fn a_source_is_a_name_a_url_a_file_or_a_word() {
    let specs = [
        "bbc",
        "https://lwn.net/headlines/rss",
        "https://lwn.net/other",
        "./feed.xml",
        "file:///tmp/a%20b.xml",
        "-",
        "hn:new",
        "bbc",
    ];
    let config = select(&specs).unwrap();
    assert_eq!(
        names(&config),
        [
            "bbc",
            "lwn.net/headlines/rss",
            "lwn.net/other",
            "./feed.xml",
            "/tmp/a b.xml",
            "stdin",
            "hn:new"
        ]
    );
    assert_eq!(config.sources[3].place, Place::File("./feed.xml".into()));
    assert_eq!(config.sources[4].place, Place::File("/tmp/a b.xml".into()));
    assert_eq!(config.sources[5].place, Place::Stdin);
    assert_eq!(config.sources[1].every.as_secs(), 300);
    assert_eq!(config.sources[1].options.user_agent, "newsagg-test/1.0 (+https://example.org)");
    assert_eq!(config.outputs.len(), 1);
    assert_eq!(config.outputs[0].path, None);
    assert_eq!(config.outputs[0].format.name(), "text");
}

/// Issue 14, line 19.
#[test]
fn a_host_without_a_scheme_is_asked_by_https_and_feed_is_no_scheme() {
    let url = |spec: &str| {
        let config = select(&[spec]).unwrap();
        config.sources[0].feed().map(|url| url.to_string())
    };
    for (spec, wanted) in [
        ("lwn.net/headlines/rss", "https://lwn.net/headlines/rss"),
        ("lwn.net", "https://lwn.net/"),
        ("LWN.net:8443/x?y=1", "https://lwn.net:8443/x?y=1"),
        ("127.0.0.1:8080/feed.xml", "https://127.0.0.1:8080/feed.xml"),
        ("localhost:8080/feed", "https://localhost:8080/feed"),
        ("feed:https://a.test/f", "https://a.test/f"),
        ("Feed://a.test/f", "http://a.test/f"),
    ] {
        assert_eq!(url(spec).as_deref(), Some(wanted), "{spec}");
    }
    // A file, whether it is there or not.
    for spec in ["feeds/a.xml", "./a.b/c", "../a.net", "/a.net/x", "tests/it/config.rs"] {
        assert_eq!(select(&[spec]).unwrap().sources[0].place, Place::File(spec.into()), "{spec}");
    }
    for spec in ["feed.xml", "a..b", "a.b:x", "localhost", "a.c0m", "-a.test:99999"] {
        assert!(select(&[spec]).is_err(), "{spec}");
    }
}

#[test]
fn a_word_that_is_no_source_is_explained() {
    for (spec, part) in [
        ("bcc", "did you mean \"bbc\"?"),
        ("zzzzzzz", "a source is a name in the config"),
        ("ftp://example.org/x", "neither http:// nor https://"),
        ("http://", "must be an http:// or https:// URL"),
        ("file://host/x", "no file: URL of this machine"),
        ("hn:tpo", "did you mean \"top\"?"),
        ("newsapi:zzz", "known are business"),
        ("newsapi:sport", "did you mean \"sports\"?"),
        ("reddit:", "write reddit:SUB"),
        ("github:smol", "write github:OWNER/REPO"),
    ] {
        let error = select(&[spec]).unwrap_err();
        assert!(error.contains(part), "{spec}: {error}");
    }
}

#[test]
fn all_words_that_are_no_source_are_named_at_once() {
    assert_eq!(select(&["bcc", "hn", "hn:tpo"]).unwrap_err().lines().count(), 2);
}

#[test]
fn the_built_in_sources_need_no_key_and_no_config() {
    let config = Config::select(None, &[]).unwrap();
    assert!(config.sources.len() >= 5);
    assert!(config.sources.iter().all(|source| source.source.is_some()));
    assert_eq!(config.outputs.len(), 1);
}

#[test]
fn files_that_are_no_config_are_refused_with_a_sentence() {
    let dir = tempdir("no-config");
    let not_utf8 = dir.join("latin1.toml");
    std::fs::write(&not_utf8, b"# fine\n# caf\xe9\n").unwrap();
    let with_mark = dir.join("mark.toml");
    std::fs::write(&with_mark, "\u{feff}limt = 1\n").unwrap();
    for (path, part) in [
        (dir.clone(), "is a directory"),
        (dir.join("none.toml"), "cannot be read: no such file"),
        (not_utf8, "line 2 is not UTF-8"),
        (with_mark, "mark.toml:1:1: unknown key `limt`"),
    ] {
        let found = lines(&Config::load(&path).unwrap_err());
        assert!(found.contains(part), "{found}");
        assert_eq!(found.lines().count(), 1);
    }
    let large = dir.join("large.toml");
    let file = std::fs::File::create(&large).unwrap();
    file.set_len(newsagg::config::MAX_CONFIG + 1).unwrap();
    assert!(lines(&Config::load(&large).unwrap_err()).contains("is longer than 16 MiB"));
}

#[test]
fn a_key_file_that_everybody_may_read_is_a_warning_with_its_mode() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempdir("key-file");
    let key = dir.join("key");
    std::fs::write(&key, "hunter2\n").unwrap();
    let text = "[[source]]\nname = \"g\"\nkind = \"guardian\"\nkey = { file = \"key\" }\n";
    for (mode, warnings) in [(0o644, 1), (0o640, 0), (0o600, 0)] {
        std::fs::set_permissions(&key, PermissionsExt::from_mode(mode)).unwrap();
        let config = Config::parse(&dir.join("newsagg.toml"), text).unwrap();
        let found = lines(&config.warnings);
        assert_eq!(config.warnings.len(), warnings, "{found}");
        assert!(warnings == 0 || found.contains("(mode 0644); `chmod 600"), "{found}");
        assert!(!format!("{config:?}").contains("hunter2"));
    }
}

/// An empty folder of this test's own.
fn tempdir(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("config").join(name);
    let _ = std::fs::remove_dir_all(&dir);
    std::fs::create_dir_all(&dir).unwrap();
    dir
}

#[test]
fn no_more_streams_are_configured_than_can_be_open_at_once() {
    let stream = |n: usize| {
        let kind = match n % 2 {
            0 => "kind = \"stream\"\nurl = \"https://a.example/\"",
            _ => "kind = \"hackernews\"\nlive = true",
        };
        format!("[[source]]\nname = \"s{n}\"\n{kind}\n")
    };
    let all = |count: usize| (0..count).map(stream).collect::<String>();
    assert!(parse(&all(MAX_STREAMS)).is_ok());
    // A list that is not listened to is none.
    let silent = all(MAX_STREAMS) + &stream(MAX_STREAMS + 1).replace("true", "false");
    assert!(parse(&silent).is_ok());
    let found = lines(&parse(&all(MAX_STREAMS + 1)).unwrap_err());
    let name = format!("[[source]] \"s{MAX_STREAMS}\" is one stream too many");
    assert!(found.contains(&name), "{found}");
}

#[test]
fn what_means_nothing_to_a_stream_is_refused_with_its_place() {
    let text = |more: &str| {
        format!(
            "[[source]]\nname = \"a\"\nkind = \"stream\"\nurl = \"https://a.example/\"\n{more}\n"
        )
    };
    for (more, message) in [
        ("quota = [\"1/1h\"]", ":5:9: [[source]] \"a\" has a `quota`, which no stream has"),
        ("items = \"/a\"", ":5:1: `items` belongs to kind \"json\", not to [[source]] \"a\""),
        ("events = \"update\"", ":5:10: `events` in [[source]] \"a\" must be a list such as"),
        ("title = \"title\"", ":5:9: `title` in [[source]] \"a\" must be a JSON Pointer"),
        ("idle = 5", ":5:8: `idle` in [[source]] \"a\" must be"),
    ] {
        let found = lines(&parse(&text(more)).unwrap_err());
        assert!(found.contains(message), "{found}");
    }
    for more in ["tags = \"/tags\"", "tags = [\"a\"]", "events = [\"a\"]\nid = \"/id\"", ""] {
        assert!(parse(&text(more)).is_ok(), "{more}");
    }
}
