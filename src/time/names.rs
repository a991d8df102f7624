//! Days as people name them, in English.

use super::Timestamp;
use super::calendar::DAY;

const WEEKDAYS: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

impl Timestamp {
    /// Days since 1970-01-01, in UTC.
    pub fn day(self) -> i64 {
        self.0.div_euclid(DAY)
    }

    /// `Saturday`, in UTC.
    pub fn weekday(self) -> &'static str {
        // 1970-01-01 was a Thursday.
        WEEKDAYS[(self.day() + 3).rem_euclid(7) as usize]
    }

    /// `November`, in UTC.
    pub fn month(self) -> &'static str {
        let [_, month, ..] = self.civil();
        MONTHS[usize::from(month - 1)]
    }
}

#[cfg(test)]
mod tests {
    use crate::time::parse_date;

    #[test]
    fn days_have_their_names_on_both_sides_of_1970() {
        for (text, weekday, month, day) in [
            ("2026-11-21T23:59:59Z", "Saturday", "November", 20_778),
            ("2026-11-22T00:00:00Z", "Sunday", "November", 20_779),
            ("1970-01-01T00:00:00Z", "Thursday", "January", 0),
            ("1969-12-31T00:00:00Z", "Wednesday", "December", -1),
            ("2000-02-29T12:00:00Z", "Tuesday", "February", 11_016),
        ] {
            let at = parse_date(text).unwrap();
            assert_eq!((at.weekday(), at.month(), at.day()), (weekday, month, day), "{text}");
        }
    }
}
