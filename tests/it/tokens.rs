//! A token is asked for before what needs it, shared, kept, and asked for anew: no more often than
//! that, and nobody else gets to see it.

use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use newsagg::config::Config;
use newsagg::failure::Stage;
use newsagg::source::grant::MARGIN;
use newsagg::update::{Updated, Wishes};

use crate::support::said::said;
use crate::support::world::*;

const OUTPUTS: &str =
    "[[output]]\npath = \"feed.json\"\n[[output]]\npath = \"feed.txt\"\nformat = \"text\"\n";
const ID: &str = "the-client-id";
const SECRET: &str = "hunter2-the-secret";
/// `printf 'the-client-id:hunter2-the-secret' | base64`
const BASIC: &str = "Basic dGhlLWNsaWVudC1pZDpodW50ZXIyLXRoZS1zZWNyZXQ=";
/// What every token begins with.
const TOKEN: &str = "a-token-of-reddit";
const DOOR: &str = "/api/v1/access_token";

/// Reddit: gives tokens, and lists posts to who has one.
struct Reddit {
    /// So many tokens were given.
    given: usize,
    /// How long a token is good.
    life: Duration,
    /// Until when the youngest is, in true time.
    until: Duration,
    /// Instead of a token.
    door: Option<Reply>,
    /// Instead of posts.
    house: Option<Reply>,
    /// To whom asks without a token.
    feed: Option<Reply>,
    /// What every list says of the quota.
    left: Vec<(&'static str, &'static str)>,
    wrong: Vec<String>,
}

impl Default for Reddit {
    fn default() -> Reddit {
        Reddit {
            given: 0,
            life: DAY,
            until: Duration::ZERO,
            door: None,
            house: None,
            feed: None,
            left: Vec::new(),
            wrong: Vec::new(),
        }
    }
}

impl Reddit {
    fn token(&self) -> String {
        format!("{TOKEN}-{}", self.given)
    }

    fn give(&mut self, asked: &Asked) -> Reply {
        if asked.host() != "www.reddit.com"
            || asked.posted.as_deref() != Some("grant_type=client_credentials")
            || asked.field("content-type") != Some("application/x-www-form-urlencoded")
        {
            self.wrong.push(format!("a token asked for with {asked:?}"));
        }
        if let Some(reply) = &self.door {
            return reply.clone();
        }
        if asked.field("authorization") != Some(BASIC) {
            return page(r#"{"message": "Unauthorized", "error": 401}"#).coming(401);
        }
        self.given += 1;
        self.until = asked.at + self.life;
        let (token, life) = (self.token(), self.life.as_secs());
        page(format!(
            r#"{{"access_token": "{token}", "token_type": "bearer", "expires_in": {life}}}"#
        ))
    }

    fn list(&mut self, asked: &Asked) -> Reply {
        let token = asked.field("authorization").unwrap_or_default();
        if asked.host() != "oauth.reddit.com"
            || asked.posted.is_some()
            || !token.starts_with("Bearer ")
        {
            self.wrong.push(format!("a list asked for with {asked:?}"));
        }
        if let Some(reply) = &self.house {
            return reply.clone();
        }
        if token != format!("Bearer {}", self.token()) || asked.at >= self.until {
            return page(r#"{"message": "Unauthorized", "error": 401}"#).coming(401);
        }
        let sub = asked.url.path().split('/').nth(2).unwrap();
        let post = format!(
            r#"{{"kind": "t3", "data": {{"name": "t3_{sub}", "title": "from {sub}",
            "permalink": "/r/{sub}/comments/{sub}/x/", "created_utc": 1795240000.0}}}}"#
        );
        let list = page(format!(r#"{{"kind": "Listing", "data": {{"children": [{post}]}}}}"#));
        self.left.iter().fold(list, |list, (name, value)| list.with(name, value))
    }
}

impl Web for Reddit {
    fn answer(&mut self, asked: &Asked) -> Reply {
        match asked.url.path() {
            DOOR => self.give(asked),
            path if path.ends_with(".rss") => self.feed.clone().unwrap(),
            _ => self.list(asked),
        }
    }
}

/// A world with these subreddits, asked every half an hour.
fn world(name: &str, subreddits: &[&str]) -> (World<Reddit>, Config) {
    let world = World::new(&format!("token-{name}"), Reddit::default());
    std::fs::write(world.dir.join("secret"), SECRET).unwrap();
    let config = world.config(&config(subreddits, "secret"));
    (world, config)
}

fn config(subreddits: &[&str], secret: &str) -> String {
    let source = |sub: &&str| {
        format!(
            "[[source]]\nname = \"{sub}\"\nkind = \"reddit\"\nsubreddit = \"{sub}\"\nevery = \"30m\"\n\
             client_id = \"{ID}\"\nclient_secret = {{ file = \"{secret}\" }}\n"
        )
    };
    format!("{OUTPUTS}{}", subreddits.iter().map(source).collect::<String>())
}

impl<W: Web> World<W> {
    /// How many tokens were asked for, and how many lists, since this was last asked.
    #[track_caller]
    fn asked_for(&self) -> (usize, usize) {
        let asked = self.take_asked();
        let tokens = asked.iter().filter(|asked| asked.url.path() == DOOR).count();
        (tokens, asked.len() - tokens)
    }
}

#[track_caller]
fn assert_well(world: &World<Reddit>, updated: &Updated) {
    for source in &updated.report.sources {
        assert_eq!(source.error, None, "{}", source.name);
    }
    let reddit = world.web.lock().unwrap();
    assert!(reddit.wrong.is_empty(), "{:?}", reddit.wrong);
}

fn errors(updated: &Updated) -> Vec<String> {
    updated.report.sources.iter().filter_map(|source| source.error.clone()).collect()
}

#[test]
fn a_token_is_asked_for_once_and_kept_in_the_process() {
    let (world, config) = world("kept", &["rust"]);
    world.process(|house| {
        let updated = world.round_of(house, &config);
        assert_well(&world, &updated);
        assert_eq!((updated.report.requests, updated.report.items), (2, 1));
        assert_eq!(world.asked_for(), (1, 1));
        for _ in 0..5 {
            world.wait(HOUR);
            assert_well(&world, &world.round_of(house, &config));
            assert_eq!(world.asked_for(), (0, 1));
        }
    });
    assert!(world.text("feed.json").contains("from rust"));
}

#[test]
fn the_next_process_has_it_too_and_only_its_owner_can_read_it() {
    let (world, config) = world("process", &["rust"]);
    for round in 0..4 {
        let updated = world.round(&config);
        assert_well(&world, &updated);
        assert_eq!(world.asked_for(), (usize::from(round == 0), 1), "{round}");
        world.wait(HOUR);
    }
    let file = world.dir.join("state/tokens");
    let mode = std::fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o600);
    assert!(world.text("state/tokens").contains(TOKEN));
}

#[test]
fn sources_of_one_client_id_share_a_token_and_those_of_another_do_not() {
    let (world, config) = world("shared", &["a", "b", "c"]);
    let updated = world.round(&config);
    assert_well(&world, &updated);
    assert_eq!(world.asked_for(), (1, 3));
    assert_eq!(updated.report.items, 3);

    std::fs::write(world.dir.join("other"), "another-secret").unwrap();
    let both = format!(
        "{}{}",
        self::config(&["a"], "secret"),
        &self::config(&["d"], "other")[OUTPUTS.len()..]
    );
    world.wait(HOUR);
    let updated = world.round(&world.config(&both));
    assert_eq!(world.asked_for(), (1, 1), "the first is at hand, the second is refused");
    assert_eq!(errors(&updated).len(), 1);
}

#[test]
fn a_token_is_asked_for_anew_shortly_before_it_ends() {
    let (world, config) = world("expiry", &["a", "b"]);
    world.web.lock().unwrap().life = 3 * HOUR;
    let mut rounds = Vec::new();
    world.process(|house| {
        for _ in 0..13 {
            let updated = world.round_of(house, &config);
            assert_well(&world, &updated);
            assert_eq!(updated.report.retries, 0, "nobody was refused");
            rounds.push(world.asked_for().0);
            world.wait(HOUR / 2);
        }
    });
    assert_eq!(rounds, [1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 1]);
    // The next process counts from when it was given, too.
    world.wait(3 * HOUR - HOUR / 2 - Duration::from_secs(MARGIN as u64));
    assert_well(&world, &world.round(&config));
    assert_eq!(world.asked_for(), (1, 2));
}

#[test]
fn a_token_that_is_refused_is_asked_for_anew_once() {
    let (world, config) = world("refused", &["a", "b", "c"]);
    assert_well(&world, &world.round(&config));
    world.take_asked();
    // Reddit forgot it.
    world.web.lock().unwrap().given += 1;
    world.wait(HOUR);
    let updated = world.round(&config);
    assert_well(&world, &updated);
    let (tokens, lists) = world.asked_for();
    assert_eq!(tokens, 1);
    assert!((4..=6).contains(&lists), "{lists} lists: each at most once in vain");
    world.wait(HOUR);
    assert_well(&world, &world.round(&config));
    assert_eq!(world.asked_for(), (0, 3));
}

#[test]
fn a_server_that_refuses_every_token_is_not_asked_for_ever() {
    let (world, config) = world("never", &["a", "b"]);
    let refusal = page(r#"{"message": "Unauthorized", "error": 401}"#).coming(401);
    world.web.lock().unwrap().house = Some(refusal);
    let updated = world.round(&config);
    assert_eq!(world.asked_for(), (1, 2), "what was just given is not asked for again");
    let errors = errors(&updated);
    assert!(
        errors[0].starts_with("service: Unauthorized; check `client_id` and `client_secret`"),
        "{errors:?}"
    );
    world.wait(HOUR);
    world.round(&config);
    assert_eq!(world.asked_for(), (0, 0), "what only somebody's hand can change is not asked for");
    // The key is kept in mind, but not the token.
    world.web.lock().unwrap().house = None;
    world.wait(DAY);
    assert_well(&world, &world.round(&config));
    assert_eq!(world.asked_for(), (1, 2));
}

#[test]
fn an_old_token_and_a_server_that_refuses_the_new_one_cost_one_token() {
    let (world, config) = world("both", &["a"]);
    assert_well(&world, &world.round(&config));
    world.take_asked();
    let refusal = page(r#"{"message": "Unauthorized", "error": 401}"#).coming(401);
    world.web.lock().unwrap().house = Some(refusal);
    world.wait(HOUR);
    let updated = world.round(&config);
    assert_eq!(world.asked_for(), (1, 2));
    assert_eq!(errors(&updated).len(), 1);
}

#[test]
fn wrong_credentials_name_the_keys_and_where_they_are_from() {
    let (world, _) = world("wrong", &[]);
    std::fs::write(world.dir.join("other"), "not-the-secret").unwrap();
    let config = world.config(&config(&["a", "b"], "other"));
    let updated = world.round(&config);
    assert_eq!(world.asked_for(), (1, 0), "one question for both, and no list");
    let expected = "service: no token is given (Unauthorized): check `client_id` and \
        `client_secret` of this source; they are those of a «script» or «web app» at \
        https://www.reddit.com/prefs/apps";
    assert_eq!(errors(&updated), [expected, expected]);
    world.wait(HOUR);
    world.round(&config);
    assert_eq!(world.asked_for(), (0, 0));
    // Whoever puts it right is not made to wait.
    std::fs::write(world.dir.join("other"), SECRET).unwrap();
    let config = world.config(&self::config(&["a", "b"], "other"));
    assert_well(&world, &world.round(&config));
    assert_eq!(world.asked_for(), (1, 2));
}

#[test]
fn where_no_token_is_to_be_had_no_list_is_asked_for_and_the_reason_is_told() {
    let html = page("<html>whoa there, pardner!</html>");
    let elsewhere = "https://evil.test/steal";
    for (case, door, tokens, words) in [
        (
            "down",
            fails(Stage::Connect, "www.reddit.com:443: connection refused"),
            3,
            "connect: www.reddit.com:443: connection refused",
        ),
        ("broken", status(503), 3, "status: answered with 503, the server is not available"),
        ("blocked", html.clone().coming(403), 1, "status: answered with 403, access is refused"),
        (
            "garbage",
            html,
            1,
            "read: the answer is not the JSON it should be: expected value at line 1 column 1",
        ),
        (
            "error",
            page(r#"{"error": "unsupported_grant_type"}"#),
            1,
            "service: no token is given (unsupported_grant_type): check `client_id`",
        ),
        (
            "redirect",
            status(302).with("location", elsewhere),
            1,
            "redirect: a redirect to https://evil.test/steal of what was posted",
        ),
        (
            "moved",
            status(307).with("location", "/other"),
            1,
            "redirect: a redirect to https://www.reddit.com/other of what was posted",
        ),
    ] {
        let (world, config) = world(case, &["a", "b"]);
        world.web.lock().unwrap().door = Some(door);
        let updated = world.round(&config);
        assert_eq!(world.asked_for(), (tokens, 0), "{case}");
        let errors = errors(&updated);
        assert!(
            errors.len() == 2 && errors.iter().all(|error| error.starts_with(words)),
            "{case}: {errors:?}"
        );
        assert!(!world.dir.join("state/tokens").exists(), "{case}");
        // It comes again by itself.
        world.web.lock().unwrap().door = None;
        world.wait(2 * DAY);
        assert_well(&world, &world.round(&config));
        assert_eq!(world.asked_for(), (1, 2), "{case}");
    }
}

#[test]
fn a_door_that_stays_shut_is_knocked_at_less_and_less() {
    let (world, config) = world("shut", &["a"]);
    world.web.lock().unwrap().door = Some(status(503));
    let mut days = Vec::new();
    for _ in 0..3 {
        for _ in 0..48 {
            world.round(&config);
            world.wait(HOUR / 2);
        }
        days.push(world.asked_for().0 / 3);
    }
    assert!(days[0] <= 12 && days[2] <= 5, "{days:?}");
    // Once it opened, its failures are forgotten.
    world.web.lock().unwrap().door = None;
    world.wait(DAY);
    assert_well(&world, &world.round(&config));
    world.web.lock().unwrap().given += 1;
    world.web.lock().unwrap().door = Some(status(503));
    world.take_asked();
    for _ in 0..2 {
        world.wait(HOUR);
        world.round(&config);
    }
    assert_eq!(world.asked_for().0, 6);
}

#[test]
fn a_door_that_asks_for_patience_gets_it_over_processes() {
    let (world, config) = world("patience", &["a", "b"]);
    world.web.lock().unwrap().door = Some(status(429).with("retry-after", 3 * 3_600));
    let updated = world.round(&config);
    assert_eq!(world.asked_for(), (1, 0));
    assert!(updated.report.sources.iter().all(|source| source.state == "limited"), "{updated:?}");
    world.web.lock().unwrap().door = None;
    for _ in 0..2 {
        world.wait(HOUR);
        world.round_with(&config, Wishes { force: true, ..Wishes::default() });
        assert_eq!(world.asked_for(), (0, 0));
    }
    world.wait(HOUR + MINUTE);
    assert_well(&world, &world.round(&config));
    assert_eq!(world.asked_for(), (1, 2));
}

#[test]
fn what_is_said_of_feeds_does_not_hold_who_has_a_token() {
    let (world, _) = world("apart", &[]);
    let feed = "[[source]]\nname = \"f\"\nkind = \"reddit\"\nsubreddit = \"f\"\nevery = \"30m\"\n";
    let config = world.config(&format!("{}{feed}", config(&["a"], "secret")));
    world.web.lock().unwrap().feed = Some(status(429).with("retry-after", 86_400));
    assert_eq!(errors(&world.round(&config)).len(), 1);
    assert_eq!(world.asked_for(), (1, 2));
    for _ in 0..3 {
        world.wait(HOUR);
        assert_eq!(errors(&world.round(&config)).len(), 1);
        assert_eq!(world.asked_for(), (0, 1), "the list, and no feed");
    }
}

#[test]
fn what_reddit_says_is_left_is_kept_to() {
    let (world, config) = world("left", &["a"]);
    world.web.lock().unwrap().left = vec![
        ("x-ratelimit-used", "600"),
        ("x-ratelimit-remaining", "0.0"),
        ("x-ratelimit-reset", "5400"),
    ];
    assert_well(&world, &world.round(&config));
    world.take_asked();
    for minutes in [31, 61] {
        world.wait_until(MINUTE * minutes);
        let updated = world.round(&config);
        assert_eq!(world.asked_for(), (0, 0), "after {minutes} minutes");
        assert_eq!(updated.report.sources[0].state, "limited");
    }
    world.wait_until(MINUTE * 91);
    assert_well(&world, &world.round(&config));
    assert_eq!(world.asked_for(), (0, 1));
}

#[test]
fn a_damaged_file_costs_one_request() {
    let (world, config) = world("damaged", &["a"]);
    let file = world.dir.join("state/tokens");
    assert_well(&world, &world.round(&config));
    let good = std::fs::read(&file).unwrap();
    let mut damaged: Vec<Vec<u8>> =
        vec![Vec::new(), b"\0\xff".repeat(99), good[..good.len() / 2].into()];
    damaged.push(vec![b'x'; 1 << 20]);
    for bytes in damaged {
        std::fs::write(&file, bytes).unwrap();
        world.take_asked();
        world.wait(HOUR);
        assert_well(&world, &world.round(&config));
        assert_eq!(world.asked_for(), (1, 1));
        assert!(world.text("state/tokens").starts_with("newsagg tokens 1\n"));
    }
    // A byte that changed makes another token: it is refused, and asked for anew.
    let text = world.text("state/tokens").replace(TOKEN, "b-token-of-reddit");
    std::fs::write(&file, text).unwrap();
    world.wait(HOUR);
    assert_well(&world, &world.round(&config));
    assert_eq!(world.asked_for(), (1, 2));
}

#[test]
fn what_a_newer_newsagg_keeps_is_left_to_it() {
    let (world, config) = world("newer", &["a"]);
    let file = world.dir.join("state/tokens");
    assert_well(&world, &world.round(&config));
    std::fs::write(&file, "newsagg tokens 2\nsomething else\n").unwrap();
    world.wait(HOUR);
    assert_well(&world, &world.round(&config));
    assert_eq!(world.text("state/tokens"), "newsagg tokens 2\nsomething else\n");
}

#[test]
fn whoever_only_looks_does_not_touch_it() {
    let (world, config) = world("look", &["a"]);
    assert_well(&world, &world.round(&config));
    let file = world.dir.join("state/tokens");
    // Who opens it would wait for ever.
    std::fs::remove_file(&file).unwrap();
    std::fs::create_dir(&file).unwrap();
    world.take_asked();
    world.wait(HOUR);
    world.round_with(&config, Wishes { offline: true, ..Wishes::default() });
    newsagg::update::stored(&config, &world.clock);
    assert!(file.is_dir());
    assert_eq!(world.asked_for(), (0, 0));
    // Who cannot read or write it does without.
    assert_well(&world, &world.round(&config));
    assert_eq!(world.asked_for(), (1, 1));
}

#[test]
fn a_calendar_that_is_set_costs_a_token_at_most() {
    for step in [86_400 * 3_650, -86_400 * 3_650, 7_200, -7_200] {
        let (world, config) = world(&format!("set{step}"), &["a"]);
        world.process(|house| {
            assert_well(&world, &world.round_of(house, &config));
            world.clock.step(step);
            world.wait(HOUR);
            world.take_asked();
            assert_well(&world, &world.round_of(house, &config));
            let (tokens, lists) = world.asked_for();
            assert!(tokens <= 1 && lists == 1, "{step}: {tokens}, {lists}");
        });
    }
}

#[test]
fn a_round_that_is_over_before_the_token_came_puts_everybody_off() {
    let (world, _) = world("slow", &[]);
    let config = world.config(&format!(
        "fetch.deadline = \"5s\"\nfetch.timeout = \"60s\"\n{}",
        config(&["a", "b"], "secret")
    ));
    world.web.lock().unwrap().door = Some(status(200).after(MINUTE));
    let updated = world.round(&config);
    assert_eq!(world.asked_for(), (1, 0));
    assert_eq!(errors(&updated).len(), 2, "{:?}", errors(&updated));
}

#[test]
fn the_first_failure_ends_a_round_that_is_to_fail_fast() {
    let (world, config) = world("fast", &["a", "b"]);
    world.web.lock().unwrap().door = Some(status(400));
    let updated = world.round_with(&config, Wishes { fail_fast: true, ..Wishes::default() });
    assert_eq!((world.asked_for(), errors(&updated).len()), ((1, 0), 2));
}

/// Tokens of all lengths of life, taken back at any time, a door that is shut now and then, processes
/// that are killed.
#[test]
fn whatever_happens_no_round_asks_for_more_than_a_token_and_its_retries() {
    for seed in 0..30 {
        let (world, config) = world(&format!("luck{seed}"), &["a", "b", "c"]);
        let mut luck = Luck::new(seed);
        let mut well = 0;
        for _ in 0..40 {
            {
                let mut reddit = world.web.lock().unwrap();
                reddit.life = [MINUTE, HOUR, 2 * HOUR, DAY][luck.below(4) as usize];
                reddit.given += usize::from(luck.one_in(5));
                reddit.door =
                    luck.one_in(6).then(|| status([500, 503, 429][luck.below(3) as usize]));
            }
            let updated = match luck.one_in(6) {
                true => world.killed_at(&config, 1 + luck.below(4) as usize),
                false => Some(world.round(&config)),
            };
            let (tokens, lists) = world.asked_for();
            assert!(tokens <= 3 && lists <= 6, "seed {seed}: {tokens} tokens, {lists} lists");
            well += usize::from(updated.is_some_and(|updated| errors(&updated).is_empty()));
            world.wait(HOUR);
        }
        let reddit = world.web.lock().unwrap();
        assert!(reddit.wrong.is_empty(), "seed {seed}: {:?}", reddit.wrong);
        assert!(well >= 5, "seed {seed}: only {well} rounds were well");
    }
}

fn files(dir: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

#[test]
fn neither_token_nor_secret_is_in_what_a_round_leaves() {
    let (world, config) = world("words", &["a", "b"]);
    world.web.lock().unwrap().life = 9 * DAY;
    let mut told = String::new();
    let echo = |words: &str| page(format!(r#"{{"message": "no {words} {SECRET}", "error": 400}}"#));
    for (door, house) in [
        (None, None),
        (None, Some(echo(&format!("{TOKEN}-1")).coming(400))),
        (None, Some(status(302).with("location", format!("ftp://x.test/{TOKEN}-1")))),
        (Some(echo(BASIC).coming(401)), Some(status(401))),
        (Some(echo(BASIC)), None),
    ] {
        {
            let mut reddit = world.web.lock().unwrap();
            (reddit.door, reddit.house) = (door, house);
        }
        let updated = world.round_with(&config, Wishes { force: true, ..Wishes::default() });
        told += &format!("{updated:?} {config:?}");
        world.wait(DAY);
    }
    assert!(told.contains("no (secret) (key)"), "nothing was said back");
    let mut found = Vec::new();
    files(&world.dir, &mut found);
    for path in
        found.iter().filter(|path| !path.ends_with("state/tokens") && !path.ends_with("secret"))
    {
        told += &String::from_utf8_lossy(&std::fs::read(path).unwrap());
    }
    for word in [TOKEN, SECRET, BASIC, &BASIC[6..]] {
        let at = told.find(word);
        assert_eq!(at, None, "{word}: {:?}", at.map(|at| &told[at.saturating_sub(99)..at + 99]));
    }
    assert!(world.asked().iter().all(|asked| asked.host().ends_with(".reddit.com")));
    let secret = world.text("state/tokens");
    assert!(!secret.contains(SECRET));
}

/// Over the wire, by the program itself.
#[test]
fn the_program_reads_a_subreddit_with_and_without_a_token() {
    let web = newsagg::loopback::Web::start(newsagg::loopback::WebOptions::new(
        newsagg::time::Timestamp::from_unix(1_795_240_800).unwrap(),
    ))
    .unwrap();
    let home = Path::new(env!("CARGO_TARGET_TMPDIR")).join("subreddit");
    let _ = std::fs::remove_dir_all(&home);
    std::fs::create_dir_all(&home).unwrap();
    let base = web.url("/reddit");
    let source = |name: &str, more: &str| {
        format!(
            "[[source]]\nname = \"{name}\"\nkind = \"reddit\"\nsubreddit = \"small\"\n\
             base_url = \"{base}\"\n{more}"
        )
    };
    let key = "client_id = { env = \"KEY\" }\nclient_secret = { env = \"KEY\" }\nlimit = 5\n";
    let config = format!(
        "[[output]]\npath = \"feed.json\"\n{}{}{}",
        source("feed", ""),
        source("hot", key),
        source("new", &format!("{key}list = \"new\"\n"))
    );
    std::fs::write(home.join("x.toml"), config).unwrap();
    for round in 0..2 {
        let mut command = Command::new(crate::support::program());
        command
            .env_clear()
            .env("HOME", &home)
            .env("KEY", newsagg::loopback::KEY)
            .current_dir(&home);
        command.args(["once", "--force", "-c", "x.toml"]);
        let said = said(command.output().unwrap());
        assert_eq!(said.code, Some(0), "{}", said.err);
        assert!(said.err.contains("3 of 3 sources"), "{}", said.err);
        assert_eq!(web.asked("/reddit/api/v1/access_token"), 1, "{round}");
        assert_eq!(web.asked("/reddit/r/small/hot"), round + 1);
    }
    let feed = std::fs::read_to_string(home.join("feed.json")).unwrap();
    let feed: serde_json::Value = serde_json::from_str(&feed).unwrap();
    let items = feed["items"].as_array().unwrap();
    assert!(items.iter().any(|item| item["_newsagg"]["source"] == "feed"));
    let posts = items.iter().filter(|item| item["_newsagg"]["score"].is_i64());
    let linked = posts.clone().filter(|item| item["external_url"].is_string()).count();
    assert!(linked >= 4, "{feed:#}");
}
