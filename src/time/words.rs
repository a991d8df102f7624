//! The words in dates: months, zones, and what may be passed over.

/// Full names by month; a date may cut them after three letters.
///
/// English, German, French, Spanish, Dutch, Hungarian, Greek. Not Portuguese or Italian: no
/// reader that we compare with takes `24 Set 2018` for a date.
const MONTHS: [&[&str]; 12] = [
    &["january", "januar", "jänner", "janvier", "enero", "január", "ιανουάριος", "ιανουαρίου"],
    &[
        "february",
        "februar",
        "février",
        "febrero",
        "fevrier",
        "február",
        "φεβρουάριος",
        "φεβρουαρίου",
    ],
    &[
        "march",
        "märz",
        "maerz",
        "mrz",
        "mars",
        "marzo",
        "maart",
        "március",
        "máricus",
        "μάρτιος",
        "μαρτίου",
        "μάϊρτιος",
    ],
    &["april", "avril", "abril", "április", "απρίλιος", "απριλίου"],
    &["may", "mai", "mayo", "mei", "május", "μάιος", "μαίου", "μαΐου", "μάϊος"],
    &["june", "juni", "juin", "junio", "június", "ιούνιος", "ιουνίου", "ιούν", "ιον"],
    &["july", "juli", "juillet", "julio", "július", "ιούλιος", "ιουλίου", "ιολ"],
    &["august", "août", "aout", "agosto", "augustus", "augusztus", "αύγουστος", "αυγούστου"],
    &["september", "septembre", "septiembre", "szeptember", "σεπτέμβριος", "σεπτεμβρίου"],
    &["october", "oktober", "octobre", "octubre", "október", "οκτώβριος", "οκτωβρίου"],
    &["november", "novembre", "noviembre", "νοέμβριος", "νοεμβρίου"],
    &["december", "dezember", "décembre", "decembre", "diciembre", "δεκέμβριος", "δεκεμβρίου"],
];

/// The month that a lower-case word names, from 1.
pub(super) fn month(word: &str) -> Option<i64> {
    word.chars().nth(2)?;
    let named = |names: &&[&str]| names.iter().any(|name| name.starts_with(word));
    MONTHS.iter().position(named).map(|index| index as i64 + 1)
}

/// Zones in quarters of an hour east of Greenwich. Where an abbreviation has several meanings,
/// RFC 822 §5 goes first, then what news comes from. `ET` and its like say nothing of summer.
const ZONES: [(&str, i8); 58] = [
    ("est", -20),
    ("edt", -16),
    ("et", -20),
    ("cst", -24),
    ("cdt", -20),
    ("ct", -24),
    ("mst", -28),
    ("mdt", -24),
    ("mt", -28),
    ("pst", -32),
    ("pdt", -28),
    ("pt", -32),
    ("ast", -16),
    ("adt", -12),
    ("at", -16),
    ("nst", -14),
    ("ndt", -10),
    ("akst", -36),
    ("akdt", -32),
    ("hst", -40),
    ("brt", -12),
    ("brst", -8),
    ("art", -12),
    ("clt", -16),
    ("clst", -12),
    ("bst", 4),
    ("ist", 22),
    ("wet", 0),
    ("west", 4),
    ("cet", 4),
    ("cest", 8),
    ("met", 4),
    ("mest", 8),
    ("mez", 4),
    ("mesz", 8),
    ("eet", 8),
    ("eest", 12),
    ("sast", 8),
    ("cat", 8),
    ("eat", 12),
    ("wat", 4),
    ("msk", 12),
    ("msd", 16),
    ("trt", 12),
    ("gst", 16),
    ("pkt", 20),
    ("ict", 28),
    ("wib", 28),
    ("sgt", 32),
    ("hkt", 32),
    ("awst", 32),
    ("jst", 36),
    ("kst", 36),
    ("acst", 38),
    ("aest", 40),
    ("aedt", 44),
    ("nzst", 48),
    ("nzdt", 52),
];

/// Seconds east of Greenwich of a lower-case zone name.
///
/// Unknown ones are UTC, and so are the military letters, whose sign RFC 822 got wrong
/// (RFC 5322 §4.3 says to take them for `-0000`).
pub(super) fn zone(word: &str) -> i64 {
    ZONES
        .iter()
        .find(|(name, _)| *name == word)
        .map_or(0, |(_, quarters)| i64::from(*quarters) * 900)
}

/// Words between the parts of a date that say nothing.
pub(super) fn filler(word: &str) -> bool {
    matches!(
        word,
        "t" | "st"
            | "nd"
            | "rd"
            | "th"
            | "de"
            | "of"
            | "at"
            | "um"
            | "à"
            | "er"
            | "年"
            | "月"
            | "日"
            | "년"
            | "월"
    )
}

/// Places with summer time that news names its zone by, and their rules as POSIX writes them (§8.3, `TZ`): summer time of
/// North America since 2007, of Europe since 1996. The system's time zone database is not asked: what a feed says must
/// not depend on the machine that reads it.
const PLACES: [(&str, &str); 12] = [
    ("america/new_york", "EST5EDT,M3.2.0,M11.1.0"),
    ("america/toronto", "EST5EDT,M3.2.0,M11.1.0"),
    ("america/chicago", "CST6CDT,M3.2.0,M11.1.0"),
    ("america/denver", "MST7MDT,M3.2.0,M11.1.0"),
    ("america/los_angeles", "PST8PDT,M3.2.0,M11.1.0"),
    ("europe/london", "GMT0BST,M3.5.0/1,M10.5.0"),
    ("europe/paris", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("europe/berlin", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("europe/madrid", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("europe/rome", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("europe/vienna", "CET-1CEST,M3.5.0,M10.5.0/3"),
    ("europe/amsterdam", "CET-1CEST,M3.5.0,M10.5.0/3"),
];

/// The rules of a place, in the form of POSIX.
pub(super) fn place(name: &str) -> Option<&'static str> {
    let found = PLACES.iter().find(|(place, _)| place.eq_ignore_ascii_case(name))?;
    Some(found.1)
}
