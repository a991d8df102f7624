use super::telling;

fn of(title: &str) -> Option<String> {
    telling(title, Some("https://www.bbc.co.uk/news/1"), "world")
}

#[test]
fn how_a_title_is_set_does_not_count() {
    for (one, other) in [
        ("Apple's new “Vision” headset ships in May", "Apple’s New 'Vision' Headset Ships in May"),
        (
            "U.S. and U.K. sign a trade deal – at last, today",
            "US & UK sign the trade deal: at last today",
        ),
        ("Storm cuts power to 10,000 homes in Wales", "STORM CUTS POWER TO 10000 HOMES IN WALES!"),
        ("Parliament votes to end the shutdown - BBC News", "Parliament votes to end the shutdown"),
        ("Parliament votes to end the shutdown | BBC", "Parliament votes to end the shutdown."),
        ("Ministers agree state-of-emergency powers", "Minister agrees state of emergency power"),
        ("東京で大雪、交通機関が大幅に乱れる", "東京で大雪 交通機関が大幅に乱れる"),
    ] {
        // «deal» alone is a bargain.
        let [one, other] = [one, other].map(|title| title.replace("deal", "treaty"));
        assert!(of(&one).is_some(), "{one}");
        assert_eq!(of(&one), of(&other), "{one}");
    }
}

#[test]
fn what_a_title_says_counts() {
    for (one, other) in [
        (
            "Slack insider Cal Henderson sells 1500 shares",
            "Slack insider Cal Henderson sells 99342 shares",
        ),
        (
            "QEMU version 10.1.0 released with new features",
            "QEMU version 10.0.1 released with new features",
        ),
        (
            "Ministry raises the fine to $5m for polluters",
            "Ministry raises the fine to £5m for polluters",
        ),
        (
            "Temperatures fall to -5 across the whole country",
            "Temperatures fall to 5 across the whole country",
        ),
        (
            "Economy grew by 1,5 percent in the last quarter",
            "Economy grew by 15 percent in the last quarter",
        ),
        (
            "Arsenal beat Chelsea in the final at Wembley",
            "Chelsea beat Arsenal in the final at Wembley",
        ),
        (
            "The court upholds the ban on short selling",
            "The court overturns the ban on short selling",
        ),
        ("Minister will not resign over leaked report", "Minister will resign over leaked report"),
        (
            "The minister is about to resign over leaks",
            "Is the minister about to resign over leaks?",
        ),
        (
            "Game of the Year 2018: Day Five Deliberations",
            "Game of the Year 2018: Day Four Deliberations",
        ),
        ("Why we are moving all our code to C++", "Why we are moving all our code to C"),
        (
            "Lawmakers debate the reform bill on Monday",
            "Lawmakers debate the reform bill on Friday",
        ),
        (
            "InfluxDB vs. Graphite for Time Series Data",
            "InfluxDB vs. Elasticsearch for Time Series Data",
        ),
        (
            "New York closes its last coal plant - Times",
            "New York closes its last coal plant - Ohio",
        ),
    ] {
        assert!(of(one).is_some() && of(other).is_some(), "{one}");
        assert_ne!(of(one), of(other), "{one}");
    }
}

#[test]
fn titles_that_come_again_with_other_news_name_no_story() {
    for title in [
        "Live updates: the war in Ukraine, what happened today",
        "Your Daily Briefing: markets, politics and more",
        "Ukraine war briefing: what happened on day 1,001",
        "Here’s what you need to know this morning in Europe",
        "What we know about the shooting in the city",
        "10 things to know before the markets open",
        "The week in pictures from all around the world",
        "NYT Connections hints and answers for today's game",
        "Wordle today: answer and hints for the puzzle",
        "Top stories from across the country at noon",
        "Best of the web: what everybody is reading",
        "Photos of the day from all over the world",
        "Letters to the editor of our own newspaper",
        "On this day: what happened in our city",
        "Weather forecast for the whole country tomorrow",
        "Ask HN: Who is looking for work in Europe",
        "Morning news podcast: all you have to hear",
        "Premier League football scores and all fixtures",
        // … nor do a few words.
        "Earthquake in Japan",
        "Prime minister resigns",
        "A B C D E F G",
        "Obituary",
        "",
    ] {
        assert_eq!(of(title), None, "{title}");
    }
}

#[test]
fn only_the_publisher_s_own_name_is_left_out() {
    let of = |title: &str, link, source| telling(title, Some(link), source);
    let bare = of("Scientists find water below the crater", "https://a.test/1", "a");
    for (title, link, source) in [
        (
            "Scientists find water below the crater - The New York Times",
            "https://www.nytimes.com/1",
            "a",
        ),
        ("Scientists find water below the crater | Ars Technica", "https://arstechnica.com/1", "a"),
        ("Scientists find water below the crater — heise online", "https://a.test/1", "heise"),
    ] {
        assert_eq!(of(title, link, source), bare, "{title}");
    }
    for title in [
        "Scientists find water below the crater - on Mars",
        "Scientists find water below the crater - news",
        "Scientists find water below the crater | the first in the world of all Times",
    ] {
        assert_ne!(of(title, "https://www.nytimes.com/1", "a"), bare, "{title}");
    }
}

#[test]
fn any_title_can_be_read() {
    for seed in 0..3_000_u64 {
        let mut luck = seed;
        let letters: Vec<char> = "aß .,-−'’$%&?#+0123é東ก\u{301}\u{0}İ|—s".chars().collect();
        let title: String = (0..seed % 60)
            .map(|_| {
                luck = crate::backoff::scramble(luck);
                letters[(luck % letters.len() as u64) as usize]
            })
            .collect();
        let telling = telling(&title, Some("::"), "-");
        assert!(telling.is_none_or(|words| words.starts_with(' ') && words.ends_with(' ')));
    }
}

#[test]
fn a_title_with_a_phrase_that_comes_again_names_no_story() {
    for phrase in super::PHRASES {
        assert_eq!(of(&format!("Scientists find water {phrase} the crater")), None, "{phrase}");
    }
    for word in ["blog", "Podcasts", "yearly", "WEATHER"] {
        assert_eq!(of(&format!("Scientists find {word} water below the crater")), None, "{word}");
    }
    assert!(of("Scientists find water on the best of worlds").is_none());
    assert!(of("Scientists find water on the best world of all").is_some());
}
