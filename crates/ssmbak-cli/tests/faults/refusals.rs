//! What is said, and how soon, when AWS refuses, does not answer, or answers what cannot be.

use std::time::{Duration, Instant};

use serde_json::json;
use ssmbak_testkit::{Fault, REQUEST_ID};

use crate::common::schema::check;
use crate::tree::Tree;

const BOUND: Duration = Duration::from_secs(60);

#[tokio::test(flavor = "multi_thread")]
async fn answer_that_never_comes_is_a_refusal_that_names_the_endpoint() {
    let tree = Tree::new("silent").await;
    let host = tree.proxy.endpoint().replace("http://", "");
    for (operation, line) in [
        ("ListObjectVersions", "ssmbak preview ROOT/ -R THEN -o json"),
        ("DescribeParameters", "ssmbak verify ROOT/ -o json"),
        ("HeadObject", "ssmbak log ROOT/ -R -o json"),
        ("DescribeParameters", "ssmbak-all -p ROOT -o json"),
        ("ListObjectVersions", "s3bak preview ROOT/ THEN -b BUCKET --output json"),
    ] {
        let line = line.replace("ROOT", &tree.root).replace("THEN", &tree.then).replace("BUCKET", "bucket-silent");
        tree.proxy.fail(operation, 1, Fault::Hang);
        let ran = tree.run(&line, BOUND).await.unwrap_or_else(|| panic!("{line} does not end"));
        assert_eq!(ran.code, Some(1), "{line}: {ran:?}");
        assert!(ran.err.contains(&format!("no answer from {host} within 2 s")), "{line}: {ran:?}");
        assert_eq!(ran.error()["Error"]["Code"], "Unreachable", "{line}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn one_lost_answer_is_asked_for_again() {
    let tree = Tree::new("lost").await;
    for operation in ["ListObjectVersions", "HeadObject", "DescribeParameters"] {
        for fault in [Fault::HangOnce, Fault::Reset, Fault::ThrottledOnce] {
            tree.proxy.fail(operation, 1, fault);
            let ran =
                tree.run(&format!("ssmbak preview {}/ -R {} -o json", tree.root, tree.then), BOUND).await.unwrap();
            assert_eq!(ran.code, Some(0), "{operation} {fault:?}: {ran:?}");
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_head_is_throttling() {
    let tree = Tree::new("heads").await;
    for fault in [Fault::Throttled, Fault::Broken] {
        tree.proxy.fail("HeadObject", 1, fault);
        let ran = tree.run(&format!("ssmbak log {}/ -R -o json", tree.root), BOUND).await.unwrap();
        assert_eq!((ran.code, &ran.error()["Error"]["Code"]), (Some(1), &json!("Throttled")), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn id_of_a_refused_request_is_logged_where_it_is_asked_for() {
    let tree = Tree::new("ids").await;
    for operation in ["ListObjectVersions", "DescribeParameters"] {
        tree.proxy.fail(operation, 1, Fault::Refused);
        let preview = format!("ssmbak preview {}/ -R {}", tree.root, tree.then);
        let ran = tree.run(&format!("{preview} -vv"), BOUND).await.unwrap();
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.err.contains(&format!("request_id=\"{REQUEST_ID}\"")), "{ran:?}");
        assert!(!tree.run(&preview, BOUND).await.unwrap().err.contains(REQUEST_ID));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn throttled_restore_of_many_rows_has_one_budget_and_says_that_it_waits() {
    let tree = Tree::new("budget").await;
    tree.proxy.fail("PutParameter", 1, Fault::Throttled);
    let begun = Instant::now();
    let mut command = tree.command(&format!("ssmbak restore {}/ -R {} -y", tree.root, tree.then));
    command.env("SSMBAK_RETRY_SECONDS", "6");
    let ran = tokio::task::spawn_blocking(move || crate::common::Ran::of(&mut command)).await.unwrap();
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(begun.elapsed() < Duration::from_secs(30), "{:?}", begun.elapsed());
    assert!(ran.err.contains("waiting for ") && ran.err.contains("throttled by AWS"), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn wrong_clock_is_named() {
    let tree = Tree::new("clock").await;
    for operation in ["ListObjectVersions", "DescribeParameters"] {
        tree.proxy.fail(operation, 1, Fault::Skewed);
        let ran = tree.run(&format!("ssmbak preview {}/ -R {} -o json", tree.root, tree.then), BOUND).await.unwrap();
        let error = check("error", &ran.error());
        assert_eq!((ran.code, &error["Error"]["Code"]), (Some(1), &json!("ClockSkew")), "{ran:?}");
        assert!(error["Error"]["Message"].as_str().unwrap().contains("this machine's clock is wrong"), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn refusal_without_a_body_is_a_refusal() {
    let tree = Tree::new("wordless").await;
    for operation in ["ListObjectVersions", "DescribeParameters"] {
        tree.proxy.fail(operation, 1, Fault::Wordless);
        let ran = tree.run(&format!("ssmbak preview {}/ -R {} -o json", tree.root, tree.then), BOUND).await.unwrap();
        let error = check("error", &ran.error());
        assert_eq!((ran.code, &error["Error"]["Code"]), (Some(1), &json!("AccessDenied")), "{operation}: {ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_whose_credentials_end_was_not_interrupted() {
    let tree = Tree::new("expired").await;
    tree.proxy.fail("PutParameter", 1, Fault::Expired);
    let ran = tree.run(&format!("ssmbak drill {}/ -R {} -y -o json", tree.root, tree.then), BOUND).await.unwrap();
    assert_eq!(ran.code, Some(4), "{ran:?}");
    assert_eq!(check("drill", &ran.json())["Left"], json!([]), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn listing_that_is_cut_off_or_repeats_is_refused() {
    let tree = Tree::new("cut").await;
    for (operation, said) in [("ListObjectVersions", "cut off"), ("DescribeParameters", "does not end")] {
        for line in
            ["ssmbak preview ROOT/ -R THEN -o json", "ssmbak verify ROOT/ -o json", "ssmbak-all -p ROOT -o json"]
        {
            let line = line.replace("ROOT", &tree.root).replace("THEN", &tree.then);
            tree.proxy.fail(operation, 1, Fault::Cut);
            let ran = tree.run(&line, BOUND).await.unwrap_or_else(|| panic!("{line} does not end"));
            assert_eq!(ran.code, Some(1), "{line}: {ran:?}");
            assert!(ran.err.contains(said), "{line}: {ran:?}");
            assert!(tree.proxy.counts()[operation] < 20, "{line}: {:?}", tree.proxy.counts());
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn drill_refused_its_deletions_ends_soon() {
    let tree = Tree::new("undeletable").await;
    tree.proxy.fail("DeleteParameters", 1, Fault::Refused);
    let ran = tree.run(&format!("ssmbak drill {}/ -R {} -y -o json", tree.root, tree.then), BOUND).await.unwrap();
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert_eq!(tree.proxy.counts()["DeleteParameters"], 1, "what is refused is not tried again");
    let report = check("drill", &ran.json());
    for row in report["Left"].as_array().unwrap() {
        tree.ssm.delete_parameter().name(row["Name"].as_str().unwrap()).send().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn path_of_which_nothing_is_known_is_an_error() {
    let tree = Tree::new("mistyped").await;
    for line in ["preview", "restore -y", "verify", "drill", "export --format json", "undelete -y"] {
        let timeless = line == "verify" || line.starts_with("undelete");
        let time = if timeless { String::new() } else { format!(" {}", tree.then) };
        let recursive = if line == "verify" { "" } else { " -R" };
        let (command, options) = line.split_once(' ').unwrap_or((line, ""));
        let options = if options.is_empty() { String::new() } else { format!(" {options}") };
        let ran = tree.run(&format!("ssmbak {command}{options} /typo/{recursive}{time} -o json"), BOUND).await.unwrap();
        let error = check("error", &ran.error());
        assert_eq!((ran.code, &error["Error"]["Code"]), (Some(1), &json!("NotFound")), "{line}: {ran:?}");
        if matches!(command, "preview" | "restore") {
            assert_eq!(check(command, &ran.json())["Changes"], json!([]), "{ran:?}");
        }
    }
    let ran = tree.run(&format!("ssmbak diff /typo/ -R {} -o json", tree.then), BOUND).await.unwrap();
    assert_eq!((ran.code, &ran.error()["Error"]["Code"]), (Some(1), &json!("NotFound")), "{ran:?}");
    // Beside a right path a wrong one is named, and the rest is done.
    for (line, code) in [
        ("preview ROOT/ /typo/ -R THEN", 3),
        ("preview ROOT/ /typo/ -R THEN --target-region us-east-2", 3),
        ("verify ROOT/ /typo/", 3),
        ("drill ROOT/ /typo/ -R THEN -y", 4),
        ("undelete ROOT/ /typo/ -R -y", 3),
        ("restore ROOT/ /typo/ -R THEN -y", 3),
    ] {
        let line = line.replace("ROOT", &tree.root).replace("THEN", &tree.then);
        let ran = tree.run(&format!("ssmbak {line} -o json"), BOUND).await.unwrap();
        let warned = ran.json()["Warnings"].to_string().contains("there is no parameter at /typo/");
        assert!(warned && ran.code == Some(code), "{line}: {ran:?}");
    }
    let line = format!("ssmbak export {}/ /typo/ -R {} --format json --reveal", tree.root, tree.then);
    let ran = tree.run(&line, BOUND).await.unwrap();
    assert!(ran.err.contains("warning: there is no parameter at /typo/") && ran.code == Some(3), "{ran:?}");
    let saved = format!("ssmbak preview {}/ /typo/ -R {} --out -", tree.root, tree.then);
    assert_eq!(tree.run(&saved, BOUND).await.unwrap().code, Some(3), "a saved plan says no more than a shown one");
    // What did not exist then and does not now is known.
    let ran = tree.run(&format!("ssmbak preview {} {} -o json", tree.name("new"), tree.then), BOUND).await.unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn record_that_cannot_be_read_is_named_and_no_success() {
    let tree = Tree::new("illegible").await;
    for (command, key) in [("marks", "ssmbak-mark/friday"), ("restores", "ssmbak-restore/20260615T175658Z-abcdef")] {
        let line = format!("ssmbak {command} -o json");
        assert_eq!(tree.run(&line, BOUND).await.unwrap().code, Some(0));
        tree.s3.put_object().bucket(&tree.bucket).key(key).body(b"no record".to_vec().into()).send().await.unwrap();
        let ran = tree.run(&line, BOUND).await.unwrap();
        let warned = check(command, &ran.json())["Warnings"].to_string().contains(key);
        assert!(warned && ran.code == Some(3), "{ran:?}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn answer_that_says_nothing_is_no_answer() {
    let tree = Tree::new("hollow").await;
    // What is not recorded yet has its history read.
    let put = tree.ssm.put_parameter().name(tree.name("unheard")).value("v");
    put.r#type(aws_sdk_ssm::types::ParameterType::String).send().await.unwrap();
    let before = tree.state().await;
    for (operation, line) in [
        ("DescribeParameters", "ssmbak all -p ROOT --do-it"),
        ("GetParametersByPath", "ssmbak all -p ROOT --do-it"),
        ("GetParameterHistory", "ssmbak all -p ROOT --do-it"),
        ("DescribeParameters", "ssmbak verify ROOT/"),
        ("DescribeParameters", "ssmbak trash ROOT/"),
        ("DescribeParameters", "ssmbak restore ROOT/ -R THEN -y"),
        ("GetParameters", "ssmbak restore ROOT/ -R THEN -y"),
    ] {
        tree.proxy.fail(operation, 1, Fault::Hollow);
        let line = line.replace("ROOT", &tree.root).replace("THEN", &tree.then);
        let ran = tree.run(&line, BOUND).await.unwrap_or_else(|| panic!("{line} does not end"));
        let counts = tree.proxy.counts();
        assert!(counts.contains_key(operation), "{operation} was not called by {line}: {counts:?}");
        let said = format!("{}{}", ran.out, ran.err);
        assert!(ran.code != Some(0) && said.contains("the answer is cut off"), "{operation} {line}: {ran:?}");
        tree.proxy.heal();
        assert_eq!(tree.state().await, before, "{line}");
    }
    tree.proxy.fail("PutParameter", 1, Fault::Hollow);
    let ran = tree.run(&format!("ssmbak restore {}/ -R {} -y", tree.root, tree.then), BOUND).await.unwrap();
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.out.contains("the answer is cut off, so it may be done or not"), "{ran:?}");
    tree.proxy.heal();
    let log = tree.run(&format!("ssmbak log {}/ -R -o json", tree.root), BOUND).await.unwrap().json();
    assert!(!log.to_string().contains("FoundMissing"), "no deletion was recorded: {log}");
}

#[tokio::test(flavor = "multi_thread")]
async fn few_open_files_are_enough() {
    let tree = Tree::new("files").await;
    tree.record_many(150).await;
    let words = tree.command(&format!("ssmbak log {}/ -R -o json", tree.root));
    let mut limited = std::process::Command::new("sh");
    let program = words.get_program().to_owned();
    limited.arg("-c").arg("ulimit -n 64; exec \"$0\" \"$@\"").arg(program).args(words.get_args());
    limited.env_clear().envs(words.get_envs().filter_map(|(name, value)| Some((name, value?))));
    let ran = tokio::task::spawn_blocking(move || crate::common::Ran::of(&mut limited)).await.unwrap();
    assert_eq!(ran.code, Some(0), "{ran:?}");
}
