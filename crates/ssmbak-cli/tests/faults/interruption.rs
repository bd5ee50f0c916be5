//! Ctrl-C, and the end of the terminal, while AWS does not answer or asks to slow down.

use std::process::{Child, Command};
use std::time::{Duration, Instant};

use ssmbak_testkit::{Fault, REGION};

use crate::common::Ran;
use crate::common::schema::check;
use crate::tree::{Tree, now, signal};

/// A command as patient as it is for people.
fn patient(tree: &Tree, line: &str) -> Command {
    let mut command = tree.command(line);
    command.env_remove("SSMBAK_READ_TIMEOUT").env_remove("SSMBAK_RETRY_SECONDS").env_remove("AWS_MAX_ATTEMPTS");
    command
}

/// Waits until a call was made.
async fn called(tree: &Tree, operation: &str) {
    let begun = Instant::now();
    while !tree.proxy.counts().contains_key(operation) {
        assert!(begun.elapsed() < Duration::from_secs(30), "{operation} is never called: {:?}", tree.proxy.counts());
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Sends a signal, and waits for the end, which has to come soon.
async fn ended(child: Child, name: &str) -> Ran {
    let begun = Instant::now();
    signal(name, child.id());
    let ran = tokio::task::spawn_blocking(move || Ran::from(child.wait_with_output().unwrap())).await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(20), "{:?}: {ran:?}", begun.elapsed());
    ran
}

#[tokio::test(flavor = "multi_thread")]
async fn interruption_ends_the_wait_of_a_throttled_restore() {
    for (name, sent) in [("throttled-int", "INT"), ("throttled-hup", "HUP")] {
        let tree = Tree::new(name).await;
        tree.proxy.fail("PutParameter", 1, Fault::Throttled);
        let child =
            patient(&tree, &format!("ssmbak restore {}/ -R {} -y -o json", tree.root, tree.then)).spawn().unwrap();
        called(&tree, "PutParameter").await;
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        let ran = ended(child, sent).await;
        assert_eq!(ran.code, Some(130), "{ran:?}");
        let report = check("restore", &ran.json());
        let rows = report["Changes"].as_array().unwrap();
        assert!(rows.iter().all(|row| row["Outcome"] != "done"), "{report}");
        assert_eq!(tree.state().await, now());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn interruption_ends_a_restore_that_gets_no_answer() {
    let tree = Tree::new("hanging").await;
    tree.proxy.fail("PutParameter", 1, Fault::Hang);
    let child = patient(&tree, &format!("ssmbak restore {}/ -R {} -y -o json", tree.root, tree.then)).spawn().unwrap();
    called(&tree, "PutParameter").await;
    let ran = ended(child, "INT").await;
    assert_eq!(ran.code, Some(130), "{ran:?}");
    assert!(ran.out.contains("before the interruption"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn interrupted_drill_names_what_it_leaves() {
    let tree = Tree::new("drilling").await;
    tree.proxy.fail("DeleteParameters", 1, Fault::Throttled);
    let child = patient(&tree, &format!("ssmbak drill {}/ -R {} -y -o json", tree.root, tree.then)).spawn().unwrap();
    called(&tree, "DeleteParameters").await;
    tokio::time::sleep(Duration::from_millis(500)).await;
    let ran = ended(child, "INT").await;
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let report = check("drill", &ran.json());
    let left: Vec<&str> = report["Left"].as_array().unwrap().iter().map(|row| row["Name"].as_str().unwrap()).collect();
    assert_eq!(left.len(), 6, "{report}");
    tree.proxy.heal();
    for name in left {
        assert!(tree.ssm.get_parameter().name(name).send().await.is_ok(), "{name} is named and not there");
        tree.ssm.delete_parameter().name(name).send().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn clean_deletes_what_drills_left_and_nothing_else() {
    let tree = Tree::new("cleaning").await;
    // A region of its own: other tests drill as well.
    let region = "eu-north-1";
    assert_ne!(region, REGION);
    let config = tree.ssm.config().to_builder().region(aws_sdk_ssm::config::Region::from_static(region)).build();
    let there = aws_sdk_ssm::Client::from_conf(config);
    let names = ["/newvoll/ssmbak/drill-1/000000", "/newvoll/ssmbak/drill-2/000001", "/newvoll/ssmbak/bucketname"];
    for name in names {
        there.put_parameter().name(name).value("x").r#type("String".into()).send().await.unwrap();
    }
    let line = format!("ssmbak drill --clean -o json --region {region}");
    tree.proxy.fail("DeleteParameters", 1, Fault::Refused);
    let ran = tree.run(&line, Duration::from_secs(30)).await.unwrap();
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert_eq!(check("drill-clean", &ran.json())["Left"].as_array().unwrap().len(), 2);
    tree.proxy.heal();
    let ran = tree.run(&line, Duration::from_secs(30)).await.unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(check("drill-clean", &ran.json())["Deleted"], serde_json::json!(names[..2]));
    assert!(there.get_parameter().name(names[2]).send().await.is_ok());
    let told = tree.run(&format!("ssmbak drill --clean --region {region}"), Duration::from_secs(30)).await.unwrap();
    assert_eq!((told.code, told.out.as_str()), (Some(0), "drills left nothing behind\n"), "{told:?}");
}
