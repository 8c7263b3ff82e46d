//! Numbers as the report, the charts and the terminal show them.

use super::statistics::Summary;

/// A number with as many digits as it deserves.
pub(crate) fn number(value: f64) -> String {
    let (sign, size) = (if value < 0.0 { "−" } else { "" }, value.abs());
    match size {
        _ if size >= 999.5 => {
            let digits = format!("{size:.0}");
            let mut text = String::new();
            for (place, digit) in digits.chars().enumerate() {
                if place > 0 && (digits.len() - place).is_multiple_of(3) {
                    text.push(',');
                }
                text.push(digit);
            }
            format!("{sign}{text}")
        }
        _ if size >= 99.95 => format!("{sign}{size:.0}"),
        _ if size >= 9.995 => format!("{sign}{size:.1}"),
        _ if size >= 0.0995 || size == 0.0 => format!("{sign}{size:.2}"),
        _ => format!("{sign}{size:.4}"),
    }
}

/// Median and quartiles.
pub(crate) fn with_quartiles(summary: &Summary) -> String {
    match summary.count {
        1 => number(summary.median),
        _ => format!("{} ({} .. {})", number(summary.median), number(summary.q1), number(summary.q3)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_digits_that_they_deserve() {
        let texts = [1_234_567.0, 1000.0, 999.7, 450.4, 13.72, 2.054, 0.97, 0.0012, 0.0, -40.0].map(number);
        assert_eq!(
            texts,
            ["1,234,567", "1,000", "1,000", "450", "13.7", "2.05", "0.97", "0.0012", "0.00", "−40.0"]
        );
    }

    #[test]
    fn quartiles_stand_beside_the_median_if_there_are_any() {
        assert_eq!(
            with_quartiles(&Summary { q1: 1.0, median: 2.0, q3: 4.0, count: 3 }),
            "2.00 (1.00 .. 4.00)"
        );
        assert_eq!(with_quartiles(&Summary { q1: 2.0, median: 2.0, q3: 2.0, count: 1 }), "2.00");
    }
}
