//! What is done unasked, and what is not.

use std::io::Write as _;
use std::process::Stdio;

use serde_json::json;
use ssmbak_testkit::S3Server;
use ssmbak_testkit::s3_server::Versioning;

use crate::common::schema::check;
use crate::common::{Outcome, Ran, World};
use crate::{changed, next_second, records, some, state};

#[tokio::test]
async fn restore_that_deletes_all_that_is_selected_needs_a_yes() -> Outcome {
    let world = World::new("drastic").await;
    for name in ["/drastic/a", "/drastic/b"] {
        world.put(name, "x", "String").await;
    }
    records(&world, "/drastic");
    let refused = world.run("ssmbak restore /drastic/ -R 2025-01-01");
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains(" days ago, before recording began (first record of 20"), "{}", refused.err);
    assert!(refused.err.contains("this would delete all that is selected, 2 parameters"), "{}", refused.err);
    let answer = answered(&world, "ssmbak restore /drastic/ -R 2025-01-01", "y\n");
    assert_eq!(answer.code, Some(2), "a terminal would have to type more than y: {answer:?}");
    assert_eq!(world.value("/drastic/a").await.as_deref(), Some("x"));
    // A parameter that is named says itself what it is about.
    assert_eq!(world.run("ssmbak restore /drastic/a 2025-01-01").code, Some(0));
    let done = world.run("ssmbak restore /drastic/ -R 2025-01-01 -y");
    assert_eq!((done.code, world.value("/drastic/b").await), (Some(0), None), "{done:?}");
    assert!(done.err.contains("before recording began"), "{}", done.err);
    Ok(())
}

#[tokio::test]
async fn parameter_of_the_pipeline_is_never_touched() -> Outcome {
    let world = World::new("pipelines-own").await;
    world.put("/newvoll/ssmbak/kept", "x", "String").await;
    records(&world, "/newvoll/ssmbak/kept");
    let ran = world.run("ssmbak restore /newvoll/ssmbak/kept 2025-01-01 -y");
    assert!(ran.err.contains("/newvoll/ssmbak/kept belongs to the pipeline itself and is not changed"), "{ran:?}");
    assert_eq!(world.value("/newvoll/ssmbak/kept").await.as_deref(), Some("x"));
    world.delete("/newvoll/ssmbak/kept").await;
    Ok(())
}

fn answered(world: &World, line: &str, answer: &str) -> Ran {
    let mut command = world.command(line);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(answer.as_bytes()).unwrap();
    Ran::from(child.wait_with_output().unwrap())
}

#[tokio::test]
async fn piped_answer_is_heeded() -> Outcome {
    let world = World::new("answered").await;
    let then = changed(&world, "/answered").await;
    let line = format!("ssmbak restore /answered/ -R {then}");
    for answer in ["n\n", "no\n", "N"] {
        let declined = answered(&world, &line, answer);
        assert!(declined.code == Some(1) && declined.err.contains("nothing changed"), "{declined:?}");
    }
    assert_eq!(state(&world, "/answered").await, some(["two", "", "new", "louder"]));
    assert_eq!(answered(&world, &line, "y\n").code, Some(0));
    assert_eq!(state(&world, "/answered").await, some(["one", "one", "", "hush-hush"]));
    let undone = answered(&world, "ssmbak undo", "yes\n");
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert_eq!(state(&world, "/answered").await, some(["two", "", "new", "louder"]));
    // Where nobody answers a restore goes on, as that of ssmbak 0.5.2.
    assert_eq!(answered(&world, &format!("ssmbak restore /answered/changed {then}"), "").code, Some(0));
    assert_eq!(world.value("/answered/changed").await.as_deref(), Some("one"));
    Ok(())
}

#[tokio::test]
async fn undo_without_anybody_to_ask_needs_a_yes() -> Outcome {
    let world = World::new("unasked").await;
    let then = changed(&world, "/unasked").await;
    assert_eq!(world.run(&format!("ssmbak restore /unasked/ -R {then}")).code, Some(0));
    let refused = world.run("ssmbak undo");
    assert_eq!(refused.code, Some(2), "{refused:?}");
    assert!(refused.err.contains("undoing restore 20") && refused.err.contains("add --yes"), "{}", refused.err);
    assert_eq!(state(&world, "/unasked").await, some(["one", "one", "", "hush-hush"]));
    Ok(())
}

#[tokio::test]
async fn script_that_a_shell_reads_from_a_pipe_is_not_taken_for_an_answer() -> Outcome {
    let world = World::new("scripted").await;
    let then = changed(&world, "/scripted").await;
    let ran = answered(&world, &format!("ssmbak restore /scripted/ -R {then}"), "n=1\necho $n\n");
    assert_eq!((ran.code, state(&world, "/scripted").await), (Some(0), some(["one", "one", "", "hush-hush"])));
    Ok(())
}

#[tokio::test]
async fn suspended_versioning_is_warned_of_and_nothing_is_overwritten() -> Outcome {
    let world = World::new("of-moto-alone").await;
    let server = S3Server::start()?;
    server.set_bucket("b", Versioning::Enabled);
    let run = |line: &str| {
        Ran::of(world.command(line).env("AWS_ENDPOINT_URL_S3", server.endpoint()).env("SSMBAK_BUCKET", "b"))
    };
    world.put("/suspended/a", "one", "String").await;
    assert_eq!(run("ssmbak-all --do-it -p /suspended").code, Some(0));
    next_second().await;
    let then = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    next_second().await;
    world.put("/suspended/a", "two", "String").await;
    server.set_bucket("b", Versioning::Suspended);
    let shown = run(&format!("ssmbak preview /suspended/ -R {then} -o json"));
    let shown = check("preview", &shown.json());
    assert_eq!(shown["Changes"].as_array().map(Vec::len), Some(1), "{shown}");
    assert_eq!(shown["Warnings"], json!(["versioning of bucket b is suspended: changes are not kept any more"]));
    for line in
        [&format!("ssmbak restore /suspended/ -R {then} -y -o json"), "ssmbak-all --do-it -p /suspended -o json"]
    {
        let refused = run(line);
        let error = &refused.error()["Error"];
        assert_eq!((refused.code, &error["Code"]), (Some(1), &json!("BucketNotVersioned")), "{refused:?}");
    }
    assert_eq!(world.value("/suspended/a").await.as_deref(), Some("two"));
    // Who may not ask is told by the answer to the first write.
    server.refuse_key("GetBucketVersioning", "", 403);
    let refused = run(&format!("ssmbak restore /suspended/ -R {then} -y"));
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert!(refused.err.contains("keeps no versions"), "{refused:?}");
    assert_eq!(world.value("/suspended/a").await.as_deref(), Some("two"));
    world.put("/suspended/a", "three", "String").await;
    let refused = run("ssmbak-all --do-it -p /suspended");
    assert!(refused.code == Some(3) && refused.out.contains("keeps no versions"), "{refused:?}");
    Ok(())
}

#[tokio::test]
async fn version_out_of_reach_leaves_the_rest_of_the_tree_alone() -> Outcome {
    for (code, reason) in [("InvalidObjectState", "Unreadable"), ("KMS.DisabledException", "KeyUnusable")] {
        let world = World::new("out-of-reach").await;
        let server = S3Server::start()?;
        server.set_bucket("b", Versioning::Enabled);
        let run = |line: &str| {
            Ran::of(world.command(line).env("AWS_ENDPOINT_URL_S3", server.endpoint()).env("SSMBAK_BUCKET", "b"))
        };
        let [a, b] = [format!("/reach/{reason}/a"), format!("/reach/{reason}/b")];
        for name in [&a, &b] {
            world.put(name, "one", "String").await;
        }
        assert_eq!(run("ssmbak-all --do-it -p /reach").code, Some(0));
        next_second().await;
        let then = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        next_second().await;
        for name in [&a, &b] {
            world.put(name, "two", "String").await;
        }
        assert_eq!(run("ssmbak-all --do-it -p /reach").code, Some(0));
        server.refuse_key_by("GetObject", &a, 403, code);
        let shown = run(&format!("ssmbak preview /reach/{reason}/ {then} -o json"));
        let shown = check("preview", &shown.json());
        assert_eq!(shown["Changes"].as_array().map(Vec::len), Some(1), "{shown}");
        assert_eq!(shown["Unknown"][0]["ReasonCode"], reason, "{shown}");
        let restored = run(&format!("ssmbak restore /reach/{reason}/ {then} -y -o json"));
        assert_eq!(restored.code, Some(3), "{restored:?}");
        assert_eq!(world.value(&a).await.as_deref(), Some("two"));
        assert_eq!(world.value(&b).await.as_deref(), Some("one"));
    }
    Ok(())
}
