use super::*;

fn read(text: &str) -> String {
    parse_date(text).map_or("-".into(), |instant| instant.to_string())
}

#[test]
fn dates_are_read_in_every_shape_they_come_in() {
    for (text, expected) in [
        // RFC 3339, RFC 9557
        ("2026-11-21T06:00:00Z", "2026-11-21T06:00:00Z"),
        ("2026-11-21t06:00:00.123456789z", "2026-11-21T06:00:00Z"),
        ("2026-11-21 06:00:00+05:30", "2026-11-21T00:30:00Z"),
        ("2026-11-21T06:00:00+01:00[Europe/Paris]", "2026-11-21T05:00:00Z"),
        ("2026-11-21T06:00:00\u{2212}08:00", "2026-11-21T14:00:00Z"),
        // RFC 822, 2822, 5322
        ("Sat, 21 Nov 2026 06:00:00 GMT", "2026-11-21T06:00:00Z"),
        ("Mon, 21 Nov 2026 06:00:00 +0100", "2026-11-21T05:00:00Z"),
        ("21 Nov 26 06:00 EST", "2026-11-21T11:00:00Z"),
        ("sat, 21 nov 2026 06:00:00 gmt", "2026-11-21T06:00:00Z"),
        ("Sat,, 21 November 2026, 06:00:00 GMT+1", "2026-11-21T05:00:00Z"),
        ("Sat, 21 Nov 2026 06:00:00 -0000 (a comment)", "2026-11-21T06:00:00Z"),
        ("Sat, 21 Nov 2026 06:00:00 XYZ", "2026-11-21T06:00:00Z"),
        ("Sat, 21 Nov 99 06:00:00 GMT", "1999-11-21T06:00:00Z"),
        // asctime, date(1), Go, JavaScript
        ("Sat Nov 21 06:00:00 2026", "2026-11-21T06:00:00Z"),
        ("Sat Nov 21 06:00:00 CET 2026", "2026-11-21T05:00:00Z"),
        ("2026-11-21 06:00:00 +0000 UTC", "2026-11-21T06:00:00Z"),
        (
            "Sat Nov 21 2026 06:00:00 GMT+0100 (Central European Standard Time)",
            "2026-11-21T05:00:00Z",
        ),
        // W3C-DTF, ISO 8601, XML Schema
        ("2026", "2026-01-01T00:00:00Z"),
        ("2026-11", "2026-11-01T00:00:00Z"),
        ("2026-11-21", "2026-11-21T00:00:00Z"),
        ("2026-11-21+02:00", "2026-11-20T22:00:00Z"),
        ("2026-11-21-05:00", "2026-11-21T05:00:00Z"),
        ("2026-325", "2026-11-21T00:00:00Z"),
        ("20261121T060000Z", "2026-11-21T06:00:00Z"),
        ("20261121T0600+0100", "2026-11-21T05:00:00Z"),
        ("20261121060000", "2026-11-21T06:00:00Z"),
        ("2026-11-21T06:00", "2026-11-21T06:00:00Z"),
        ("2026-11-21T24:00:00Z", "2026-11-22T00:00:00Z"),
        // people
        ("November 21st, 2026 at 6:00 p.m.", "2026-11-21T18:00:00Z"),
        ("11/21/2026 12:30 AM", "2026-11-21T00:30:00Z"),
        ("21/11/2026", "2026-11-21T00:00:00Z"),
        ("21.11.2026 06:00", "2026-11-21T06:00:00Z"),
        ("mar., 01 déc. 2026 16:11:02 +0000", "2026-12-01T16:11:02Z"),
        ("mar 3 mar 2026", "2026-03-03T00:00:00Z"),
        ("Mar 3 2026", "2026-03-03T00:00:00Z"),
        ("Do, 29 Mär 2018 00:00:00 +0200", "2018-03-28T22:00:00Z"),
        ("5 de enero de 2026", "2026-01-05T00:00:00Z"),
        ("2026년 11월 21일 오후 03:00:00", "2026-11-21T06:00:00Z"),
        ("2026年11月21日 06:00", "2026-11-21T06:00:00Z"),
        // machines
        ("1795240800", "2026-11-21T06:00:00Z"),
        ("1795240800123", "2026-11-21T06:00:00Z"),
        // places, by their rules
        ("2026-03-08 01:59:00 America/New_York", "2026-03-08T06:59:00Z"),
        ("2026-03-08 03:00:00 America/New_York", "2026-03-08T07:00:00Z"),
        ("2026-10-31 12:00:00 America/Los_Angeles", "2026-10-31T19:00:00Z"),
        ("2026-11-01 12:00:00 America/Los_Angeles", "2026-11-01T20:00:00Z"),
        ("2026-03-29 00:59:59 Europe/London", "2026-03-29T00:59:59Z"),
        ("2026-03-29 02:00:00 Europe/London", "2026-03-29T01:00:00Z"),
        ("2026-10-24 12:00:00 Europe/Berlin", "2026-10-24T10:00:00Z"),
        ("2026-10-25 12:00:00 Europe/Berlin", "2026-10-25T11:00:00Z"),
        ("2026-10-25 12:00:00 Europe/Nowhere", "2026-10-25T12:00:00Z"),
        // leap seconds
        ("2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"),
        ("Sat, 31 Dec 2016 23:59:60 GMT", "2016-12-31T23:59:59Z"),
        ("9999-12-31T23:59:60Z", "9999-12-31T23:59:59Z"),
    ] {
        assert_eq!(read(text), expected, "{text}");
    }
}

#[test]
fn what_is_no_date_is_none() {
    for text in [
        "",
        "  ",
        "never",
        "Saturday",
        "21",
        "21 Nov",
        "06:00:00",
        "31 Feb 2026 06:00:00 GMT",
        "2026-02-31",
        "2026-02-29T00:00:00Z",
        "2026-13-01",
        "2026-00-01",
        "2026-01-00",
        "0000-01-01T00:00:00Z",
        "99999-01-01T00:00:00Z",
        "2026-11-21T25:00:00Z",
        "2026-11-21T06:60:00Z",
        "2026-11-21T06:00:61Z",
        "2026-11-21T06:00:00+99:00",
        "0001-01-01T00:00:00+01:00",
        "9999-12-31T23:59:59-01:00",
        "99999999999999999999",
        "1e9",
        "2026-11-21T06:00:00+01:00junk",
        "21 zzz 2026",
        "Nov x 2026",
        "-",
        "+",
        ":",
        "1:",
        "12:3x",
        "\u{7f}",
        "2026-11-21T06:00:00+",
        "😈",
        "T",
        "ﬁ٣",
    ] {
        let accepted = parse_date(text);
        if text == "2026-11-21T06:00:00+" {
            continue; // either way: only no panic
        }
        assert_eq!(accepted, None, "{text}");
    }
}

#[test]
fn dates_keep_to_a_standard_or_do_not() {
    let standard = |text: &str| weigh_date(text).map(|(_, standard)| standard);
    for text in [
        "2026-11-21T06:00:00.5+01:00",
        "2026-11-21 06:00:00Z",
        "2026-11-21T06:00:00+0100",
        "2026-11-21T06:00",
        "2026-11-21",
        "2026-11",
        "2026",
        "20261121T060000Z",
        "Sat, 21 Nov 2026 06:00 EST",
        "21 novembre 2026",
    ] {
        assert_eq!(standard(text), Some(true), "{text}");
    }
    for text in [
        "2026-11-21 T 06:00:00-05:00",
        "2026-11-21T06:00:00 -05:00",
        "2026-11-21T060000+01:00",
        "20261121T06:00:00+01:00",
        "2026-11-21T06:00:00+1:00",
        "11/21/2026",
        "1795327200",
    ] {
        assert_eq!(standard(text), Some(false), "{text}");
    }
    assert_eq!(standard("soon"), None);
}

#[test]
fn damaged_dates_never_panic() {
    let seeds = [
        "Sat, 21 Nov 2026 06:00:00 +0100 (x)",
        "2026-11-21T06:00:00.5\u{2212}08:00[Europe/Paris]",
        "2004-május-13T9:15-05:00 오후 a.m. 1500 99999999",
    ];
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    for seed in seeds {
        let chars: Vec<char> = seed.chars().collect();
        for _ in 0..5_000 {
            let mut text: Vec<char> = chars.clone();
            for _ in 0..3 {
                random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let (at, from) = ((random >> 33) as usize, (random >> 40) as usize);
                let at = at % text.len();
                match random >> 62 {
                    0 => drop(text.remove(at)),
                    1 => text.insert(at, chars[from % chars.len()]),
                    _ => text[at] = chars[from % chars.len()],
                }
            }
            let _ = parse_date(&text.iter().collect::<String>());
        }
    }
}

#[test]
fn dates_are_read_as_the_standard_has_them_and_as_servers_send_them() {
    let until = "1994-11-06T08:49:37Z";
    for date in [
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",
        // From here on nothing that the standard knows.
        "Sun, 06-Nov-1994 08:49:37 GMT",
        "Mon, 06 Nov 1994 08:49:37 GMT",
        "Sun, 6 Nov 1994 08:49:37 GMT",
        "06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun, 06 Nov 1994 08:49:37 +0000",
        "Sun, 06 Nov 1994 08:49:37",
        "sun, 06 nov 1994 08:49:37 gmt",
        "Sun, 06 Nov 1994 09:49:37 CET",
        "1994-11-06T08:49:37Z",
    ] {
        let read = parse_header_date(date).map(|date| date.to_string());
        assert_eq!(read.as_deref(), Some(until), "{date}");
    }
    for none in ["0", "-1", "1994", "784111777", "Sun, 31 Feb 1994 08:49:37 GMT", "soon: or so"] {
        assert_eq!(parse_header_date(none), None, "{none}");
    }
    let long_ago = parse_header_date("Thu, 01-Jan-70 00:00:00 GMT").map(Timestamp::unix);
    assert_eq!(long_ago, Some(0));
}
