//! `status` and `check --politeness`: what rounds in simulated time left behind, told from outside.
//! `UPDATE=1` writes the golden files anew.

use std::fmt;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use newsagg::clock::Clock;
use newsagg::command::check::politeness;
use newsagg::command::status::{self, DAYS_OF_MOVED, View};
use newsagg::config::Config;
use newsagg::format::{State, Style};
use newsagg::store::Lock;
use newsagg::time::Timestamp;
use newsagg::transport::Transport;
use newsagg::update::{House, Stored, Wishes, stored, update};
use smol::Executor;
use surf::http as wire;

use crate::support::said::{Said, said};

mod monitor;

/// 2026-11-21T06:00:00Z
const START: i64 = 1_795_240_800;
const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;

/// Status, fields, body, and how long that takes.
type Answer = (u16, Vec<(&'static str, &'static str)>, String, u64);
type Server = fn(&wire::Request, u64) -> Answer;

/// Stands below surf, where the wire would be.
struct Canned {
    clock: Clock,
    server: Mutex<Server>,
}

impl fmt::Debug for Canned {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Canned")
    }
}

#[surf::utils::async_trait]
impl surf::HttpClient for Canned {
    async fn send(&self, request: wire::Request) -> Result<wire::Response, surf::Error> {
        let hours = self.clock.now().as_secs() / HOUR;
        let (status, fields, body, ms) = (self.server.lock().unwrap())(&request, hours);
        self.clock.sleep_until(self.clock.now() + Duration::from_millis(ms)).await;
        let mut response = wire::Response::new(status);
        for (name, value) in fields {
            response.insert_header(name, value);
        }
        response.set_body(body);
        Ok(response)
    }
}

fn feed(count: usize) -> String {
    let item = |n| format!("<item><title>Story {n}</title><guid>{n}</guid></item>");
    let items: String = (0..count).map(item).collect();
    format!("<rss version='2.0'><channel><title>T</title>{items}</channel></rss>")
}

const CONFIG: &str = "
[fetch]
retries = 0
user_agent = \"newsagg/test (+https://example.org/)\"
[[source]]
name = \"well\"
kind = \"feed\"
url = \"https://well.test/feed\"
every = \"30m\"
[[source]]
name = \"limited\"
kind = \"feed\"
url = \"https://limited.test/feed\"
[[source]]
name = \"stale\"
kind = \"feed\"
url = \"https://stale.test/feed?key=hunter2-hunter2\"
[[source]]
name = \"broken\"
kind = \"feed\"
url = \"https://broken.test/feed\"
[[source]]
name = \"gone\"
kind = \"feed\"
url = \"https://gone.test/feed\"
[[source]]
name = \"counted-by-a-quota-and-with-a-long-name\"
kind = \"feed\"
url = \"https://counted.test/feed\"
quota = [\"100/24h\", \"4/2h\"]
[[source]]
name = \"moved\"
kind = \"feed\"
url = \"https://moved.test/feed\"
[[source]]
name = \"new\"
kind = \"feed\"
url = \"https://new.test/feed\"
";

fn server(request: &wire::Request, hours: u64) -> Answer {
    let known = request.header("if-none-match").is_some();
    match request.url().host_str().unwrap_or_default() {
        "well.test" if known => (304, vec![], String::new(), 20),
        "well.test" => (200, vec![("etag", "\"1\"")], feed(30), 120),
        "limited.test" => (429, vec![("retry-after", "5400")], String::new(), 10),
        "stale.test" if hours == 0 => (200, vec![], feed(3), 40),
        "stale.test" | "broken.test" => (503, vec![], String::new(), 30),
        "gone.test" => (410, vec![], String::new(), 10),
        "moved.test" => (301, vec![("location", "https://there.test/feed")], String::new(), 5),
        _ => (200, vec![], feed(2), 200),
    }
}

/// A machine with a state directory.
struct World {
    dir: PathBuf,
    clock: Clock,
    server: Server,
}

impl World {
    fn new(name: &str) -> World {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join("status").join(name);
        if dir.exists() {
            // A test that was stopped may have left it read-only.
            allow(&dir.join("state"), 0o700);
            fs::remove_dir_all(&dir).unwrap();
        }
        fs::create_dir_all(&dir).unwrap();
        let clock = Clock::simulated(Timestamp::from_unix(START).unwrap());
        World { dir, clock, server }
    }

    fn config(&self, text: &str) -> Config {
        let path = self.dir.join("newsagg.toml");
        let text = format!("{text}\n[state]\ndir = \"state\"\n");
        fs::write(&path, &text).unwrap();
        Config::parse(&path, &text).unwrap()
    }

    fn wait(&self, seconds: u64) {
        let until = self.clock.now() + Duration::from_secs(seconds);
        let executor = Executor::new();
        self.clock.block_on(&executor, self.clock.sleep_until(until));
    }

    /// One round of one process.
    fn round(&self, config: &Config, wishes: Wishes) {
        let executor = Executor::new();
        let backend = Canned { clock: self.clock.clone(), server: Mutex::new(self.server) };
        let transport = Arc::new(Transport::over(backend, self.clock.clone()));
        let mut house = House::new(self.clock.clone(), transport, &executor);
        self.clock.block_on(&executor, update(config, &mut house, wishes));
    }

    /// Rounds until every kind of trouble is there: on three days, the last one twice.
    fn troubled(&self, text: &str) -> Config {
        let config = self.config(text);
        let mut asked = config.clone();
        asked.sources.retain(|source| source.name != "new");
        for wait in [0, DAY, DAY, 40 * MINUTE] {
            self.wait(wait);
            self.round(&asked, Wishes::default());
        }
        self.wait(12 * MINUTE + 5);
        config
    }

    /// The program, with the machine's clock.
    fn run(&self, words: &[&str]) -> Said {
        let mut command = Command::new(crate::support::program());
        command.env_clear().env("HOME", &self.dir).current_dir(&self.dir).stdin(Stdio::null());
        said(command.args(words).args(["-c", "newsagg.toml"]).output().unwrap())
    }
}

fn allow(path: &Path, mode: u32) {
    if path.exists() {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

fn view<'a>(world: &World, config: &'a Config, stored: &'a Stored) -> View<'a> {
    let view = View::new(config, stored, &world.clock, true);
    View { dir: "/var/lib/newsagg".into(), size: view.size.map(|_| 12_345), ..view }
}

#[track_caller]
fn golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden").join(name);
    if std::env::var_os("UPDATE").is_some() {
        fs::write(&path, text).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(text == expected, "{} (UPDATE=1 writes it):\n{text}", path.display());
}

#[test]
fn the_table_tells_how_every_source_stands_and_what_to_do() {
    let world = World::new("table");
    let config = world.troubled(CONFIG);
    let stored = stored(&config, &world.clock);
    let text = status::text(&view(&world, &config, &stored), Style::default());
    golden("status.txt", &text);
    for line in text.lines() {
        assert!(line.chars().count() <= status::WIDTH, "{line}");
    }
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn json_tells_the_same_exactly() {
    let world = World::new("json");
    let config = world.troubled(CONFIG);
    let stored = stored(&config, &world.clock);
    let text = status::json(&view(&world, &config, &stored));
    golden("status.json", &text);
    assert!(!text.contains("hunter2"), "{text}");
}

#[test]
fn a_terminal_has_its_width_and_its_colours() {
    let world = World::new("width");
    let config = world.troubled(CONFIG);
    let stored = stored(&config, &world.clock);
    let view = view(&world, &config, &stored);
    let with = |width, colour| {
        status::text(&view, Style { colour, width: Some(width), ..Style::default() })
    };
    let wide = with(200, false);
    assert!(wide.contains("counted-by-a-quota-and-with-a-long-name"), "{wide}");
    assert!(wide.lines().any(|line| line.chars().count() > 100), "{wide}");
    // Whatever the terminal says, a name can be told from others.
    assert!(with(10, false).contains("\ncounted… "), "{}", with(10, false));
    let colour = with(200, true);
    for mark in ["\u{1b}[32mok\u{1b}[0m", "\u{1b}[31mfailed\u{1b}[0m", "\u{1b}[33mstale\u{1b}[0m"] {
        assert!(colour.contains(mark), "{colour:?}");
    }
    let (mut bare, mut rest) = (String::new(), &*colour);
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        bare.push_str(before);
        rest = after.split_once('m').unwrap().1;
    }
    assert_eq!(bare + rest, wide);
}

#[test]
fn a_move_is_told_when_it_was_seen_on_enough_days() {
    let world = World::new("moved");
    let config = world.config(
        "[fetch]\nretries = 0\n[[source]]\nname = \"moved\"\nkind = \"feed\"\n\
         url = \"https://moved.test/feed\"\nevery = \"1h\"\n",
    );
    for day in 1..=DAYS_OF_MOVED + 1 {
        for _ in 0..2 {
            world.round(&config, Wishes::default());
            let stored = stored(&config, &world.clock);
            let text = status::text(&view(&world, &config, &stored), Style::default());
            let told = text.replace("\n  ", " ");
            let told = told.contains(&format!(
                "moved has moved for good to https://there.test/feed (seen on {day} days): change \
                 `url` in newsagg.toml"
            ));
            assert_eq!(told, day >= DAYS_OF_MOVED, "{text}");
            world.wait(2 * HOUR);
        }
        world.wait(DAY - 4 * HOUR);
    }
}

const WELL: &str =
    "[[source]]\nname = \"well\"\nkind = \"feed\"\nurl = \"https://well.test/feed\"\n";

#[test]
fn exit_codes_tell_a_monitor_whether_all_is_well() {
    let world = World::new("codes");
    world.config("");
    let empty = world.run(&["status"]).ended(2);
    assert!(empty.err.contains("there is no [[source]]"), "{}", empty.err);

    let config = world.config(WELL);
    let said = world.run(&["status"]).ended(1);
    assert!(said.out.starts_with("Nothing was asked yet: "), "{}", said.out);
    assert!(said.out.contains("state (not there yet)\n"), "{}", said.out);
    assert!(!world.dir.join("state").exists());

    world.round(&config, Wishes::default());
    world.run(&["status"]).ended(0);
    world.run(&["status", "--json"]).ended(0);
    world.run(&["status", "well"]).ended(0);
    let strange = world.run(&["status", "wel"]).ended(2);
    assert!(strange.err.contains("did you mean \"well\"?"), "{}", strange.err);

    for name in ["limited", "broken", "gone"] {
        let config =
            world.config(&CONFIG.replace("https://well.test", &format!("https://{name}.test")));
        let config = Config::select(Some(config), &["well".into()]).unwrap();
        fs::remove_dir_all(world.dir.join("state")).unwrap();
        world.round(&config, Wishes::default());
        world.run(&["status", "well"]).ended(1);
        world.run(&["status", "well", "--json"]).ended(1);
    }
}

#[test]
fn a_credential_that_only_the_service_has_is_no_mistake_of_the_config() {
    let world = World::new("credential");
    let write = |name: &str| {
        let key = format!("key = {{ credential = \"{name}\" }}");
        let source = format!("[[source]]\nname = \"g\"\nkind = \"guardian\"\n{key}\n");
        fs::write(world.dir.join("newsagg.toml"), source).unwrap();
    };
    write("guardian.key");
    let checked = world.run(&["check"]).ended(0);
    assert!(checked.err.contains("warning: `key` in [[source]] \"g\": "), "{}", checked.err);
    assert!(checked.err.contains("credential guardian.key is the service's"), "{}", checked.err);
    world.run(&["check", "--online"]).ended(1);
    // A monitor would say it at each call.
    assert_eq!(world.run(&["status"]).ended(1).err, "");
    write("a/b");
    for command in ["check", "status"] {
        let said = world.run(&[command]);
        assert!(said.err.contains("is no name of a credential"), "{}", said.err);
    }
}

#[test]
fn a_file_is_ok_when_it_was_read_and_nobody_is_asked_for_it() {
    let world = World::new("file");
    fs::write(world.dir.join("feed.xml"), feed(4)).unwrap();
    let config = world.config(WELL);
    let file = world.dir.join("feed.xml").display().to_string();
    let select = || Config::select(Some(config.clone()), std::slice::from_ref(&file)).unwrap();
    let config = select();
    let told = || {
        let stored = stored(&config, &world.clock);
        let view = view(&world, &config, &stored);
        let source = &view.sources[0];
        (source.state, source.items, source.due, source.quota.len())
    };
    assert_eq!(told(), (None, 0, None, 0));
    world.round(&Config { outputs: Vec::new(), ..select() }, Wishes::default());
    assert_eq!(told(), (Some(State::Ok), 4, None, 0));
}

#[test]
fn a_quota_that_is_used_up_says_when_there_is_more() {
    let world = World::new("quota");
    let config = world.config(&WELL.replace(
        "\"https://well.test/feed\"\n",
        "\"https://well.test/feed\"\nquota = [\"2/24h\"]\n",
    ));
    for _ in 0..2 {
        world.round(&config, Wishes::default());
        world.wait(40 * MINUTE);
    }
    let stored = stored(&config, &world.clock);
    let text = status::text(&view(&world, &config, &stored), Style::default());
    let until = "well: left alone for 23 h (until 06:00 UTC): its quota is used up";
    assert!(text.contains(until) && text.contains("0/2 24h"), "{text}");
    world.run(&["status"]).ended(0);
}

#[test]
fn without_a_config_it_says_where_it_looked() {
    if Path::new("/etc/newsagg/newsagg.toml").exists() {
        return;
    }
    let world = World::new("nowhere");
    let mut command = Command::new(crate::support::program());
    command.env_clear().env("HOME", &world.dir).current_dir(&world.dir).arg("status");
    let said = said(command.output().unwrap()).ended(2);
    assert!(said.err.contains("/.config/newsagg/newsagg.toml\n"), "{}", said.err);
}

#[test]
fn sources_that_no_config_names_are_counted() {
    let world = World::new("unnamed");
    world.troubled(CONFIG);
    world.config(WELL);
    let said = world.run(&["status"]).ended(0);
    assert!(said.out.contains("6 sources in it are not in the config\n"), "{}", said.out);
    // Of a part nobody asked that.
    let said = world.run(&["status", "well"]).ended(0);
    assert!(!said.out.contains("not in the config"), "{}", said.out);
}

#[test]
fn neither_a_lock_nor_a_directory_that_is_read_only_is_in_the_way_and_nothing_is_written() {
    let world = World::new("looks");
    let config = world.config(WELL);
    world.round(&config, Wishes::default());
    let state = world.dir.join("state");
    let _lock = Lock::take(&state, Duration::ZERO).unwrap();
    allow(&state, 0o500);
    let before = listing(&state);
    let said = world.run(&["status"]).ended(0);
    assert!(said.err.is_empty(), "{}", said.err);
    assert!(said.out.contains("\nwell    ok "), "{}", said.out);
    world.run(&["check", "--politeness", "-q"]).ended(0);
    assert_eq!(listing(&state), before);
    allow(&state, 0o700);
}

#[test]
fn what_cannot_be_read_is_one_sentence_and_no_empty_table() {
    for file in ["sources", "quotas"] {
        let world = World::new(&format!("unreadable-{file}"));
        world.config(WELL);
        fs::create_dir_all(world.dir.join("state").join(file)).unwrap();
        for words in [&["status"][..], &["check", "--politeness"]] {
            let said = world.run(words).ended(1).says(&format!("newsagg: reading state/{file}: "));
            assert!(said.err.ends_with("directory\n") && said.out.is_empty(), "{}", said.err);
            assert_eq!(said.err.lines().count(), 1);
        }
    }
}

/// Names, contents, and when they were written.
fn listing(dir: &Path) -> Vec<(PathBuf, Vec<u8>, SystemTime)> {
    let one = |entry: fs::DirEntry| {
        let path = entry.path();
        let modified = entry.metadata().unwrap().modified().unwrap();
        (path.clone(), fs::read(path).unwrap(), modified)
    };
    let mut all: Vec<_> = fs::read_dir(dir).unwrap().map(|entry| one(entry.unwrap())).collect();
    all.sort();
    all
}

#[test]
fn what_is_damaged_is_told_and_left_and_what_is_newer_is_not_read() {
    let world = World::new("damaged");
    let config = world.config(WELL);
    world.round(&config, Wishes::default());
    let sources = world.dir.join("state/sources");
    let whole = fs::read(&sources).unwrap();

    let mut damaged = whole.clone();
    damaged.extend_from_slice(&[0xff; 40]);
    damaged.extend_from_slice(b"no record\n");
    fs::write(&sources, &damaged).unwrap();
    let said = world.run(&["status"]).ended(0).says("bytes are damaged");
    assert!(said.out.contains("\nwell    ok "), "{}", said.out);
    assert_eq!(fs::read(&sources).unwrap(), damaged);

    let first = whole.iter().position(|byte| *byte == b'\n').unwrap();
    let before: Vec<_> = listing(&world.dir.join("state")).into_iter().map(|it| it.0).collect();
    let newer = [&whole[..first - 1], b"9", &whole[first..]].concat();
    fs::write(&sources, &newer).unwrap();
    for words in [&["status"][..], &["status", "--json"], &["check", "--politeness"]] {
        let said = world.run(words).ended(1).says("of a newer newsagg (format 9)\n");
        assert_eq!((said.out.as_str(), said.err.lines().count()), ("", 1));
    }
    let names = listing(&world.dir.join("state")).into_iter().map(|(path, ..)| path);
    assert!(names.eq(before), "files came or went");
}

#[test]
fn politeness_is_scored_source_by_source() {
    let world = World::new("polite");
    let config = world.troubled(CONFIG);
    let stored = stored(&config, &world.clock);
    let score = politeness::score(&config, &stored, &world.clock);
    golden("politeness.txt", &politeness::text(&score));
    golden("politeness.json", &politeness::json(&score));
    for line in politeness::text(&score).lines() {
        assert!(line.chars().count() <= status::WIDTH, "{line}");
    }
}

/// The score of a source that was asked every `minutes`, with `--force`.
fn scored(name: &str, agent: &str, minutes: u64, server: Server) -> (bool, String) {
    let world = World { server, ..World::new(name) };
    let config = world.config(&format!("[fetch]\nretries = 0\nuser_agent = \"{agent}\"\n{WELL}"));
    for _ in 0..5 {
        world.round(&config, Wishes { force: true, ..Wishes::default() });
        world.wait(minutes * MINUTE);
    }
    let stored = stored(&config, &world.clock);
    let score = politeness::score(&config, &stored, &world.clock);
    let code = i32::from(!score.polite);
    let said = world.run(&["check", "--politeness"]).ended(code);
    assert_eq!(said.out, politeness::text(&score));
    world.run(&["check", "--politeness", "--json"]).ended(code);
    (score.polite, politeness::text(&score))
}

#[test]
fn what_is_not_polite_is_said_with_what_to_change() {
    const AGENT: &str = "mine (+https://example.org/)";
    let (polite, text) = scored("good", AGENT, 40, server);
    assert!(polite && text.ends_with("\nVerdict: polite.\n"), "{text}");
    assert!(
        text.contains("\nwell        5        80%    0/4       40m      30m     0        0\n"),
        "{text}"
    );

    let (polite, text) = scored("anonymous", "mine", 40, server);
    assert!(!polite && text.contains("- the User-Agent `mine` names nobody"), "{text}");

    let (polite, text) = scored("forced", AGENT, 5, server);
    assert!(!polite && text.contains("asked 4 of 5 times before it was due"), "{text}");

    let refuses: Server = |_, _| (429, vec![], String::new(), 5);
    let (polite, text) = scored("refused", AGENT, 600, refuses);
    assert!(!polite && text.contains("refused 5 of 5 polls as too many (429)"), "{text}");

    // Who said when to come again is not asked before, forced or not.
    let waits: Server = |_, _| (503, vec![("retry-after", "86400")], String::new(), 5);
    let (polite, text) = scored("waits", AGENT, 40, waits);
    assert!(polite && text.contains("\nwell        1 "), "{text}");
}

#[test]
fn a_removed_ledger_does_not_hide_that_a_server_was_pressed() {
    let world = World::new("pressed");
    let config = world.config(&CONFIG.replace("well.test", "limited.test"));
    let config = Config::select(Some(config), &["well".into()]).unwrap();
    world.round(&config, Wishes::default());
    fs::remove_file(world.dir.join("state/quotas")).unwrap();
    world.wait(40 * MINUTE);
    world.round(&config, Wishes::default());
    let stored = stored(&config, &world.clock);
    let totals = &stored.memory.of("well").unwrap().totals;
    assert_eq!((totals.polls, totals.refused, totals.pressed), (2, 2, 1));
    let score = politeness::score(&config, &stored, &world.clock);
    let text = politeness::text(&score);
    assert!(!score.polite && text.contains("asked once before its server"), "{text}");
}
