//! Times as AWS writes them.

const DAY: i64 = 86_400;

/// `20150830T123600Z`, of milliseconds since 1970.
pub fn basic(wall_ms: i64) -> String {
    let seconds = wall_ms.div_euclid(1000);
    let (year, month, day) = civil(seconds.div_euclid(DAY));
    let left = seconds.rem_euclid(DAY);
    let (hour, minute, second) = (left / 3600, left / 60 % 60, left % 60);
    format!("{year:04}{month:02}{day:02}T{hour:02}{minute:02}{second:02}Z")
}

/// Milliseconds since 1970 of `2015-08-30T12:36:00Z`, with or without a fraction.
pub fn parse(text: &str) -> Option<i64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let time = time.split('.').next()?;
    let number = |text: &str| text.parse::<i64>().ok();
    let date: Vec<i64> = date.splitn(3, '-').filter_map(number).collect();
    let time: Vec<i64> = time.splitn(3, ':').filter_map(number).collect();
    let ([year, month, day], [hour, minute, second]) = (&date[..], &time[..]) else {
        return None;
    };
    let fits = (1970..10_000).contains(year)
        && (1..=12).contains(month)
        && (1..=31).contains(day)
        && (0..24).contains(hour)
        && (0..60).contains(minute)
        && (0..=60).contains(second);
    let seconds = days(*year, *month, *day) * DAY + hour * 3600 + minute * 60 + second;
    fits.then(|| seconds * 1000)
}

/// Days since 1970 to a date of the Gregorian calendar. Years are counted from March on, so
/// that the day of the leap is the last.
fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let month = if month < 10 { month + 3 } else { month - 9 };
    (year + era * 400 + i64::from(month <= 2), month, day)
}

fn days(year: i64, month: i64, day: i64) -> i64 {
    let year = year - i64::from(month <= 2);
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let from_march = (month + 9) % 12;
    let of_year = (153 * from_march + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_and_back() {
        assert_eq!(basic(1_440_938_160_000), "20150830T123600Z");
        assert_eq!(parse("2015-08-30T12:36:00Z"), Some(1_440_938_160_000));
        assert_eq!(parse("2015-08-30T12:36:00.123Z"), Some(1_440_938_160_000));
        for day in 0..40_000 {
            let (y, m, d) = civil(day);
            assert_eq!(days(y, m, d), day);
        }
        assert_eq!(basic(1_709_164_800_000), "20240229T000000Z");
        for bad in [
            "",
            "2015",
            "2015-13-01T00:00:00Z",
            "x-08-30T12:36:00Z",
            "2015-08-30T12:36:00",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
