//! Bars on a logarithmic scale.

use std::fmt::Write as _;

use super::Row;
use super::report::seconds;

const LEFT: f64 = 250.0;
const RIGHT: f64 = 720.0;
const BAR: f64 = 15.0;
const GROUP: f64 = 50.0;
const TOP: f64 = 56.0;
/// The axis, in powers of ten of seconds.
const DECADES: std::ops::RangeInclusive<i32> = -2..=3;

/// The seconds of both tools, for the works that both did.
pub fn svg(rows: &[Row]) -> String {
    let bars: Vec<(&str, f64, f64)> = rows
        .iter()
        .filter(|row| !row.work.road.is_encrypted())
        .filter_map(|row| Some((row.work.name.as_str(), row.original.as_ref()?.wall, row.ours.wall)))
        .collect();
    draw(&bars)
}

/// Where a time is on the axis.
fn place(time: f64) -> f64 {
    let (low, high) = (f64::from(*DECADES.start()), f64::from(*DECADES.end()));
    LEFT + (time.log10().clamp(low, high) - low) / (high - low) * (RIGHT - LEFT)
}

fn draw(bars: &[(&str, f64, f64)]) -> String {
    let bottom = TOP + GROUP * bars.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 800 {:.0}\" font-family=\"sans-serif\" font-size=\"12\">\n\
         <rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n\
         <text x=\"12\" y=\"22\" font-size=\"14\">Seconds for a preview (logarithmic; shorter is faster)</text>\n\
         <rect x=\"{LEFT}\" y=\"32\" width=\"12\" height=\"12\" fill=\"#b0b7c3\"/><text x=\"268\" y=\"42\">ssmbak 0.5.2</text>\n\
         <rect x=\"370\" y=\"32\" width=\"12\" height=\"12\" fill=\"#c2410c\"/><text x=\"388\" y=\"42\">this tool</text>\n",
        bottom + 36.0
    );
    // Writing to a String cannot fail.
    for decade in DECADES {
        let x = place(10f64.powi(decade));
        let label = match decade {
            -2 => "10 ms",
            -1 => "0.1 s",
            0 => "1 s",
            1 => "10 s",
            2 => "100 s",
            _ => "1,000 s",
        };
        let _ = writeln!(
            svg,
            "<line x1=\"{x:.1}\" y1=\"{TOP}\" x2=\"{x:.1}\" y2=\"{bottom}\" stroke=\"#ddd\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\" text-anchor=\"middle\" fill=\"#555\">{label}</text>",
            bottom + 18.0
        );
    }
    for (index, (name, original, ours)) in bars.iter().enumerate() {
        let y = TOP + GROUP * index as f64 + 8.0;
        let name = name.replace('&', "&amp;").replace('<', "&lt;");
        let _ = writeln!(svg, "<text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{name}</text>", LEFT - 10.0, y + 19.0);
        for (time, colour, y) in [(*original, "#b0b7c3", y), (*ours, "#c2410c", y + BAR + 2.0)] {
            let (x, text) = (place(time), seconds(time));
            let _ = writeln!(
                svg,
                "<rect x=\"{LEFT}\" y=\"{y:.1}\" width=\"{:.1}\" height=\"{BAR}\" fill=\"{colour}\"/>\
                 <text x=\"{:.1}\" y=\"{:.1}\">{text}</text>",
                (x - LEFT).max(1.0),
                x + 6.0,
                y + 12.0
            );
        }
    }
    svg + "</svg>\n"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_logarithms() {
        assert!((place(0.01) - LEFT).abs() < 1e-9 && (place(1000.0) - RIGHT).abs() < 1e-9);
        assert!((place(10.0) - place(1.0) - (place(1.0) - place(0.1))).abs() < 1e-9);
        let svg = draw(&[("a < b", 100.0, 0.5)]);
        assert_eq!((svg.matches("<rect").count(), svg.matches("a &lt; b").count()), (5, 1));
        assert!(svg.contains(">100 s<") && svg.contains(">0.50 s<"));
    }
}
