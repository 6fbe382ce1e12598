//! Numbers as text: exact ones for files, short ones for people.

/// The shortest text that reads back to the same bits; `1900` rather than `1900.0`, `1e-7` rather than `0.0000001`.
pub(crate) fn exact(x: f64) -> String {
    let text = format!("{x:?}");
    match text.strip_suffix(".0") {
        Some(whole) => whole.to_owned(),
        None => text,
    }
}

/// `digits` significant digits, without trailing zeros; powers of ten only where they help.
pub(crate) fn significant(x: f64, digits: usize) -> String {
    if x == 0.0 || !x.is_finite() {
        return exact(x);
    }
    let scientific = format!("{x:.*e}", digits.saturating_sub(1));
    let Some((mantissa, exponent)) = scientific.split_once('e') else {
        return scientific;
    };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    if (-5..digits as i32).contains(&exponent) {
        let decimals = (digits as i32 - 1 - exponent).max(0) as usize;
        trimmed(&format!("{x:.decimals$}")).to_owned()
    } else {
        format!("{}e{exponent}", trimmed(mantissa))
    }
}

/// The ends of an interval, with as many digits as tell them apart, four at least.
pub(crate) fn ends(low: f64, high: f64) -> [String; 2] {
    let part = (high - low).abs() / low.abs().max(high.abs());
    let digits = match part.is_finite() && part > 0.0 {
        true => 3 + (-part.log10()).ceil().clamp(1.0, 13.0) as usize,
        false => 4,
    };
    [low, high].map(|end| match end {
        f64::INFINITY => "∞".to_owned(),
        f64::NEG_INFINITY => "−∞".to_owned(),
        _ => significant(end, digits),
    })
}

/// A round value beside an axis, so far from its neighbours: a power of ten where that is shorter.
pub(crate) fn tick(x: f64, step: f64) -> String {
    let digits = (x.abs() / step).log10().ceil() + 1.0;
    let (plain, power) = (
        significant(x, digits.clamp(6.0, 15.0) as usize),
        format!("{x:e}"),
    );
    if plain.len() > 5 && power.len() < plain.len() {
        power
    } else {
        plain
    }
}

fn trimmed(text: &str) -> &str {
    if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        text
    }
}

/// `1234567` as `1 234 567`, the way people count.
pub(crate) fn count(n: usize) -> String {
    let digits = n.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) && digits.len() > 4 {
            text.push(' ');
        }
        text.push(digit);
    }
    text
}

/// A part of one in percent, to two digits; near a hundred to the first that tells it from a hundred.
pub(crate) fn percent(part: f64) -> String {
    let percent = 100.0 * part;
    if percent.abs() < 10.0 || !percent.is_finite() {
        return format!("{} %", significant(percent, 2));
    }
    let missing = (100.0 - percent).abs();
    let decimals = match missing {
        x if x > 1e-6 && x < 1.0 => (-x.log10()).ceil() as usize,
        _ => 0,
    };
    format!("{} %", trimmed(&format!("{percent:.decimals$}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_a_narrow_interval_are_told_apart() {
        for ((low, high), expected) in [
            ((1.99981, 2.00007), ["1.99981", "2.00007"]),
            ((0.421987, 0.658333), ["0.422", "0.6583"]),
            ((-1.0, 1.0), ["-1", "1"]),
            ((f64::NEG_INFINITY, f64::INFINITY), ["−∞", "∞"]),
            ((0.5, f64::INFINITY), ["0.5", "∞"]),
            ((2.0, 2.0), ["2", "2"]),
        ] {
            assert_eq!(ends(low, high), expected);
        }
    }

    #[test]
    fn ticks_are_short() {
        for (x, text) in [
            (2_459_000.2, "2459000.2"),
            (1e-5, "1e-5"),
            (0.001, "0.001"),
            (0.0025, "0.0025"),
            (1e5, "1e5"),
            (1920.0, "1920"),
            (3.0 * 0.1, "0.3"),
            (0.0, "0"),
        ] {
            assert_eq!(tick(x, 0.1), text);
        }
    }

    #[test]
    fn nearly_a_hundred_percent_is_neither_a_power_of_ten_nor_a_hundred() {
        for (part, text) in [
            (0.9996, "99.96 %"),
            (0.995, "99.5 %"),
            (1.0, "100 %"),
            (2.5, "250 %"),
            (0.31, "31 %"),
            (0.0531, "5.3 %"),
            (-0.4, "-40 %"),
        ] {
            assert_eq!(percent(part), text);
        }
    }

    #[test]
    fn exact_text_reads_back_to_the_same_bits() {
        for x in [
            0.0,
            -0.0,
            0.1 + 0.2,
            1900.0,
            1e-7,
            5e-324,
            f64::MAX,
            f64::MIN_POSITIVE,
            -1.0 / 3.0,
            1e22,
            123456.789,
        ] {
            let text = exact(x);
            assert_eq!(
                text.parse::<f64>().unwrap().to_bits(),
                x.to_bits(),
                "{text}"
            );
        }
        assert_eq!(exact(1900.0), "1900");
        assert_eq!(exact(1e-7), "1e-7");
        assert!(exact(f64::NAN).parse::<f64>().unwrap().is_nan());
        assert_eq!(exact(f64::INFINITY).parse::<f64>().unwrap(), f64::INFINITY);
    }

    #[test]
    fn significant_digits_are_rounded_and_trimmed() {
        assert_eq!(significant(2.018_657_3, 6), "2.01866");
        assert_eq!(significant(0.55, 6), "0.55");
        assert_eq!(significant(34.602, 3), "34.6");
        assert_eq!(significant(1234.5678, 6), "1234.57");
        assert_eq!(significant(999_999.7, 6), "1e6");
        assert_eq!(significant(1.5e-9, 6), "1.5e-9");
        assert_eq!(significant(-0.000_012_34, 6), "-0.00001234");
        assert_eq!(significant(100.0, 6), "100");
        assert_eq!(significant(0.0, 6), "0");
    }

    #[test]
    fn counts_are_grouped_from_five_digits_on() {
        assert_eq!(count(2000), "2000");
        assert_eq!(count(12345), "12 345");
        assert_eq!(count(1234567), "1 234 567");
    }
}
