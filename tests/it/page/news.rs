//! Made-up news for the page: no such town, ferry or person exists.

use newsagg::format::{SourceHealth, State};
use newsagg::item::{Also, Attachment, DateOrigin, Extra, Item, Story};
use newsagg::time::Timestamp;

const WHO: [&str; 16] = [
    "Night ferry to Saint Orla",
    "Old customs house on the pier",
    "A small compiler in its own language",
    "The museum of unfinished things",
    "Oyster growers of the northern bay",
    "A keyboard for one hand",
    "Harbour market",
    "The library's oldest clock",
    "A database that fits on a floppy disk",
    "Seagrass meadows along the sound",
    "The last telegraph office",
    "A team of retired bridge engineers",
    "Lighthouse keepers' choir",
    "City council of Port Amberley",
    "An open map of every drinking fountain",
    "The season's first comet",
];

const WHAT: [&str; 15] = [
    "returns after eleven years",
    "opens its doors to visitors at last",
    "turns out to be twice as fast as measured",
    "is to be rebuilt from the original drawings",
    "wins a prize nobody had applied for",
    "will be quieter from spring, a study says",
    "asks for patience and warm socks",
    "explained in nine diagrams",
    "finds a friend in the fishing fleet",
    "moves to the old railway depot",
    "published under a free licence",
    "crosses the sound in record time",
    "has to wait for better weather",
    "and the argument about who pays for it",
    "seen from the inside",
];

const SUMMARY: &str = "The first crossing sold out within an hour, the bakery on the pier will open at four, and \
    the harbour master, who remembers the old timetable by heart, says that nobody has yet decided what happens \
    when the fog comes back. A vote is planned for the spring; both sides are confident, and the ferry's cat has \
    moved in already.";

pub const NEWEST: &str = "2026-11-21T06:00:00Z";

pub fn at(text: &str) -> Timestamp {
    newsagg::time::parse_date(text).unwrap()
}

fn ago(minutes: i64) -> Timestamp {
    Timestamp::from_unix(at(NEWEST).unix() - minutes * 60).unwrap()
}

const SOURCES: [&str; 8] = [
    "hn",
    "Harbour Gazette",
    "lwn",
    "Port Amberley Post",
    "planet",
    "The Islander",
    "weather",
    "lobsters",
];

/// So many stories of eight sources, newest first, over some days.
pub fn stories(count: usize) -> Vec<Story> {
    (0..count).map(story).collect()
}

fn story(index: usize) -> Story {
    // Shuffled enough to look like news, and the same every time.
    let source = SOURCES[index * index * 3 % 7 + usize::from(index % 11 == 0)];
    let (who, what) = (WHO[index * 7 % 16], WHAT[(index * 11 + index / 16) % 15]);
    let title = format!("{who} {what}");
    let slug = title.to_lowercase().replace([':', ',', '\''], "").replace(' ', "-");
    let host = source.to_lowercase().replace(' ', "-");
    // Some publishers put the whole title into their links, some a number.
    let page = match index % 3 {
        0 => format!("https://{host}.example/2026/11/{slug}"),
        1 => format!("https://{host}.example/news/articles/c{:011}", index * 7_919),
        _ => format!("https://{host}.example/{}-{index}.html", &slug[..slug.len() / 2]),
    };
    let mut item = Item {
        id: page.as_str().into(),
        title: title.into(),
        url: Some(page.into()),
        published: Some(ago(index as i64 * 13 + (index * index % 9) as i64)),
        authors: vec!["Ilse Varrow".into()],
        summary: Some(SUMMARY[..SUMMARY[..100 + index * 37 % 200].rfind(' ').unwrap()].into()),
        tags: vec!["harbour".into(), "ferries".into()],
        ..Item::default()
    };
    if source == "hn" {
        item.external_url = Some(
            format!("https://{}.example/{}", &slug[slug.len() - 9..], &slug[..slug.len() / 2])
                .into(),
        );
        item.url = Some(format!("https://news.example/item?id={}", 46_000_000 + index).into());
        item.extra().score = Some(index as i64 * 31 % 700);
        item.extra().comments = Some(index as u64 * 17 % 400);
    }
    let also = (index % 19 == 3).then(|| Also {
        source: "lobsters".into(),
        url: Some(format!("https://lobsters.example/s/{index:06}").into()),
    });
    Story {
        item,
        source: source.into(),
        first_seen: Some(ago(0)),
        date_origin: DateOrigin::Feed,
        also: also.into_iter().collect(),
    }
}

/// The sources of [`stories`], in every state there is.
pub fn sources() -> Vec<SourceHealth> {
    let mut all: Vec<SourceHealth> = SOURCES.iter().map(|name| health(name, State::Ok)).collect();
    all[2] = health(SOURCES[2], State::Stale);
    all[4] = health(SOURCES[4], State::Limited);
    all.push(health("old news", State::Failed));
    all.push(health("the quiet one", State::Off));
    all
}

/// All well but as many as there are ill states in `states`.
pub fn health(name: &str, state: State) -> SourceHealth {
    let error = match state {
        State::Ok => None,
        State::Limited => Some("quota: 100 in 24h are used up"),
        State::Off => Some("status: 410 Gone"),
        State::Stale | State::Failed => Some("resolve: no such host \"news.example\""),
    };
    SourceHealth {
        name: name.into(),
        kind: "feed",
        state,
        since: error.map(|_| at("2026-11-20T18:00:00Z")),
        error: error.map(Into::into),
        until: (state == State::Limited).then(|| at("2026-11-22T06:00:00Z")),
        tags: Vec::new(),
        feed: (state != State::Off).then(|| "https://feeds.example/news.xml?all=1&n=5".into()),
    }
}

/// What somebody might publish to get out of the page.
pub const BREAKERS: [&str; 14] = [
    "<script>document.title='gotcha'</script>",
    "\"><img src=https://evil.example/a.png onerror=\"document.title='gotcha'\">",
    "'><svg onload=document.title='gotcha'>",
    "</title></style></main><script>document.title='gotcha'</script>",
    "</a></h3></li></ol><iframe src=https://evil.example/frame></iframe>",
    "<style>*{background:url(https://evil.example/b.png)}</style>",
    "<link rel=stylesheet href=https://evil.example/c.css><base href=https://evil.example/>",
    "<meta http-equiv=refresh content=\"0;url=https://evil.example/d\">",
    "]]><!-- --><![CDATA[ --!> <plaintext>",
    "&lt;script&gt;document.title='gotcha'&lt;/script&gt; &#60;b&#62;",
    "a\u{202e}b\u{2066}c\u{1b}[31md\u{0}e\u{9b}2J\u{feff}",
    "\" onmouseover=document.title='gotcha' x=\"",
    "{{constructor.constructor('document.title=1')()}} ${document.title} `x`",
    "x onfocus=document.title='gotcha' autofocus tabindex=1",
];

const LINKS: [&str; 10] = [
    "javascript:document.title='gotcha'",
    "JaVaScRiPt:document.title='gotcha'",
    "https://evil.example/\"onclick=\"document.title='gotcha'",
    "https://evil.example/'><script>document.title='gotcha'</script>",
    "data:text/html,<script>document.title='gotcha'</script>",
    "//evil.example/x",
    "https://evil.example/ onmouseover=document.title='gotcha'",
    "java\nscript:document.title='gotcha'",
    "file:///etc/passwd",
    "https:javascript:alert(1)",
];

/// Every breaker in every field.
pub fn hostile() -> Vec<Story> {
    let breaker = |index: usize| BREAKERS[index % BREAKERS.len()];
    let story = |index: usize| {
        let (text, link) = (breaker(index), LINKS[index % LINKS.len()]);
        let item = Item {
            id: text.into(),
            title: if index % 9 == 8 { "" } else { text }.into(),
            url: Some(link.into()),
            external_url: (index % 2 == 0).then(|| LINKS[(index + 3) % LINKS.len()].into()),
            published: Some(ago(index as i64)),
            authors: vec![breaker(index + 1).into()],
            summary: Some(breaker(index + 2).into()),
            tags: vec![breaker(index + 3).into()],
            extra: Some(Box::new(Extra {
                image: Some("https://evil.example/image.png".into()),
                language: Some(breaker(index + 4).into()),
                attachments: vec![Attachment {
                    url: link.into(),
                    mime_type: breaker(index + 5).into(),
                    size: Some(u64::MAX),
                    duration: Some(u64::MAX),
                }],
                score: Some(i64::MIN),
                comments: Some(u64::MAX),
            })),
            ..Item::default()
        };
        Story {
            item,
            source: breaker(index % 5).into(),
            first_seen: None,
            date_origin: DateOrigin::Feed,
            also: vec![Also { source: text.into(), url: Some(link.into()) }],
        }
    };
    (0..LINKS.len() * BREAKERS.len()).map(story).collect()
}

/// The sources of [`hostile`], as hostile.
pub fn hostile_sources() -> Vec<SourceHealth> {
    let hostile = |text: &&str| SourceHealth {
        error: Some((*text).into()),
        feed: Some(LINKS[text.len() % LINKS.len()].into()),
        ..health(text, State::Stale)
    };
    BREAKERS.iter().map(hostile).collect()
}

/// Titles in scripts of all kinds and lengths.
pub fn tongues() -> Vec<Story> {
    let long = "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft"
        .repeat(3);
    let titles = [
        ("日本語の見出しはラテン文字の二倍の幅を取る", Some("ja")),
        ("عبّارة ليلية إلى سانت أورلا تعود بعد أحد عشر عامًا", Some("ar")),
        ("המעבורת הלילית חוזרת אחרי אחת עשרה שנים", Some("he")),
        ("Ночной паром возвращается через одиннадцать лет", Some("ru")),
        (&*long, Some("de")),
        ("Το νυχτερινό φέρι επιστρέφει 👩\u{200d}🚀🇬🇷❤\u{fe0f}", Some("el")),
        (
            "https://a-very-long-address.example/without/any/space/in/it/that/could/be/broken/anywhere/at/all",
            None,
        ),
    ];
    let titled = |(index, (title, language)): (usize, &(&str, Option<&str>))| {
        let mut story = story(index);
        story.item.title = (*title).into();
        story.item.summary = Some((*title).into());
        story.item.extra().language = language.map(Into::into);
        story
    };
    titles.iter().enumerate().map(titled).collect()
}
