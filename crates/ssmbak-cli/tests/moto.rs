//! Preview, restore, get and all on moto, as a program sees them.
#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

mod common;

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::Duration;

use common::{Outcome, Ran, World};
use serde_json::{Value, json};

const THEN: &str = "2024-01-01T12:00:00Z";

fn by_name(changes: &Value) -> BTreeMap<String, &Value> {
    let changes = changes.as_array().into_iter().flatten();
    changes.map(|change| (change["Name"].as_str().unwrap().to_owned(), change)).collect()
}

/// Whatever is put from now on is of another second than what was put before.
async fn next_second() {
    tokio::time::sleep(Duration::from_millis(1_100)).await;
}

#[tokio::test]
async fn a_preview_is_one_object_with_the_keys_of_the_contract() -> Outcome {
    let world = World::new("preview").await;
    world.recorded("/preview/port", "8080", "2024-01-01T10:00:00Z", "String", Some("the port")).await;
    world.recorded("/preview/gone", "alive\n", "2024-01-01T10:00:00Z", "String", None).await;
    world.recorded("/preview/same", "same", "2024-01-01T10:00:00Z", "StringList", None).await;
    world.recorded("/preview/secret", "hush", "2024-01-01T11:00:00Z", "SecureString", None).await;
    world.recorded("/preview/late", "x", "2024-01-01T13:00:00Z", "String", None).await;
    world.recorded("/preview/deep/down", "x", "2024-01-01T10:00:00Z", "String", None).await;
    world.put("/preview/port", "9090", "String").await;
    world.put("/preview/same", "same", "StringList").await;
    world.put("/preview/secret", "changed", "SecureString").await;
    world.put("/preview/late", "x", "String").await;
    world.put("/preview2/sibling", "x", "String").await;

    let ran = world.run(&format!("ssmbak preview /preview/ {THEN} --output json"));
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{ran:?}");
    let expected = json!({
        "SchemaVersion": 1, "Path": "/preview/", "Recursive": false, "At": THEN, "Bucket": "preview",
        "Region": "us-east-1",
        "Changes": [
            {"Action": "create", "Name": "/preview/gone", "Type": "String", "Value": "alive\n",
                "Modified": "2024-01-01T10:00:00Z"},
            {"Action": "update", "Name": "/preview/port", "Type": "String", "Value": "8080",
                "Description": "the port", "Modified": "2024-01-01T10:00:00Z", "Fields": ["Value", "Description"]},
            {"Action": "update", "Name": "/preview/secret", "Type": "SecureString", "Masked": true,
                "Modified": "2024-01-01T11:00:00Z", "Fields": ["Value"]},
        ],
        "Unchanged": 1,
        "Unknown": [{"Name": "/preview/late", "Reason": "its first record is later, of 2024-01-01T13:00:00Z",
            "ReasonCode": "BeforeFirstRecord"}],
        "Warnings": [],
    });
    assert_eq!(ran.json(), expected);

    let revealed =
        Ran::of(world.command(&format!("ssmbak preview /preview/ {THEN} -o json")).env("SSMBAK_REVEAL", "1"));
    assert_eq!(by_name(&revealed.json()["Changes"])["/preview/secret"]["Value"], "hush");
    let kept = Ran::of(world.command(&format!("ssmbak preview /preview/ {THEN} -o json")).env("SSMBAK_REVEAL", "0"));
    assert_eq!(kept.json(), expected);

    let tree = world.run(&format!("ssmbak preview /preview/ {THEN} -R -o json --exclude port")).json();
    let names: Vec<String> = by_name(&tree["Changes"]).into_keys().collect();
    assert_eq!(names, ["/preview/deep/down", "/preview/gone", "/preview/secret"]);
    assert_eq!(tree["Recursive"], true);

    let absent =
        world.run(&format!("ssmbak preview /preview/late /preview/port {THEN} --assume-absent -o json")).json();
    assert_eq!(absent["Path"], "/preview/late /preview/port");
    assert_eq!(absent["Changes"][0], json!({"Action": "delete", "Name": "/preview/late", "Deleted": true}));
    Ok(())
}

#[tokio::test]
async fn a_preview_for_people_hides_secrets_and_steers_no_terminal() -> Outcome {
    let world = World::new("people").await;
    world.recorded("/people/esc", "\u{1b}[31mred", "2024-01-01T10:00:00Z", "String", None).await;
    world.recorded("/people/secret", "hush-hush", "2024-01-01T10:00:00Z", "SecureString", None).await;
    let line = format!("ssmbak preview /people/ {THEN}");
    let ran = world.run(&line);
    assert_eq!(ran.code, Some(0));
    let summary = ran.out.lines().last().unwrap();
    assert_eq!(summary, "2 to create", "{}", ran.out);
    assert!(ran.out.contains("(hidden)") && ran.out.contains("\\u{1b}[31mred"), "{}", ran.out);
    assert!(!ran.out.contains('\u{1b}') && !ran.out.contains("hush"), "{}", ran.out);
    assert!(ran.err.starts_with("as of 2024-01-01T12:00:00Z"), "{}", ran.err);
    assert!(ran.err.contains("apply with: ssmbak restore /people/ 2024-01-01T12:00:00Z -b people"), "{}", ran.err);

    let narrow = Ran::of(world.command(&line).env("COLUMNS", "44"));
    assert!(narrow.out.lines().all(|line| line.chars().count() <= 44), "{}", narrow.out);
    let coloured = world.run(&format!("{line} --color always"));
    assert!(coloured.out.contains("\u{1b}[") && !coloured.out.contains("\u{1b}[31mred"), "{}", coloured.out);
    assert!(world.run(&format!("{line} --reveal")).out.contains("hush-hush"));
    Ok(())
}

#[tokio::test]
async fn path_of_which_nothing_is_known_fails_and_prints_its_plan() {
    let world = World::new("nothing").await;
    let ran = world.run(&format!("ssmbak preview /nothing/here {THEN} -o json"));
    let plan = ran.json();
    assert_eq!((ran.code, &plan["Changes"], &plan["Unchanged"]), (Some(1), &json!([]), &json!(0)));
    assert_eq!(ran.error()["Error"]["Code"], "NotFound");
    let ran = world.run(&format!("ssmbak restore /nothing/here {THEN}"));
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), "no changes\n"));
    assert!(ran.err.contains("error: there is no parameter at /nothing/here"), "{}", ran.err);

    let plan = world.run("ssmbak preview /nothing/ 2999-01-01 -o json").json();
    assert_eq!(plan["At"], "2999-01-01T00:00:00Z");
    assert!(plan["Warnings"][0].as_str().unwrap().contains("has not come yet"), "{plan}");
}

#[tokio::test]
async fn a_restore_does_it_and_can_be_undone() -> Outcome {
    let world = World::new("restore").await;
    for name in ["/restore/kept", "/restore/changed", "/restore/typed", "/restored"] {
        world.put(name, "one\n", "String").await;
    }
    next_second().await;
    let seeded = world.run("ssmbak-all --do-it -p /restore /restored");
    assert_eq!(seeded.code, Some(0), "{seeded:?}");
    let then = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
    next_second().await;
    world.put("/restore/changed", "two", "String").await;
    world.put("/restore/typed", "one\n", "SecureString").await;
    world.put("/restore/new", "new", "String").await;
    world.put("/restored", "sibling", "String").await;
    let recorded = world.run("ssmbak-all --do-it -p /restore /restored");
    assert!(recorded.out.ends_with("recorded: 4 versions of 4 parameters; up to date: 1 parameter\n"), "{recorded:?}");

    let kept = world.run(&format!("ssmbak restore /restore/ {then} -R --no-delete -o json --include new"));
    assert_eq!((kept.code, &kept.json()["Changes"], &kept.json()["Unchanged"]), (Some(0), &json!([]), &json!(1)));

    let ran = world.run(&format!("ssmbak restore /restore/ {then} -R -o json"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let plan = ran.json();
    let changes = by_name(&plan["Changes"]);
    assert_eq!(changes.keys().collect::<Vec<_>>(), ["/restore/changed", "/restore/new", "/restore/typed"]);
    assert!(changes.values().all(|change| change["Outcome"] == "done"), "{plan}");
    assert_eq!(changes["/restore/changed"]["Version"], 1);
    assert_eq!(changes["/restore/changed"]["Tier"], "Standard");
    assert_eq!(changes["/restore/new"]["Deleted"], true);
    assert_eq!(changes["/restore/typed"]["Fields"], json!(["Type"]));
    assert_eq!(world.value("/restore/changed").await.as_deref(), Some("one\n"));
    assert_eq!(world.value("/restore/new").await, None);
    assert_eq!(world.value("/restored").await.as_deref(), Some("sibling"));

    let again = world.run(&format!("ssmbak restore /restore/ {then} -R"));
    assert_eq!((again.code, again.out.as_str()), (Some(0), "no changes: 3 unchanged\n"), "{again:?}");
    assert!(!again.err.contains("undo"), "{}", again.err);

    let undo = ran.err.lines().find_map(|line| line.strip_prefix("undo with: ")).unwrap();
    let undone = world.run(&format!("{undo} -y"));
    assert_eq!(undone.code, Some(0), "{undone:?}");
    assert!(undone.out.ends_with("1 created, 2 updated\n"), "{}", undone.out);
    assert_eq!(world.value("/restore/changed").await.as_deref(), Some("two"));
    assert_eq!(world.value("/restore/new").await.as_deref(), Some("new"));
    Ok(())
}

#[tokio::test]
async fn a_restore_of_one_name_leaves_its_siblings() -> Outcome {
    let world = World::new("one").await;
    world.recorded("/one/db_password", "old", "2024-01-01T10:00:00Z", "String", None).await;
    world.recorded("/one/db/host", "old", "2024-01-01T10:00:00Z", "String", None).await;
    world.put("/one/db_password", "new", "String").await;
    world.put("/one/db", "new", "String").await;
    let ran = world.run(&format!("ssmbak restore /one/db {THEN} -o json"));
    // Nothing is known of it: that nothing is to be done would be a guess.
    assert_eq!((ran.code, &ran.json()["Changes"]), (Some(1), &json!([])), "{ran:?}");
    assert_eq!(
        (&ran.json()["Unknown"][0]["Name"], &ran.error()["Error"]["Code"]),
        (&json!("/one/db"), &json!("Unknown"))
    );
    assert_eq!(world.value("/one/db_password").await.as_deref(), Some("new"));
    Ok(())
}

#[tokio::test]
async fn a_change_that_fails_is_told_and_the_others_are_made() -> Outcome {
    let world = World::new("partly").await;
    // Parameter Store has no names that begin so.
    world.recorded("/ssm-partly/a", "x", "2024-01-01T10:00:00Z", "String", None).await;
    world.recorded("/partly/b", "x", "2024-01-01T10:00:00Z", "String", None).await;
    let line = format!("ssmbak restore /ssm-partly/a /partly/b {THEN} -o json");
    let ran = world.run(&line);
    let plan = ran.json();
    assert_eq!(ran.code, Some(3), "{plan}");
    let changes = by_name(&plan["Changes"]);
    assert_eq!(changes["/partly/b"]["Outcome"], "done");
    assert_eq!(changes["/ssm-partly/a"]["Outcome"], "failed");
    assert!(changes["/ssm-partly/a"]["Error"].is_string(), "{plan}");
    let ran = world.run(&line.replace(" -o json", ""));
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.out.contains("failed to create /ssm-partly/a: "), "{}", ran.out);
    assert!(ran.out.ends_with("1 failed\n"), "{}", ran.out);
    Ok(())
}

#[cfg(unix)]
#[tokio::test]
async fn ctrl_c_stops_between_writes_and_a_second_run_finishes() -> Outcome {
    let world = World::new("stopped").await;
    for number in 0..6 {
        world.recorded(&format!("/stopped/{number}"), "x", "2024-01-01T10:00:00Z", "String", None).await;
    }
    let line = format!("ssmbak restore /stopped/ {THEN} -o json");
    let child = world.command(&format!("{line} --put-rate 1")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    while world.value("/stopped/0").await.is_none() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    std::process::Command::new("kill").args(["-INT", &child.id().to_string()]).status()?;
    let ran = Ran::from(child.wait_with_output()?);
    assert_eq!(ran.code, Some(130), "{ran:?}");
    let plan = ran.json();
    assert_eq!(plan["Changes"][0]["Outcome"], "done");
    assert_eq!(plan["Changes"][5]["Outcome"], "skipped");
    let ran = world.run(&line);
    assert_eq!((ran.code, &ran.json()["Changes"][0]["Outcome"]), (Some(0), &json!("done")), "{ran:?}");
    assert_eq!(world.value("/stopped/5").await.as_deref(), Some("x"));
    Ok(())
}

#[tokio::test]
async fn all_records_what_the_bucket_lacks_and_nothing_twice() -> Outcome {
    let world = World::new("everything").await;
    world.put("/all/a", "one", "String").await;
    world.put("/all/a", "two", "String").await;
    world.put("/all/b/c", "hush", "SecureString").await;
    world.put("/all2", "x", "String").await;
    world.recorded("/all/gone", "x", "2024-01-01T10:00:00Z", "String", None).await;

    let dry = world.run("ssmbak-all -p /all/b /all");
    assert_eq!(dry.code, Some(0), "{dry:?}");
    let lines: Vec<&str> = dry.out.lines().collect();
    assert_eq!(
        lines,
        [
            "/all/a     versions 1–2",
            "/all/b/c   version 1",
            "/all/gone  a deletion (it is gone from Parameter Store)",
            "to record: 3 versions and 1 deletion of 3 parameters",
        ]
    );
    assert!(dry.err.contains("--do-it"), "{}", dry.err);
    let listed = world.s3.list_object_versions().bucket(world.bucket).send().await?;
    assert_eq!(listed.versions().len(), 1);

    let done = world.run("ssmbak all -p /all --do-it -o json");
    let report = done.json();
    assert_eq!((done.code, &report["Done"], done.out.contains("hush")), (Some(0), &json!(true), false));
    let names: Vec<&Value> = report["Parameters"].as_array().unwrap().iter().map(|found| &found["Name"]).collect();
    assert_eq!(names, ["/all/a", "/all/b/c", "/all/gone"]);
    assert_eq!(report["Parameters"][0]["Writes"][1]["Version"], 2);
    assert_eq!(report["Parameters"][2]["Writes"][0]["Kind"], "tombstone");
    let again = world.run("ssmbak-all --prefix /all --do-it");
    assert_eq!((again.code, again.out.as_str()), (Some(0), "everything is recorded: 2 parameters up to date\n"));
    Ok(())
}

#[tokio::test]
async fn get_prints_the_bytes_or_nothing() -> Outcome {
    let world = World::new("getting").await;
    world.recorded("/get/pem", "-----\nAAA\n", "2024-01-01T10:00:00Z", "String", Some("a key")).await;
    world.recorded("/get/secret", "hush", "2024-01-01T10:00:00Z", "SecureString", None).await;
    let ran = world.run(&format!("ssmbak get /get/pem {THEN}"));
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), "-----\nAAA\n"));
    let mut state = world.run(&format!("ssmbak get /get/pem {THEN} -o json")).json();
    assert!(state["VersionId"].take().is_string());
    let expected = json!({"Name": "/get/pem", "Type": "String", "Value": "-----\nAAA\n", "Description": "a key",
        "Modified": "2024-01-01T10:00:00Z", "VersionId": null});
    assert_eq!(state, expected);

    let ran = world.run(&format!("ssmbak get /get/secret {THEN}"));
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""));
    assert!(ran.err.contains("--reveal") && !ran.err.contains("hush"), "{}", ran.err);
    let state = world.run(&format!("ssmbak get /get/secret {THEN} -o json")).json();
    assert_eq!((&state["Masked"], state.get("Value")), (&json!(true), None));
    assert_eq!(world.run(&format!("ssmbak get /get/secret {THEN} --reveal")).out, "hush");

    world.s3.delete_object().bucket(world.bucket).key("/get/pem").send().await?;
    next_second().await;
    // That it did not exist is one thing, that nobody knows is another.
    for (name, time, code) in [
        ("/get/pem", "now", "NotFound"),
        ("/get/pem", "2023-01-01", "Unknown"),
        ("/get/never", "2024-01-02", "Unknown"),
    ] {
        let ran = world.run(&format!("ssmbak get {name} {time} -o json"));
        assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
        assert_eq!(ran.error()["Error"]["Code"], code, "{name} {time}");
    }
    Ok(())
}

#[tokio::test]
async fn the_bucket_is_the_stacks_unless_another_is_named() -> Outcome {
    let world = World::new("named").await;
    let without = |region: &str| {
        let mut command = world.command(&format!("ssmbak preview /x {THEN} -o json --region {region}"));
        Ran::of(command.env_remove("SSMBAK_BUCKET"))
    };
    let ran = without("eu-west-1");
    let error = ran.error();
    assert_eq!((ran.code, &error["Error"]["Code"]), (Some(1), &json!("NoBucket")));
    let message = error["Error"]["Message"].as_str().unwrap();
    for way in ["--bucket", "SSMBAK_BUCKET", "/newvoll/ssmbak/bucketname"] {
        assert!(message.contains(way), "{message}");
    }
    world.put("/newvoll/ssmbak/bucketname", "named", "String").await;
    assert_eq!(without("us-east-1").json()["Bucket"], "named");
    let ran = world.run(&format!("ssmbak preview /x {THEN} -o json -b no-such-bucket"));
    assert_eq!((ran.code, &ran.error()["Error"]["Code"]), (Some(1), &json!("BucketMissing")));
    Ok(())
}

#[tokio::test]
async fn the_endpoint_comes_from_the_option_or_the_environment() -> Outcome {
    let world = World::new("endpoints").await;
    world.recorded("/x", "one", "2024-01-01T10:00:00Z", "String", None).await;
    let endpoint = world.moto.endpoint();
    let nowhere = "http://127.0.0.1:9";
    let reached = |given: Option<&str>, environment: &[(&str, &str)]| {
        let option = given.map(|url| format!(" --endpoint-url {url}")).unwrap_or_default();
        let mut command = world.command(&format!("ssmbak preview /x {THEN}{option}"));
        command.env_remove("AWS_ENDPOINT").env_remove("AWS_ENDPOINT_URL").envs(environment.iter().copied());
        !Ran::of(&mut command).err.contains("cannot be reached")
    };
    assert!(reached(Some(&endpoint), &[("AWS_ENDPOINT_URL", nowhere), ("AWS_ENDPOINT_URL_S3", nowhere)]));
    assert!(reached(None, &[("AWS_ENDPOINT", &endpoint)]));
    assert!(reached(None, &[("AWS_ENDPOINT_URL", &endpoint), ("AWS_ENDPOINT", nowhere)]));
    assert!(reached(None, &[("AWS_ENDPOINT_URL", ""), ("AWS_ENDPOINT", &endpoint)]));
    let each =
        [("AWS_ENDPOINT_URL_S3", &*endpoint), ("AWS_ENDPOINT_URL_SSM", &endpoint), ("AWS_ENDPOINT_URL", nowhere)];
    assert!(reached(None, &each));
    assert!(!reached(None, &[("AWS_ENDPOINT_URL", &endpoint), ("AWS_ENDPOINT_URL_SSM", nowhere)]));
    Ok(())
}
