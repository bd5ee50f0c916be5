//! The main commands on terminals of two widths, as somebody sees them at night.
//!
//! Each is looked at as text; where its colours are is told below it. Without colours the text is the same.

use std::process::Command;

use super::shop;
use super::terminal::Terminal;
use crate::common::World;

const THEN: &str = "2024-06-10T00:00:00Z";

/// The present, and whatever else differs from one run to the next, as wide as it was.
fn redacted(screen: &str, world: &World) -> String {
    let port = world.moto.port().to_string();
    // Blanks at the ends of lines are bold where there are colours.
    let bare: Vec<String> = screen.lines().map(|line| timeless(line.trim_end())).collect();
    let mut shown = bare.join("\n").trim_end().replace(&port, &"9".repeat(port.len()));
    // Times of today are those of the test.
    for today in [jiff::Timestamp::now(), jiff::Timestamp::now() - jiff::SignedDuration::from_hours(24)] {
        let day = today.strftime("%Y-%m-%d").to_string();
        while let Some(start) = shown.find(&day) {
            let rest = &shown[start..];
            let end = rest.find(|c: char| !(c.is_ascii_digit() || "-:.TZ".contains(c))).unwrap_or(rest.len());
            let mut hidden = "TODAY".to_owned();
            hidden.push_str(&"·".repeat(end - hidden.len()));
            shown.replace_range(start..start + end, &hidden);
        }
    }
    shown
}

/// A line of bars that ends now without its bars: they move as time goes by.
fn timeless(line: &str) -> String {
    match line.strip_suffix("▏ now").and_then(|line| line.split_once('▕')) {
        Some((first, bars)) => format!("{first}▕{}▏ now", "·".repeat(bars.chars().count())),
        None => line.to_owned(),
    }
}

/// Runs a line at both widths, with and without colours; `until` is what it waits for before it is looked at, `keys` what is
/// typed then.
fn capture(world: &World, line: &str, (until, keys): (&[&str], &str)) -> String {
    let mut told = Vec::new();
    for width in [80, 200] {
        let look = |colours: &str| {
            let mut command: Command = world.command(line);
            command.args(["--color", colours]);
            let mut terminal = Terminal::start(&command, (width, 70));
            if until.is_empty() {
                let left = terminal.end();
                return (left.code, left.screen, left.colours);
            }
            terminal.sees(until);
            // Whatever is still being drawn.
            let seen = terminal.settled();
            let colours = terminal.colours();
            terminal.press(keys);
            (terminal.end().code, seen, colours)
        };
        let (code, screen, colours) = look("always");
        let (_, plain, none) = look("never");
        assert_eq!(redacted(&screen, world), redacted(&plain, world), "{line}");
        assert!(none.is_empty(), "{line}: {none:?}");
        assert!(!screen.contains("hush"), "{screen}");
        told.push(format!("{width} columns, exit code {code}\n{}", redacted(&screen, world)));
        if width == 80 {
            told.push(format!("colours\n{}", redacted(&colours.join("\n"), world)));
        }
    }
    told.join("\n\n")
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_seen_at_night() {
    let world = World::new("captured").await;
    shop::build(&world).await;
    let ends: (&[&str], &str) = (&[], "");
    insta::assert_snapshot!("preview", capture(&world, &format!("ssmbak preview /shop/ -R {THEN}"), ends));
    insta::assert_snapshot!("preview_of_one", capture(&world, &format!("ssmbak preview /shop/host {THEN}"), ends));
    insta::assert_snapshot!("log", capture(&world, "ssmbak log /shop/host", ends));
    insta::assert_snapshot!("log_of_a_tree", capture(&world, "ssmbak log /shop/ -R", ends));
    insta::assert_snapshot!("log_patches", capture(&world, "ssmbak log /shop/tls/chain -p", ends));
    insta::assert_snapshot!("diff", capture(&world, &format!("ssmbak diff /shop/ -R {THEN}"), ends));
    insta::assert_snapshot!(
        "diff_patches",
        capture(&world, &format!("ssmbak diff /shop/ -R -p {THEN} 2024-06-30"), ends)
    );
    insta::assert_snapshot!("trash", capture(&world, "ssmbak trash /shop/", ends));
    insta::assert_snapshot!("verify", capture(&world, "ssmbak verify /shop/", ends));
    insta::assert_snapshot!("doctor", capture(&world, "ssmbak doctor", ends));
    let asked: (&[&str], &str) = (&["[y/N]"], "n");
    insta::assert_snapshot!("restore", capture(&world, &format!("ssmbak restore /shop/ -R {THEN}"), asked));
    let browsing: (&[&str], &str) = (&["Parameters", "chain", "? help"], "q");
    let mut terminal = Terminal::start(&world.command(&format!("ssmbak browse /shop/ {THEN}")), (80, 24));
    terminal.sees(&["Parameters", "chain", "? help"]);
    terminal.press(" r");
    terminal.sees(&["y restores"]);
    insta::assert_snapshot!("browse_asks", redacted(&terminal.settled(), &world));
    terminal.press("nq");
    assert_eq!(terminal.end().code, 0);
    insta::assert_snapshot!("browse", capture(&world, &format!("ssmbak browse /shop/ {THEN}"), browsing));
}
