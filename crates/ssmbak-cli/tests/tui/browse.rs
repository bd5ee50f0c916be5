//! `ssmbak browse`, driven by keys.

use std::process::Command;

use ssmbak_cli::global::GlobalArgs;
use ssmbak_cli::ui::Ui;
use ssmbak_testkit::CallRecorder;

use super::terminal::Terminal;
use super::{next_second, records};
use crate::common::{Outcome, Ran, World};

const LEFT: &str = "\u{1b}[D";
const SMALL: (u16, u16) = (80, 24);

/// A tree with a past: two that changed, one that was deleted, one that is new.
async fn past(world: &World, root: &str) {
    world.put(&format!("{root}/db/password"), "hush-1", "SecureString").await;
    world.put(&format!("{root}/gone"), "was here", "String").await;
    world.put(&format!("{root}/host"), "alpha", "String").await;
    records(world, root);
    next_second().await;
    world.put(&format!("{root}/host"), "omega", "String").await;
    world.put(&format!("{root}/db/password"), "hush-2", "SecureString").await;
    world.put(&format!("{root}/new"), "fresh", "String").await;
    records(world, root);
    world.delete(&format!("{root}/gone")).await;
    next_second().await;
}

async fn state(world: &World, root: &str) -> Vec<String> {
    let mut found = Vec::new();
    for name in ["db/password", "gone", "host", "new"] {
        found.push(world.value(&format!("{root}/{name}")).await.unwrap_or_else(|| "-".to_owned()));
    }
    found
}

fn start(world: &World, line: &str) -> Terminal {
    Terminal::start(&world.command(line), SMALL)
}

#[tokio::test(flavor = "multi_thread")]
async fn time_is_moved_through_and_what_is_marked_is_restored() -> Outcome {
    let world = World::new("browsed").await;
    past(&world, "/browsed").await;
    let mut terminal = start(&world, "ssmbak browse /browsed/");
    terminal.sees(&["/browsed/", "db/", "password", "gone", "host", "new", "? help"]);
    // To the first change of one parameter.
    terminal.press("jjjj");
    terminal.sees(&["/browsed/host", "Value: omega", "Now: the same"]);
    terminal.press(LEFT);
    terminal.sees(&["after all 2 changes"]);
    terminal.press(LEFT);
    let screen = terminal.sees(&["change 1 of 2", "Value: alpha", "Now: other Value", "- alpha", "+ omega"]);
    assert!(!screen.contains("hush"), "{screen}");
    terminal.press(" ");
    terminal.sees(&["1 marked"]);
    terminal.press("r");
    terminal.sees(&["In account 123456789012, us-east-1, at /browsed/host: update 1?", "Value: omega → alpha"]);
    assert_eq!(state(&world, "/browsed").await, ["hush-2", "-", "omega", "fresh"], "nothing without a y");
    terminal.press("y");
    terminal.sees(&["1 updated", "undo with: ssmbak undo"]);
    assert_eq!(state(&world, "/browsed").await, ["hush-2", "-", "alpha", "fresh"]);
    // What is shown is read anew.
    terminal.press("\r");
    terminal.sees(&["Parameters", "? help"]);
    terminal.press("q");
    let left = terminal.end();
    assert_eq!((left.code, left.in_order), (0, true), "{left:?}");
    assert!(left.screen.contains("1 updated\n") && left.screen.contains("undo with: ssmbak undo"), "{}", left.screen);
    assert!(left.has_colours());

    let undone = world.run("ssmbak undo -y");
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(state(&world, "/browsed").await, ["hush-2", "-", "omega", "fresh"]);
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_is_declined_changes_nothing() -> Outcome {
    let world = World::new("unbrowsed").await;
    past(&world, "/unbrowsed").await;
    let before = state(&world, "/unbrowsed").await;
    let mut terminal = start(&world, "ssmbak browse /unbrowsed/ --color never");
    terminal.sees(&["password", "host"]);
    // Everything, at the first change.
    terminal.press(" <");
    terminal.press("<<<<<<<<");
    terminal.sees(&["no earlier change is recorded", "4 marked"]);
    for no in ["n", "\u{1b}", "q"] {
        terminal.press("ry");
        terminal.sees(&["Restore?", "at /unbrowsed/ and below", "y restores"]);
        terminal.press(no);
        terminal.sees(&["nothing changed"]);
    }
    terminal.press("r");
    terminal.sees(&["y restores"]);
    terminal.press("\u{3}");
    let left = terminal.end();
    assert_eq!((left.code, left.in_order, left.screen.as_str()), (0, true, ""), "{left:?}");
    assert!(!left.has_colours());
    assert_eq!(state(&world, "/unbrowsed").await, before);
    assert_eq!(world.run("ssmbak restores").out, "no restore is recorded\n");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn times_marks_filters_secrets_and_sizes() -> Outcome {
    let world = World::new("browsing").await;
    world.recorded("/browsing/key", "hush-1", "2024-01-01T10:00:00Z", "SecureString", None).await;
    world.recorded("/browsing/port", "8080", "2024-01-01T10:00:00Z", "String", Some("the port")).await;
    world.put("/browsing/key", "hush-2", "SecureString").await;
    let marked = world.run("ssmbak mark deploy --at 2024-01-02T03:04:05 -m release");
    assert_eq!(marked.code, Some(0), "{marked:?}");
    let mut command = world.command("ssmbak browse /browsing/ mark:deploy");
    let mut terminal = Terminal::start(command.env("NO_COLOR", "1"), SMALL);
    terminal.sees(&["2024-01-02T03:04:05Z  mark:deploy", "key", "port"]);
    terminal.press("j");
    let screen =
        terminal.sees(&["SecureString, since 2024-01-01T10:00:00Z", "(hidden; v shows it)", "Now: other Value"]);
    assert!(!screen.contains("hush"), "{screen}");
    terminal.press("v");
    terminal.sees(&["Value: hush-1", "- hush-1", "+ hush-2"]);
    terminal.press("t2023-12-31 12:00\r");
    terminal.sees(&["2023-12-31T12:00:00Z", "unknown: its first record is later"]);
    terminal.press("tsoon\r");
    terminal.sees(&["cannot read \"soon\" as a time"]);
    terminal.press("\u{1b}");
    terminal.sees(&["? help"]);
    terminal.press("m\r/por");
    let screen = terminal.sees(&["filter: por_", "2024-01-02T03:04:05Z"]);
    assert!(!screen.contains("key"), "{screen}");
    terminal.press("\r");
    terminal.resize((50, 12));
    terminal.sees(&["The terminal is too small."]);
    terminal.resize((120, 30));
    terminal.sees(&["port", "Parameters"]);
    // Asked to end from outside.
    let killed = Command::new("kill").args(["-TERM", &terminal.pid().to_string()]).status()?;
    assert!(killed.success());
    let left = terminal.end();
    assert_eq!((left.code, left.in_order), (130, true), "{left:?}");
    assert!(!left.has_colours());
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_is_told_on_a_terminal_that_is_in_order() -> Outcome {
    let world = World::new("unread").await;
    let mut command = world.command("ssmbak browse /unread/ -v");
    let left = Terminal::start(&command, SMALL).end();
    assert_eq!(left.code, 2, "{left:?}");
    assert!(left.screen.contains("error: -v would write into the screen"), "{left:?}");
    command = world.command("ssmbak browse /unread/");
    let left = Terminal::start(command.env("AWS_ENDPOINT_URL_SSM", "http://127.0.0.1:9"), SMALL).end();
    assert_eq!((left.code, left.in_order), (1, true), "{left:?}");
    assert!(left.screen.contains("error: ") && left.screen.contains("the endpoint cannot be reached"), "{left:?}");
    command = world.command("ssmbak browse /unread/");
    let left = Terminal::start(command.env("TERM", "dumb"), SMALL).end();
    assert_eq!(left.code, 2, "{left:?}");
    assert!(left.screen.contains("browse needs a terminal"), "{left:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_stopped_before_its_next_write_or_left_at_once() -> Outcome {
    let world = World::new("stopped").await;
    for name in (0..5).flat_map(|number| [format!("/stopped/{number}"), format!("/left/{number}")]) {
        world.recorded(&name, "x", "2024-01-01T10:00:00Z", "String", None).await;
        world.put(&name, "now", "String").await;
    }
    let restoring = |root: &str| {
        let mut terminal = start(&world, &format!("ssmbak browse {root} 2024-01-02 --put-rate 1"));
        terminal.sees(&[root, "5 of 5"]);
        terminal.press(" r");
        terminal.sees(&[&format!("at {root} and below: update 5")]);
        terminal.press("y");
        terminal.sees(&["restoring 1 of"]);
        terminal.press("\u{3}");
        terminal.sees(&["stopping after what is being written"]);
        terminal
    };
    let mut terminal = restoring("/stopped/");
    terminal.sees(&["skipped", "undo with", "restore it again to finish"]);
    terminal.press("\rq");
    let left = terminal.end();
    assert_eq!((left.code, left.in_order), (3, true), "{left:?}");
    assert!(left.screen.contains("skipped to update /stopped/4"), "{left:?}");
    assert_eq!(world.value("/stopped/0").await.as_deref(), Some("x"));
    assert_eq!(world.value("/stopped/4").await.as_deref(), Some("now"));

    let mut terminal = restoring("/left/");
    terminal.press("\u{3}");
    let left = terminal.end();
    assert_eq!((left.code, left.in_order), (130, true), "{left:?}");
    assert!(left.screen.contains("`ssmbak restores` shows what was begun"), "{left:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn looking_calls_nothing_that_previews_logs_and_diffs_do_not() -> Outcome {
    let world = World::new("browse-calls").await;
    past(&world, "/browse-calls").await;
    // Where tags differ from the recorded ones, a preview reads those of the parameter itself.
    let tag = aws_sdk_ssm::types::Tag::builder().key("team").value("blue").build()?;
    let tagged = world.ssm.add_tags_to_resource().resource_type("Parameter".into());
    tagged.resource_id("/browse-calls/host").tags(tag).send().await?;
    let calls = CallRecorder::before(world.moto.port())?;
    let through = |line: &str| {
        let mut command = world.command(line);
        command.envs([("AWS_ENDPOINT_URL", calls.endpoint()), ("AWS_ENDPOINT", calls.endpoint())]);
        command
    };
    for line in ["ssmbak marks", "ssmbak log /browse-calls/ -R -p", "ssmbak diff /browse-calls/ -R 2024-01-01"] {
        let ran = Ran::of(&mut through(line));
        assert!(matches!(ran.code, Some(0 | 4)), "{ran:?}");
    }
    let mut known = calls.take()?;
    let ran = Ran::of(&mut through("ssmbak preview /browse-calls/ -R now"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    known.extend(calls.take()?);
    let mut terminal = Terminal::start(&through("ssmbak browse /browse-calls/"), SMALL);
    terminal.sees(&["password"]);
    terminal.press("jj");
    terminal.sees(&["/browse-calls/db/password", "Now: the same"]);
    terminal.press(LEFT);
    terminal.press(LEFT);
    terminal.sees(&["change 1 of 2", "Now: other Value"]);
    terminal.press("q");
    assert_eq!(terminal.end().code, 0);
    let looked = calls.take()?;
    let beyond: Vec<_> = looked.iter().filter(|call| !known.contains(call)).collect();
    assert!(!looked.is_empty() && beyond.is_empty(), "{beyond:?}");
    Ok(())
}

/// Set for the process that is to panic.
const PANICS: &str = "SCREENS_TEST_PANICS";

#[test]
fn a_panic_is_told_on_a_terminal_that_is_in_order() {
    if std::env::var_os(PANICS).is_some() {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        let _inside = runtime.enter();
        let mut screen = Ui::new(&GlobalArgs::default()).screen().unwrap();
        screen.draw(|_| {}).unwrap();
        // Never dropped, as where a panic ends the process at once.
        std::mem::forget(screen);
        panic!("for the sake of the test");
    }
    // This very test, in a terminal of its own.
    let mut command = Command::new(std::env::current_exe().unwrap());
    let name = "browse::a_panic_is_told_on_a_terminal_that_is_in_order";
    command.args(["--exact", name, "--nocapture"]).env(PANICS, "1").env("RUST_BACKTRACE", "0");
    let left = Terminal::start(&command, SMALL).end();
    assert!(left.code != 0 && left.in_order, "{left:?}");
    assert!(left.screen.contains("for the sake of the test"), "{left:?}");
}
