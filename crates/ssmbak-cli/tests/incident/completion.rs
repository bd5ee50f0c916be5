//! The names of parameters, completed by a shell.

use std::path::Path;

use crate::common::{Outcome, Ran, World, program};

/// What bash offers for the last of these words.
fn offered(world: &World, words: &str) -> Vec<String> {
    let count = words.split(' ').count() - 1;
    let last = words.rsplit(' ').next().unwrap_or_default();
    let script = format!(
        "source <(ssmbak completions bash); COMP_WORDS=({words}); COMP_CWORD={count}; \
         F=$(complete -p ssmbak); F=${{F#*-F }}; ${{F%% *}} ssmbak '{last}' x; for name in \"${{COMPREPLY[@]}}\"; do echo \"$name\"; done"
    );
    let programs = Path::new(program("ssmbak")).parent().unwrap();
    let path = format!("{}:{}", programs.display(), std::env::var("PATH").unwrap());
    let mut bash = world.moto.command("bash");
    let ran = Ran::of(bash.args(["-c", &script]).env("PATH", path).env("SSMBAK_BUCKET", world.bucket));
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    ran.out.lines().map(str::to_owned).collect()
}

#[tokio::test]
async fn bash_completes_names_and_paths_deleted_ones_too() -> Outcome {
    let world = World::new("completion").await;
    for name in ["/done/host", "/done/host-b", "/done/db/password", "/other"] {
        world.recorded(name, "x", "2024-01-01T10:00:00Z", "String", None).await;
    }
    world.s3.delete_object().bucket(world.bucket).key("/done/host-b").send().await?;
    assert_eq!(offered(&world, "ssmbak restore /do"), ["/done/"]);
    assert_eq!(offered(&world, "ssmbak undelete /done/"), ["/done/db/", "/done/host", "/done/host-b"]);
    assert_eq!(offered(&world, "ssmbak preview /done/host"), ["/done/host", "/done/host-b"]);
    assert_eq!(offered(&world, "ssmbak log -b completion /o"), ["/other"]);
    // What is no name is a command or an option, as ever.
    assert_eq!(offered(&world, "ssmbak undel"), ["undelete"]);
    // Where nothing is to be known, nothing is offered, and nothing said.
    assert_eq!(offered(&world, "ssmbak log -b nowhere /o"), Vec::<String>::new());
    Ok(())
}

#[tokio::test]
async fn bash_completes_marks_and_restores() -> Outcome {
    let world = World::new("completion-marks").await;
    world.put("/marked/host", "now", "String").await;
    world.recorded("/marked/host", "then", "2024-01-01T10:00:00Z", "String", None).await;
    for name in ["before-deploy", "before-sale", "friday"] {
        assert_eq!(world.run(&format!("ssmbak mark {name}")).code, Some(0));
    }
    // bash takes a colon for the end of a word.
    assert_eq!(offered(&world, "ssmbak restore /marked/ mark : before-d"), ["before-deploy"]);
    assert_eq!(offered(&world, "ssmbak restore /marked/ mark :"), ["before-deploy", "before-sale", "friday"]);
    assert_eq!(offered(&world, "ssmbak preview /marked/ --at mark:f"), ["mark:friday"]);
    assert_eq!(offered(&world, "ssmbak marks --delete fr"), ["friday"]);
    assert_eq!(world.run("ssmbak restore /marked/host 2024-02-01").code, Some(0));
    let listed = world.run("ssmbak restores --output json").json();
    let id = listed["Restores"][0]["Id"].as_str().unwrap_or_default().to_owned();
    assert_eq!(offered(&world, "ssmbak undo 2"), [id]);
    assert_eq!(offered(&world, "ssmbak undo --ye"), ["--yes"]);
    Ok(())
}
