//! Numbers as C reads and writes them, since configuration files are written for
//! `strtol`, `strtod` and `%g`.

/// White space in the C locale.
fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

/// Takes leading white space off.
pub fn trim_start(text: &str) -> &str {
    text.trim_start_matches(|c: char| c.is_ascii() && is_space(c as u8))
}

/// Splits off an optional sign.
fn sign(text: &str) -> (bool, &str) {
    match text.as_bytes().first() {
        Some(b'-') => (true, text.get(1..).unwrap_or_default()),
        Some(b'+') => (false, text.get(1..).unwrap_or_default()),
        _ => (false, text),
    }
}

/// `(int)strtol(text, _, 0)`: octal after `0`, hexadecimal after `0x`, whatever
/// follows the digits is ignored, and what is too large for an int wraps around.
/// `None` if there is no digit.
pub fn parse_int(text: &str) -> Option<i32> {
    let (negative, digits) = sign(trim_start(text));
    let hexadecimal = digits
        .strip_prefix("0x")
        .or_else(|| digits.strip_prefix("0X"))
        .filter(|rest| rest.starts_with(|c: char| c.is_ascii_hexdigit()));
    let (radix, digits) = match hexadecimal {
        Some(rest) => (16, rest),
        None if digits.starts_with('0') => (8, digits),
        None => (10, digits),
    };
    let mut value: Option<i64> = None;
    for digit in digits.chars().map_while(|c| c.to_digit(radix)) {
        let digit = i64::from(digit);
        let shifted = value.unwrap_or(0).saturating_mul(i64::from(radix));
        value = Some(if negative {
            shifted.saturating_sub(digit)
        } else {
            shifted.saturating_add(digit)
        });
    }
    // Wrapping is what the cast in C does.
    value.map(|value| value as i32)
}

/// Length of a decimal number, exponent included; 0 if there is none.
fn decimal_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let digits_from = |at: usize| {
        bytes
            .iter()
            .skip(at)
            .take_while(|byte| byte.is_ascii_digit())
            .count()
    };
    let whole = digits_from(0);
    let mut len = whole;
    let mut digits = whole;
    if bytes.get(len) == Some(&b'.') {
        let fraction = digits_from(len + 1);
        digits += fraction;
        len += 1 + fraction;
    }
    if digits == 0 {
        return 0;
    }
    if matches!(bytes.get(len), Some(b'e' | b'E')) {
        let signed = usize::from(matches!(bytes.get(len + 1), Some(b'-' | b'+')));
        let exponent = digits_from(len + 1 + signed);
        if exponent > 0 {
            len += 1 + signed + exponent;
        }
    }
    len
}

/// A hexadecimal number such as `0x1.8p3`.
fn parse_hex_float(text: &str) -> Option<f64> {
    let text = text
        .strip_prefix("0x")
        .or_else(|| text.strip_prefix("0X"))?;
    let mut value = 0.0f64;
    let mut scale = 0i32;
    let mut digits = 0usize;
    let mut point = false;
    let mut rest = text.chars();
    let mut tail = rest.as_str();
    while let Some(c) = rest.next() {
        if let Some(digit) = c.to_digit(16) {
            value = value * 16.0 + f64::from(digit);
            scale -= if point { 4 } else { 0 };
            digits += 1;
        } else if c == '.' && !point {
            point = true;
        } else {
            break;
        }
        tail = rest.as_str();
    }
    if digits == 0 {
        return None;
    }
    if let Some(exponent) = tail.strip_prefix(['p', 'P']) {
        let (negative, exponent) = sign(exponent);
        let power = exponent
            .chars()
            .map_while(|c| c.to_digit(10))
            .fold(0i32, |power, digit| {
                power.saturating_mul(10).saturating_add(digit as i32)
            });
        scale = scale.saturating_add(if negative { -power } else { power });
    }
    Some(value * 2f64.powi(scale))
}

/// `strtod`: whatever follows the number is ignored. `None` if there is none.
pub fn parse_float(text: &str) -> Option<f64> {
    let (negative, text) = sign(trim_start(text));
    let begins = |word: &str| {
        text.get(..word.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(word))
    };
    let value = if begins("inf") {
        f64::INFINITY
    } else if begins("nan") {
        f64::NAN
    } else if let Some(value) = parse_hex_float(text) {
        value
    } else {
        text.get(..decimal_len(text))?.parse().ok()?
    };
    Some(if negative { -value } else { value })
}

/// `%g`: six significant digits, trailing zeros taken off.
pub fn format_g(value: f64) -> String {
    const DIGITS: i32 = 6;
    fn strip(number: &str) -> &str {
        if number.contains('.') {
            number.trim_end_matches('0').trim_end_matches('.')
        } else {
            number
        }
    }
    if value.is_nan() {
        return "nan".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "inf" } else { "-inf" }.into();
    }
    let scientific = format!("{value:.*e}", (DIGITS - 1) as usize);
    let (mantissa, exponent) = scientific.split_once('e').unwrap_or((&scientific, "0"));
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if !(-4..DIGITS).contains(&exponent) {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", strip(mantissa), exponent.abs());
    }
    let decimals = (DIGITS - 1 - exponent).max(0) as usize;
    strip(&format!("{value:.decimals$}")).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ints_read_as_strtol_does() {
        for (text, want) in [
            ("10", Some(10)),
            (" \t-10abc", Some(-10)),
            ("+7", Some(7)),
            ("0x1F", Some(31)),
            ("0x", Some(0)),
            ("010", Some(8)),
            ("08", Some(0)),
            ("", None),
            ("abc", None),
            ("-", None),
            ("4294967297", Some(1)),
            ("99999999999999999999", Some(-1)),
            ("-99999999999999999999", Some(0)),
        ] {
            assert_eq!(parse_int(text), want, "{text:?}");
        }
    }

    #[test]
    fn floats_read_as_strtod_does() {
        for (text, want) in [
            ("5", Some(5.0)),
            (" 0.5ms", Some(0.5)),
            (".5", Some(0.5)),
            ("5.", Some(5.0)),
            ("1e3", Some(1000.0)),
            ("1e", Some(1.0)),
            ("-2e-1", Some(-0.2)),
            ("0x1.8p3", Some(12.0)),
            ("0x", Some(0.0)),
            ("inf", Some(f64::INFINITY)),
            (".", None),
            ("", None),
            ("x", None),
        ] {
            assert_eq!(parse_float(text), want, "{text:?}");
        }
        assert!(parse_float("nan").is_some_and(f64::is_nan));
    }

    #[test]
    fn floats_are_written_as_printf_does() {
        for (value, want) in [
            (0.0, "0"),
            (5.0, "5"),
            (0.1, "0.1"),
            (0.5, "0.5"),
            (900000.0, "900000"),
            (1_000_000.0, "1e+06"),
            (1e20, "1e+20"),
            (0.00001, "1e-05"),
            (123456.789, "123457"),
            (-1.5, "-1.5"),
            (f64::INFINITY, "inf"),
        ] {
            assert_eq!(format_g(value), want);
        }
    }
}
