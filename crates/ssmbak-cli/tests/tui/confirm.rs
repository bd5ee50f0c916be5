//! What is asked on a terminal before something is changed.

use ssmbak_testkit::S3Server;
use ssmbak_testkit::s3_server::Versioning;

use super::terminal::Terminal;
use super::{next_second, records};
use crate::common::{Outcome, Ran, World};

const ROOM: (u16, u16) = (100, 30);

#[tokio::test(flavor = "multi_thread")]
async fn restore_that_deletes_everything_asks_for_the_words() -> Outcome {
    let world = World::new("typed").await;
    for name in ["/typed/a", "/typed/b"] {
        world.put(name, "x", "String").await;
    }
    records(&world, "/typed");
    let line = "ssmbak restore /typed/ -R 2025-01-01";
    for answer in ["y\r", "yes\r", "\r", "delete 1\r"] {
        let mut terminal = Terminal::start(&world.command(line), ROOM);
        terminal.sees(&["before recording began", "type \"delete 2\" to go on"]);
        terminal.press(answer);
        let left = terminal.end();
        assert!(left.code == 1 && left.screen.contains("nothing changed"), "{answer:?}: {left:?}");
        assert_eq!(world.value("/typed/b").await.as_deref(), Some("x"));
    }
    let mut terminal = Terminal::start(&world.command(line), ROOM);
    terminal.sees(&["type \"delete 2\" to go on"]);
    terminal.press("delete 2\r");
    let left = terminal.end();
    assert_eq!((left.code, world.value("/typed/b").await), (0, None), "{left:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn undo_shows_which_restore_it_means_before_it_asks() -> Outcome {
    let world = World::new("undone-by-hand").await;
    world.put("/undone/a", "one", "String").await;
    records(&world, "/undone");
    assert_eq!(world.run("ssmbak restore /undone/ -R 2025-01-01 -y").code, Some(0));
    assert_eq!(world.value("/undone/a").await, None);
    let mut terminal = Terminal::start(&world.command("ssmbak undo"), ROOM);
    terminal.sees(&["undoing restore 20", "/undone/ -R at 2025-01-01", "create", "/undone/a"]);
    terminal.press("y\r");
    let left = terminal.end();
    assert_eq!((left.code, world.value("/undone/a").await.as_deref()), (0, Some("one")), "{left:?}");
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn browse_restores_nothing_while_versions_are_not_kept() -> Outcome {
    let world = World::new("of-moto-alone").await;
    let server = S3Server::start()?;
    server.set_bucket("b", Versioning::Enabled);
    let command = |line: &str| {
        let mut command = world.command(line);
        command.env("AWS_ENDPOINT_URL_S3", server.endpoint()).env("SSMBAK_BUCKET", "b");
        command
    };
    world.put("/kept/a", "one", "String").await;
    assert_eq!(Ran::of(&mut command("ssmbak-all --do-it -p /kept")).code, Some(0));
    next_second().await;
    world.put("/kept/a", "two", "String").await;
    assert_eq!(Ran::of(&mut command("ssmbak-all --do-it -p /kept")).code, Some(0));
    server.set_bucket("b", Versioning::Suspended);
    let mut terminal = Terminal::start(&command("ssmbak browse /kept/"), ROOM);
    terminal.sees(&["1 parameter at this time"]);
    terminal.press("j");
    terminal.sees(&["Value: two"]);
    terminal.press("\u{1b}[D\u{1b}[D");
    terminal.sees(&["Value: one"]);
    terminal.press(" r");
    terminal.sees(&["no plan could be made", "versioning"]);
    terminal.press("q");
    assert_eq!((terminal.end().code, world.value("/kept/a").await.as_deref()), (0, Some("two")));
    Ok(())
}
