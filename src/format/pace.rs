//! How often a publisher wants to be asked, as RSS and its syndication module say it.
//!
//! <https://www.rssboard.org/rss-specification#ltttlgtSubelementOfLtchannelgt>,
//! <https://web.resource.org/rss/1.0/modules/syndication/>,
//! <https://www.rssboard.org/skip-hours-days>

use std::time::Duration;

use crate::format::Pace;
use crate::xml::{Ns, Token, TooDeep, Xml};

/// A longer time than this many seconds, 136 years, is this long.
const LONGEST: u64 = u32::MAX as u64;

const ALL_HOURS: u32 = (1 << 24) - 1;
const ALL_DAYS: u8 = (1 << 7) - 1;

/// Names of days, in the order of their bits.
const DAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// The periods of the syndication module, in seconds. Months and years are not exact.
const PERIODS: [(&str, u64); 5] = [
    ("hourly", 3_600),
    ("daily", 86_400),
    ("weekly", 7 * 86_400),
    ("monthly", 30 * 86_400),
    ("yearly", 365 * 86_400),
];

/// What was read of it so far.
#[derive(Debug, Default)]
pub(super) struct Wish {
    /// In seconds.
    ttl: Option<u64>,
    /// In seconds; zero if nobody knows that word.
    period: Option<u64>,
    frequency: Option<u64>,
    hours: u32,
    days: u8,
    /// The list that is open, and its depth.
    list: Option<(usize, List)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum List {
    Hours,
    Days,
}

impl Wish {
    /// Takes in an element whose start tag was just read, whatever it is; `name` in lower case.
    /// `of_feed`: it is a child of the channel or feed.
    pub(super) fn element(
        &mut self,
        xml: &mut Xml<'_>,
        ns: Ns,
        name: &str,
        of_feed: bool,
    ) -> Result<(), TooDeep> {
        let depth = xml.depth();
        self.list = self.list.filter(|(list, _)| depth > *list);
        let within = self.list.filter(|(list, _)| depth == list + 1).map(|(_, kind)| kind);
        match (ns, name) {
            (Ns::Core, "ttl") if of_feed => {
                let seconds = positive(word(xml)?).map(|minutes| minutes.saturating_mul(60));
                self.ttl = self.ttl.max(seconds);
            }
            (Ns::Core, "skiphours") if of_feed => self.list = Some((depth, List::Hours)),
            (Ns::Core, "skipdays") if of_feed => self.list = Some((depth, List::Days)),
            // Some write `hours`.
            (Ns::Core, "hour" | "hours") if within == Some(List::Hours) => {
                self.hours |= hour(word(xml)?);
            }
            (Ns::Core, "day") if within == Some(List::Days) => self.days |= day(word(xml)?),
            (Ns::Syndication, "updateperiod") if of_feed => self.period = period(word(xml)?),
            (Ns::Syndication, "updatefrequency") if of_feed => {
                self.frequency = positive(word(xml)?);
            }
            _ => {}
        }
        Ok(())
    }

    /// What it comes to. Whoever never wants to be asked means something else.
    pub(super) fn pace(&self) -> Pace {
        let seconds = self.ttl.max(self.syndication());
        Pace {
            every: seconds.map(|seconds| Duration::from_secs(seconds.min(LONGEST))),
            skip_hours: if self.hours == ALL_HOURS { 0 } else { self.hours },
            skip_days: if self.days == ALL_DAYS { 0 } else { self.days },
        }
    }

    /// The period by its frequency, in seconds: daily and once, where only the other is told.
    fn syndication(&self) -> Option<u64> {
        let period = self.period.or(self.frequency.and(Some(86_400)))?;
        Some(period / self.frequency.unwrap_or(1)).filter(|seconds| *seconds > 0)
    }
}

/// The text right behind a start tag. Not all up to the end tag: where that is missing, the whole
/// feed would be within.
fn word<'a>(xml: &mut Xml<'a>) -> Result<&'a str, TooDeep> {
    loop {
        match xml.next()? {
            Token::Text(text) | Token::CData(text) if !text.trim().is_empty() => {
                return Ok(text.trim());
            }
            Token::Text(_) | Token::CData(_) => {}
            Token::Start(_) | Token::End | Token::Eof => return Ok(""),
        }
    }
}

/// Digits that are not zero; more than fit are the largest number.
fn positive(word: &str) -> Option<u64> {
    let digits = !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| word.parse().unwrap_or(u64::MAX)).filter(|number| *number > 0)
}

/// `None` for nothing at all, zero for no known word.
fn period(word: &str) -> Option<u64> {
    let known = PERIODS.iter().find(|(name, _)| name.eq_ignore_ascii_case(word));
    (!word.is_empty()).then(|| known.map_or(0, |(_, seconds)| *seconds))
}

/// The bit of an hour. In RSS 0.91 and 0.92 they are counted from 1, and 24 is midnight.
fn hour(word: &str) -> u32 {
    match word.parse::<u8>() {
        Ok(24) => 1,
        Ok(hour @ 0..24) => 1 << hour,
        _ => 0,
    }
}

/// The bit of a day.
fn day(word: &str) -> u8 {
    DAYS.iter().position(|day| day.eq_ignore_ascii_case(word)).map_or(0, |index| 1 << index)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Feed;

    fn read(text: &str) -> Feed {
        let document =
            crate::http::Document { url: None, content_type: None, body: text.as_bytes() };
        crate::format::read(&document).unwrap()
    }

    /// The pace of a channel that says this between its title and its item.
    fn channel(said: &str) -> Pace {
        let feed = read(&format!(
            "<rss version=\"2.0\"><channel><title>t</title>{said}<item><guid>1</guid></item></channel></rss>"
        ));
        assert_eq!((&*feed.title, feed.items.len(), feed.partial), ("t", 1, false), "{said}");
        feed.pace
    }

    fn seconds(said: &str) -> Option<u64> {
        channel(said).every.map(|every| every.as_secs())
    }

    fn hours(said: &str) -> u32 {
        channel(&format!("<skipHours>{said}</skipHours>")).skip_hours
    }

    #[test]
    fn a_ttl_is_in_minutes() {
        for (said, expected) in [
            ("<ttl>60</ttl>", Some(3_600)),
            ("<ttl>\n\t\t5\n\t</ttl>", Some(300)),
            ("<ttl><![CDATA[15]]></ttl>", Some(900)),
            ("<ttl> <!-- an hour --> 60</ttl>", Some(3_600)),
            ("<TTL>1</TTL>", Some(60)),
            ("<ttl>030</ttl>", Some(1_800)),
            ("<ttl>10</ttl><ttl>20</ttl><ttl>x</ttl>", Some(1_200)),
        ] {
            assert_eq!(seconds(said), expected, "{said}");
        }
    }

    #[test]
    fn nonsense_says_nothing() {
        for said in ["0", "-1", "1.5", "invalid", "", "60 minutes", "+60", "&#54;", "<b>6</b>"] {
            assert_eq!(seconds(&format!("<ttl>{said}</ttl>")), None, "{said}");
        }
        assert_eq!(seconds("<ttl/>"), None);
        for word in ["", "0", "-1", "1.5", "often"] {
            let said = format!("<sy:updateFrequency>{word}</sy:updateFrequency>");
            assert_eq!(seconds(&said), None, "{word}");
            let hourly = format!("<sy:updatePeriod>hourly</sy:updatePeriod>{said}");
            assert_eq!(seconds(&hourly), Some(3_600), "{word}");
        }
        let twice = "<sy:updateFrequency>2</sy:updateFrequency>";
        for word in ["sometimes", "0", "3600", "hour ly"] {
            let said = format!("<sy:updatePeriod>{word}</sy:updatePeriod>");
            assert_eq!((seconds(&said), seconds(&(said + twice))), (None, None), "{word}");
        }
    }

    #[test]
    fn absurd_numbers_stop_at_the_longest() {
        let huge = "9".repeat(40);
        assert_eq!(seconds(&format!("<ttl>{huge}</ttl>")), Some(LONGEST));
        assert_eq!(seconds("<ttl>307445734561825861</ttl>"), Some(LONGEST));
        let period = "<sy:updatePeriod>yearly</sy:updatePeriod>";
        let frequency = format!("<sy:updateFrequency>{huge}</sy:updateFrequency>");
        assert_eq!(seconds(&(period.to_owned() + &frequency)), None);
    }

    #[test]
    fn a_period_is_divided_by_its_frequency() {
        let day = 86_400;
        for (period, frequency, expected) in [
            ("hourly", "1", 3_600),
            ("\n\thourly\t", "\n\t1\t", 3_600),
            ("hourly", "2", 1_800),
            ("hourly", "100", 36),
            ("daily", "12", 7_200),
            ("Weekly", "1", 7 * day),
            ("monthly", "1", 30 * day),
            ("yearly", "365", day),
            // What is not told is daily, and once.
            ("", "2", day / 2),
            ("weekly", "", 7 * day),
        ] {
            let said = format!(
                "<sy:updatePeriod>{period}</sy:updatePeriod>\
                 <sy:updateFrequency>{frequency}</sy:updateFrequency>\
                 <sy:updateBase>2000-01-01T12:00+00:00</sy:updateBase>"
            );
            assert_eq!(seconds(&said), Some(expected), "{period} {frequency}");
        }
    }

    #[test]
    fn the_longer_of_ttl_and_period_counts() {
        let hourly = "<sy:updatePeriod>hourly</sy:updatePeriod>";
        assert_eq!(seconds(&format!("<ttl>30</ttl>{hourly}")), Some(3_600));
        assert_eq!(seconds(&format!("{hourly}<ttl>720</ttl>")), Some(43_200));
    }

    #[test]
    fn hours_are_bits_and_24_is_midnight() {
        let all = |range: std::ops::Range<u32>| -> String {
            range.map(|hour| format!("<hour>{hour}</hour>\n")).collect()
        };
        let said = "<hour>4</hour><hour> 05 </hour><hour>23</hour><hour>4</hour>";
        assert_eq!(hours(said), 1 << 4 | 1 << 5 | 1 << 23);
        assert_eq!(hours("<hour>24</hour>"), 1);
        assert_eq!(hours("<hours>1</hours><hours>2</hours>"), 0b110);
        let nonsense = "<hour>25</hour><hour>-1</hour><hour>8:00</hour><hour/><day>3</day>";
        assert_eq!(hours(nonsense), 0);
        assert_eq!(hours(&all(0..23)), ALL_HOURS >> 1);
        // Whoever never wants to be asked means something else.
        assert_eq!((hours(&all(0..24)), hours(&all(1..25))), (0, 0));
    }

    #[test]
    fn days_are_english_and_monday_is_the_first() {
        let days = |said: &str| channel(&format!("<skipDays>{said}</skipDays>")).skip_days;
        assert_eq!(days("<day>Saturday</day> and <day>\n sunday </day>"), 0b110_0000);
        assert_eq!(days("<day>Monday</day><day>Fantabuday</day><day>Mon</day>"), 1);
        assert_eq!(days("<hour>1</hour><b><day>Friday</day></b>"), 0);
        let all: String = DAYS.iter().map(|day| format!("<day>{day}</day>")).collect();
        assert_eq!(days(&all), 0);
    }

    #[test]
    fn only_the_channel_is_heard() {
        let pace = "<ttl>9</ttl><skipHours><hour>1</hour></skipHours><skipDays><day>Monday</day>\
                    </skipDays><sy:updatePeriod>daily</sy:updatePeriod>";
        for feed in [
            format!("<rss><channel><item><title>a</title>{pace}</item></channel></rss>"),
            format!(
                "<rss><channel><image>{pace}</image><item><title>a</title></item></channel></rss>"
            ),
            format!(
                "<rss><channel><x:y>{pace}</x:y><hour>1</hour><day>Monday</day></channel></rss>"
            ),
            format!("<rdf:RDF><channel><title>a</title></channel><image>{pace}</image></rdf:RDF>"),
            format!("<feed><entry><title>a</title>{pace}</entry></feed>"),
        ] {
            assert_eq!(read(&feed).pace, Pace::default(), "{feed}");
        }
        // A list that ended does not go on.
        assert_eq!(channel("<skipHours></skipHours><p><hour>1</hour></p>"), Pace::default());
    }

    #[test]
    fn without_an_end_tag_nothing_is_swallowed() {
        let feed = read(
            "<rss><channel><ttl>60<skipHours><hour>1<hour>2<item><title>a</title></item>\
             <item><title>b</title></item></channel></rss>",
        );
        assert_eq!((feed.items.len(), feed.pace.every), (2, Some(Duration::from_secs(3_600))));
    }

    #[test]
    fn publishers_of_every_format_are_understood() {
        let sy = "http://purl.org/rss/1.0/modules/syndication/";
        for (feed, every) in [
            (
                format!(
                    "<?xml version=\"1.0\"?><rss version=\"2.0\" xmlns:sy=\"{sy}\">\n<channel>\n\t\
                     <title>A weblog</title>\n\t<language>en-US</language>\n\t\
                     <sy:updatePeriod>\n\thourly\t</sy:updatePeriod>\n\t<sy:updateFrequency>\n\t\
                     1\t</sy:updateFrequency>\n\t<item><title>a</title></item></channel></rss>"
                ),
                3_600,
            ),
            (
                format!(
                    "<rdf:RDF xmlns=\"http://purl.org/rss/1.0/\" xmlns:syn=\"{sy}\" \
                     xmlns:rdf=\"http://www.w3.org/1999/02/22-rdf-syntax-ns#\"><channel><title>t\
                     </title><syn:updatePeriod>hourly</syn:updatePeriod><syn:updateFrequency>2\
                     </syn:updateFrequency></channel><item><title>a</title></item></rdf:RDF>"
                ),
                1_800,
            ),
            (
                format!(
                    "<feed xmlns=\"http://www.w3.org/2005/Atom\" xmlns:when=\"{sy}\"><title>t</title>\
                     <when:updatePeriod>daily</when:updatePeriod><entry><title>a</title></entry></feed>"
                ),
                86_400,
            ),
            (
                "<rss version=\"0.92\"><channel><title>t</title><ttl>1800</ttl><skipHours><hour>24\
                 </hour></skipHours><item><title>a</title></item></channel></rss>"
                    .into(),
                108_000,
            ),
        ] {
            let feed = read(&feed);
            assert_eq!(feed.pace.every, Some(Duration::from_secs(every)), "{}", feed.format);
            assert_eq!(feed.items.len(), 1);
        }
    }
}
