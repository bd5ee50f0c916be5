//! The end of a stack: what is recorded stays, and its commands say where and how to be rid of it.

use std::process::Command;

use serde_json::Value;
use ssmbak_e2e::{Outcome, Ran};
use ssmbak_testkit::{Ministack, Moto, Venv, clean, s3_client};

use crate::pipeline::Pipeline;

const STACK: &str = "mortal";

async fn versions(pipeline: &Pipeline<'_>, bucket: &str) -> Outcome<usize> {
    let listed = pipeline.s3.list_object_versions().bucket(bucket).send().await?;
    Ok(listed.versions().len() + listed.delete_markers().len())
}

#[tokio::test]
async fn a_deleted_stack_leaves_the_bucket_and_says_how_to_be_rid_of_it() -> Outcome {
    let ministack = Ministack::start()?;
    let pipeline = Pipeline::on(&ministack);
    let delete = |options: &str| pipeline.run(&format!("ssmbak-stack {STACK} delete{options}"));
    let missing = delete(" --yes --output json")?;
    assert_eq!((missing.code, missing.out.as_str()), (Some(1), ""));
    assert_eq!(serde_json::from_str::<Value>(&missing.err)?["Error"]["Code"], "StackMissing");

    pipeline.run(&format!("ssmbak-stack {STACK} create --no-sweep --yes"))?.well()?;
    let bucket = pipeline.bucket(STACK)?;
    pipeline.store.put("/mortal/a", "String", "one", "").await?;
    pipeline.store.put("/mortal/a", "String", "two", "").await?;
    pipeline.recorded("/mortal").await?;
    pipeline.store.delete("/mortal/a").await?;
    // What the function writes later would keep the bucket from being deleted.
    pipeline.recorded("/mortal").await?;

    let aws = |line: &str| -> Outcome<Ran> {
        let mut command = pipeline.command(&Venv::ready()?.executable("aws"));
        command.args(line.split(' '));
        Ran::of(command)?.well()
    };
    let protect = format!("cloudformation update-termination-protection --stack-name {STACK}");
    aws(&format!("{protect} --enable-termination-protection"))?;
    let protected = delete(" --yes")?;
    assert_eq!(protected.code, Some(1), "{protected:?}");
    assert!(protected.err.contains("update-termination-protection"), "{protected:?}");
    // It names the command that helps, word for word.
    let advice = protected.err.split('`').nth(1).ok_or("no command")?;
    aws(advice.strip_prefix("aws ").ok_or("no command of aws")?)?;

    let held = versions(&pipeline, &bucket).await?;
    assert!(held >= 2);
    let ran = delete(" --yes")?.well()?;
    assert_eq!(ran.out, "DELETE_COMPLETE\n");
    assert!(ran.err.contains("keep    Bucket"), "{}", ran.err);
    assert!(ran.err.contains("delete  Function"), "{}", ran.err);
    assert!(ran.err.contains("DELETE_IN_PROGRESS"), "events are shown: {}", ran.err);
    assert!(ran.err.contains(&format!("the bucket {bucket} with the history is kept")), "{}", ran.err);
    assert!(versions(&pipeline, &bucket).await? >= held);
    assert_eq!(pipeline.run(&format!("ssmbak-stack {STACK} status"))?.code, Some(1));

    // The commands that it prints, as a shell takes them.
    let lines: Vec<&str> = ran.err.lines().filter(|line| line.starts_with("  aws ")).collect();
    assert_eq!(lines.len(), 3, "{}", ran.err);
    let place = tempfile()?;
    for line in lines {
        let mut shell = pipeline.command("sh".as_ref());
        let path = format!("{}:/usr/bin:/bin", Venv::ready()?.python().parent().ok_or("no bin")?.display());
        shell.args(["-ec", line]).current_dir(&place).env("PATH", path);
        Ran::of(shell)?.well()?;
    }
    let gone = pipeline.s3.head_bucket().bucket(&bucket).send().await;
    assert!(gone.is_err(), "the bucket is gone");
    std::fs::remove_dir_all(place)?;
    Ok(())
}

#[tokio::test]
async fn for_programs_a_deletion_is_one_object() -> Outcome {
    let ministack = Ministack::start()?;
    let pipeline = Pipeline::on(&ministack);
    pipeline.run(&format!("ssmbak-stack {STACK} create --yes"))?.well()?;
    let bucket = pipeline.bucket(STACK)?;
    let ran = pipeline.run(&format!("ssmbak-stack {STACK} delete --yes --output json"))?.well()?;
    let object = ran.json()?;
    assert_eq!((&object["StackStatus"], &object["Bucket"]), (&"DELETE_COMPLETE".into(), &bucket.into()), "{object}");
    assert_eq!(object["Kept"][0]["LogicalResourceId"], "Bucket");
    let gone = object["Deleted"].as_array().ok_or("no list")?.iter().map(|resource| &resource["LogicalResourceId"]);
    assert!(gone.clone().any(|id| id == "Function") && !gone.clone().any(|id| id == "Bucket"), "{object}");
    assert_eq!(ran.err, "");
    Ok(())
}

/// moto knows neither our template whole nor the events of resources: a stack of a bucket and a queue has to do.
#[tokio::test]
async fn another_emulator_sees_it_alike() -> Outcome {
    let moto = Moto::start()?;
    let run = |program: &std::path::Path, arguments: &[&str]| -> Outcome<Ran> {
        let mut command = Command::new(program);
        clean(&mut command).envs(moto.env()).args(arguments);
        Ran::of(command)
    };
    let template = "Resources:\n  Bucket:\n    Type: AWS::S3::Bucket\n    DeletionPolicy: Retain\n  Q:\n    Type: AWS::SQS::Queue\n";
    let aws = Venv::ready()?.executable("aws");
    let create = ["cloudformation", "create-stack", "--stack-name", STACK, "--template-body", template];
    run(&aws, &create)?.well()?;
    let stack = ssmbak_testkit::binary("ssmbak-stack");
    let bucket = run(&stack, &[STACK, "bucketname"])?.well()?.out;
    let ran = run(&stack, &[STACK, "delete", "--yes"])?.well()?;
    assert_eq!(ran.out, "DELETE_COMPLETE\n", "{ran:?}");
    assert!(ran.err.contains(bucket.trim()), "{ran:?}");
    s3_client(&moto.endpoint()).head_bucket().bucket(bucket.trim()).send().await?;
    Ok(())
}

fn tempfile() -> Outcome<std::path::PathBuf> {
    let place = ssmbak_testkit::target_dir().join(format!("delete-{}", std::process::id()));
    std::fs::create_dir_all(&place)?;
    Ok(place)
}
