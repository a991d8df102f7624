//! The kinds of sources in a config: what each key leads to, and what is refused.

use std::path::Path;

use newsagg::config::Config;

/// The source of a table, as it is asked: every URL, and what is warned of.
fn asked(table: &str) -> Result<(Vec<String>, Vec<String>), String> {
    let text = format!("[[source]]\nname = \"a\"\n{table}\n");
    let lines = |problems: &[newsagg::config::Problem]| {
        problems.iter().map(|problem| problem.message.clone()).collect::<Vec<_>>()
    };
    let config = Config::parse(Path::new("/newsagg.toml"), &text);
    let config = config.map_err(|problems| lines(&problems).join("\n"))?;
    let source = config.sources[0].source.clone().expect("a source of this version");
    let urls = source.plan().iter().map(|request| request.url.to_string()).collect();
    Ok((urls, lines(&config.warnings)))
}

#[track_caller]
fn asks(table: &str, url: &str) {
    assert_eq!(asked(table), Ok((vec![url.to_owned()], Vec::new())), "{table}");
}

#[track_caller]
fn refused(table: &str, words: &str) {
    let told = asked(table).expect_err(table);
    assert!(told.contains(words), "{table}\n{told}");
}

#[track_caller]
fn warned(table: &str, words: &str) {
    let (_, warnings) = asked(table).expect(table);
    assert!(warnings.iter().any(|warning| warning.contains(words)), "{table}\n{warnings:?}");
}

#[test]
fn github_is_asked_one_question() {
    let api = "https://api.github.com";
    let of = |keys: &str| format!("kind = \"github\"\n{keys}");
    asks(&of("repo = \"o/r\""), &format!("{api}/repos/o/r/releases"));
    asks(&of("repo = \"o/r\"\nwhat = \"tags\""), "https://github.com/o/r/tags.atom");
    asks(
        &of("repo = \"o/r\"\nwhat = \"events\"\nlimit = 5"),
        &format!("{api}/repos/o/r/events?per_page=5"),
    );
    asks(&of("user = \"u\""), &format!("{api}/users/u/events/public"));
    asks(&of("org = \"o\""), &format!("{api}/orgs/o/events"));
    asks(
        &of("search = \"a b\""),
        &format!("{api}/search/repositories?q=a+b&sort=updated&order=desc"),
    );
    asks(
        &of("search = \"a\"\nwhat = \"issues\"\nbase_url = \"http://h/api/v3/\""),
        "http://h/api/v3/search/issues?q=a&sort=created&order=desc",
    );
    refused(
        &of("repo = \"o/r\"\nuser = \"u\""),
        "has both `repo` and `user`; one is asked at a time",
    );
    refused(&of("search = \"x\"\nwhat = \"tags\""), "one of repositories, issues");
    refused(&of("repo = \"o/r\"\nwhat = \"tag\""), "did you mean \"tags\"?");
    refused(&of("user = \"u\"\nwhat = \"events\""), "goes with `repo` or `search`");
    refused(&of("user = \"@u/x\""), "without @");
    refused(&of(""), "asks for nothing; set `repo`, `search`, `user` or `org`");
    refused(&of("repo = \"o/..\""), "OWNER/NAME");
}

#[test]
fn hacker_news_is_asked_of_whom_the_config_says() {
    let of = |keys: &str| format!("kind = \"hackernews\"\n{keys}");
    let firebase = "https://hacker-news.firebaseio.com/v0/askstories.json";
    asks(&of("list = \"ask\""), firebase);
    asks(&of("list = \"ask\"\napi = \"firebase\""), firebase);
    let algolia = "/api/v1/search_by_date?tags=ask_hn&hitsPerPage=7";
    let keys = "list = \"ask\"\napi = \"algolia\"\nlimit = 7";
    asks(&of(keys), &format!("https://hn.algolia.com{algolia}"));
    asks(&of(&format!("{keys}\nbase_url = \"http://m/x\"")), &format!("http://m/x{algolia}"));
    refused(&of("api = \"algola\""), "did you mean \"algolia\"?");
    refused(&of("api = \"algolia\"\nlive = true"), "listens to Firebase");
}

/// A key without a file or a variable: of no use, and enough here.
fn keyed(kind: &str, keys: &str) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("kinds.key");
    // Whole at once, for the tests run side by side.
    let mine = path.with_extension(format!("{:?}", std::thread::current().id()));
    std::fs::write(&mine, "0123456789abcdef\n").unwrap();
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(&mine, std::fs::Permissions::from_mode(0o600)).unwrap();
    std::fs::rename(&mine, &path).unwrap();
    format!("kind = \"{kind}\"\nkey = {{ file = \"{}\" }}\n{keys}", path.display())
}

#[test]
fn newsapi_is_asked_where_the_config_says() {
    let of = |keys: &str| keyed("newsapi", keys);
    asks(&of("country = \"us\""), "https://newsapi.org/v2/top-headlines?country=us");
    asks(
        &of("endpoint = \"everything\"\nquery = \"x\"\ndomains = [\"a.b\"]\nlanguage = \"de\""),
        "https://newsapi.org/v2/everything?q=x&domains=a.b&language=de&sortBy=publishedAt",
    );
    asks(
        &of("endpoint = \"everything\"\nsources = [\"a\", \"b\"]"),
        "https://newsapi.org/v2/everything?sources=a%2Cb&sortBy=publishedAt",
    );
    refused(
        &of("endpoint = \"everything\"\nquery = \"x\"\ncountry = \"us\""),
        "which only the headlines know",
    );
    refused(&of("sources = [\"a\"]\ncategory = \"science\""), "cannot stand together");
    warned(&of("endpoint = \"everything\""), "set `query`, `sources` or `domains`");
    warned(&of("query = \"x\"\nlanguage = \"de\""), "set `endpoint = \"everything\"`");
    warned(&of(""), "set `country`, `category`, `query` or `sources`");
}

#[test]
fn the_guardian_is_asked_for_any_of_several_sections_and_tags() {
    let url = "https://content.guardianapis.com/search?order-by=newest\
               &show-fields=trailText%2Cbyline%2Cthumbnail%2ClastModified&show-tags=contributor";
    let of = |keys: &str| keyed("guardian", keys);
    asks(&of("section = \"world\""), &format!("{url}&section=world"));
    asks(
        &of(
            "section = [\"world\", \"science\"]\ntag = \"tone/news,-tone/obituaries\"\nquery = \"moss\"",
        ),
        &format!("{url}&section=world%7Cscience&tag=tone%2Fnews%2C-tone%2Fobituaries&q=moss"),
    );
    asks(&of("tag = [\"a/b\", \"c/d\"]"), &format!("{url}&tag=a%2Fb%7Cc%2Fd"));
    refused(&of("section = [1]"), "must be a string");
}

#[test]
fn json_is_read_by_pointers_and_links_may_be_made() {
    let of = |keys: &str| format!("kind = \"json\"\nurl = \"https://a.example/x\"\n{keys}");
    asks(
        &of("title = \"/t\"\nitems = \"/a/*/b\"\nlink = \"https://b/{/x}\""),
        "https://a.example/x",
    );
    asks(
        &of("title = \"/t\"\ntags = \"/tags\"\nimage = \"/i\"\nscore = \"/s\""),
        "https://a.example/x",
    );
    asks(&of("title = \"/t\"\ntags = [\"all\"]"), "https://a.example/x");
    refused(&of(""), "has no `title`");
    refused(
        &of("title = \"t\""),
        "`title` in [[source]] \"a\" must be a JSON Pointer such as \"/title\"",
    );
    refused(&of("title = \"/t\"\nitems = \"data\""), "`items` in");
    refused(
        &of("title = \"/t\"\nlink = \"/~2\""),
        "a JSON Pointer such as \"/url\" or a URL with pointers",
    );
    refused(&of("title = \"/t\"\nlink = \"https://b/{x}\""), "no JSON Pointer: {x}");
    refused(&of("title = \"/t\"\nlink = \"//b/{/x}\""), "`link` in");
    refused(&of("title = \"https://b/{/x}\""), "`title` in");
    refused(&of("title = \"/t\"\ntags = \"tags\""), "`tags` in");
    refused(&of("title = \"/t\"\nscore = 5"), "not 5");
}
