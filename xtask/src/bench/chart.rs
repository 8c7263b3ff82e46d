//! Charts: a bar a server, with a whisker from quartile to quartile.
//!
//! ```text
//!   raw            ████████████├─┤        5.00
//!   ours           █████████████├┤        5.10
//!   tokio-current  ██████████████├───┤    5.41
//! ```
//!
//! Written by hand, for a bar chart is thirty lines of SVG. Colours follow the reader's light or dark mode.

use std::fmt::Write;

use super::numbers::number;
use super::statistics::Summary;

/// A bar.
pub(crate) struct Bar {
    /// Its name.
    pub(crate) label: String,
    /// Its length, with the quartiles.
    pub(crate) value: Summary,
    /// Whether it stands out: ours.
    pub(crate) accent: bool,
}

const WIDTH: f64 = 760.0;
const LEFT: f64 = 210.0;
const RIGHT: f64 = 90.0;
const TOP: f64 = 62.0;
const STEP: f64 = 30.0;
const THICK: f64 = 18.0;
const BOTTOM: f64 = 34.0;

const STYLE: &str = "\
    text { font: 13px system-ui, sans-serif; fill: #1f2328 } \
    .title { font-size: 15px; font-weight: 600 } .note, .tick { fill: #59636e; font-size: 12px } \
    .paper { fill: #ffffff } .grid { stroke: #d1d9e0 } .bar { fill: #8c959f } .ours { fill: #0969da } \
    .whisker { stroke: #1f2328; stroke-width: 1.5 } \
    @media (prefers-color-scheme: dark) { \
    text { fill: #f0f6fc } .note, .tick { fill: #9198a1 } .paper { fill: #0d1117 } .grid { stroke: #3d444d } \
    .bar { fill: #656c76 } .ours { fill: #4493f8 } .whisker { stroke: #f0f6fc } }";

/// Draws a chart. None without bars.
pub(crate) fn draw(title: &str, unit: &str, less_is_better: bool, bars: &[Bar]) -> Option<String> {
    let longest = bars.iter().map(|bar| bar.value.q3.max(bar.value.median)).max_by(f64::total_cmp)?;
    let step = tick(longest);
    let end = (longest / step).ceil().max(1.0) * step;
    let x = |value: f64| LEFT + (WIDTH - LEFT - RIGHT) * (value / end).clamp(0.0, 1.0);
    let height = TOP + STEP * bars.len() as f64 + BOTTOM;
    let mut svg = String::new();
    let mut put =
        |arguments: std::fmt::Arguments<'_>| svg.write_fmt(arguments).expect("a string takes any text");
    put(format_args!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" width=\"{WIDTH}\" \
         height=\"{height}\" role=\"img\" aria-label=\"{0}\">\n<title>{0}</title>\n<style>{STYLE}</style>\n\
         <rect class=\"paper\" width=\"100%\" height=\"100%\" rx=\"6\"/>\n\
         <text class=\"title\" x=\"16\" y=\"26\">{0}</text>\n",
        escaped(title)
    ));
    let better = if less_is_better { "shorter is better" } else { "longer is better" };
    put(format_args!("<text class=\"note\" x=\"16\" y=\"46\">{}; {better}</text>\n", escaped(unit)));
    for place in 0..=(end / step).round() as usize {
        let value = step * place as f64;
        let (x, bottom) = (x(value), height - BOTTOM);
        put(format_args!(
            "<line class=\"grid\" x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\"/>\n\
             <text class=\"tick\" x=\"{x:.1}\" y=\"{}\" text-anchor=\"middle\">{}</text>\n",
            bottom + 18.0,
            grid_number(value, step)
        ));
    }
    for (place, bar) in bars.iter().enumerate() {
        let top = TOP + STEP * place as f64 + (STEP - THICK) / 2.0;
        let middle = top + THICK / 2.0;
        let class = if bar.accent { "ours" } else { "bar" };
        let (q1, median, q3) = (x(bar.value.q1), x(bar.value.median), x(bar.value.q3));
        put(format_args!(
            "<text x=\"{}\" y=\"{}\" text-anchor=\"end\">{}</text>\n\
             <rect class=\"{class}\" x=\"{LEFT}\" y=\"{top}\" width=\"{:.1}\" height=\"{THICK}\" rx=\"2\"/>\n",
            LEFT - 10.0,
            middle + 4.5,
            escaped(&bar.label),
            median - LEFT,
        ));
        if bar.value.count > 1 {
            put(format_args!(
                "<path class=\"whisker\" d=\"M{q1:.1} {middle}H{q3:.1}M{q1:.1} {0}v8M{q3:.1} {0}v8\"/>\n",
                middle - 4.0
            ));
        }
        put(format_args!(
            "<text x=\"{:.1}\" y=\"{}\">{}</text>\n",
            q3.max(median) + 8.0,
            middle + 4.5,
            number(bar.value.median)
        ));
    }
    put(format_args!("</svg>\n"));
    Some(svg)
}

/// A round distance between lines of the grid, so that there are three to seven.
fn tick(longest: f64) -> f64 {
    if longest <= 0.0 || !longest.is_finite() {
        return 1.0;
    }
    let power = 10f64.powf((longest / 3.0).log10().floor());
    let steps = [5.0, 2.0, 1.0].map(|step| step * power);
    steps.into_iter().find(|step| longest / step >= 3.0).unwrap_or(power)
}

/// A number at the grid, with no more digits than its distance to the next.
fn grid_number(value: f64, step: f64) -> String {
    if step >= 1.0 {
        number(value.round()).trim_end_matches(".00").trim_end_matches(".0").to_owned()
    } else {
        let digits = (-step.log10().floor()).max(0.0) as usize;
        format!("{value:.digits$}")
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A bar with a long whisker, the longer the shorter it is.
    fn bar(label: &str, value: f64) -> Bar {
        let value = Summary { q1: value * 0.9, median: value, q3: value + 100.0 / value, count: 5 };
        Bar { label: label.to_owned(), value, accent: label == "ours" }
    }

    #[test]
    fn a_bar_is_as_long_as_its_median() {
        let svg = draw("t", "ns", true, &[bar("raw", 50.0), bar("ours", 100.0)]).unwrap();
        let widths: Vec<f64> = svg
            .lines()
            .filter(|line| line.contains("height=\"18\""))
            .map(|line| line.split("width=\"").nth(1).unwrap().split('"').next().unwrap().parse().unwrap())
            .collect();
        assert_eq!(widths.len(), 2);
        assert!((widths[1] / widths[0] - 2.0).abs() < 0.01, "{widths:?}");
        assert_eq!(svg.matches("class=\"ours\"").count(), 1);
        assert_eq!(svg.matches("class=\"whisker\"").count(), 2);
        assert!(draw("t", "ns", true, &[]).is_none());
    }

    #[test]
    fn text_cannot_break_out() {
        let svg = draw("a<b", "\"x\" & y", true, &[bar("</svg>", 1.0)]).unwrap();
        assert!(
            svg.contains("a&lt;b") && svg.contains("&quot;x&quot; &amp; y") && svg.contains("&lt;/svg&gt;")
        );
        assert_eq!(svg.matches("</svg>").count(), 1);
    }

    #[test]
    fn the_grid_has_no_needless_digits() {
        assert_eq!([0.0, 20.0, 1000.0].map(|value| grid_number(value, 10.0)), ["0", "20", "1,000"]);
        assert_eq!([0.0, 0.5, 1.0].map(|value| grid_number(value, 0.5)), ["0.0", "0.5", "1.0"]);
        assert_eq!(grid_number(0.04, 0.02), "0.04");
    }

    #[test]
    fn there_are_three_to_seven_lines() {
        for longest in [0.003, 0.9, 1.0, 5.2, 69.0, 904.0, 12_345.0] {
            let lines = longest / tick(longest);
            assert!((3.0..=7.6).contains(&lines), "{longest}: {lines}");
        }
        assert_eq!(tick(0.0), 1.0);
    }
}
