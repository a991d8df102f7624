//! The proleptic Gregorian calendar, after Howard Hinnant.
//! <https://howardhinnant.github.io/date_algorithms.html>

use super::Timestamp;

/// Seconds in a day.
pub(super) const DAY: i64 = 86_400;

/// Days since 1970-01-01.
fn days_since_1970(year: i64, month: i64, day: i64) -> i64 {
    // Years begin with March, so that the leap day is a year's last.
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// Year, month and day of a number of days since 1970-01-01.
pub(super) fn date_of(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        // And 30 in four of them: see `instant`.
        _ => 31,
    }
}

/// The day of the year (from 1) as month and day.
pub(super) fn of_ordinal(year: i64, ordinal: i64) -> Option<(i64, i64)> {
    if !(1..=9999).contains(&year) || !(1..=366).contains(&ordinal) {
        return None;
    }
    let (found, month, day) = date_of(days_since_1970(year, 1, 1) + ordinal - 1);
    (found == year).then_some((month, day))
}

/// The instant of a date and a time of day, `offset` seconds east of Greenwich.
///
/// A leap second is the second before it; 24:00:00 is the next day's midnight; the 31st of a
/// month of 30 days is the next one's first, as browsers have it.
pub(super) fn instant(date: [i64; 3], time: [i64; 3], offset: i64) -> Option<Timestamp> {
    let [year, month, day] = date;
    let [hour, minute, second] = time;
    let in_day = hour < 24 || (hour == 24 && minute == 0 && second == 0);
    if !(1..=9999).contains(&year)
        || !(1..=12).contains(&month)
        || !(1..=days_in(year, month)).contains(&day)
        || !(in_day && minute < 60 && second <= 60)
    {
        return None;
    }
    let day = days_since_1970(year, month, day);
    Timestamp::from_unix(day * DAY + hour * 3600 + minute * 60 + second.min(59) - offset)
}
