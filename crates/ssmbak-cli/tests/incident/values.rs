//! What is written for other programs.

use serde_json::json;

use crate::common::schema::check;
use crate::common::{Outcome, World};
use crate::{next_second, past, records};

#[tokio::test]
async fn export_writes_whole_files_and_secrets_only_with_reveal() -> Outcome {
    let world = World::new("exported").await;
    past(&world, "/exported").await;
    records(&world, "/exported");
    let now = next_second().await;
    let refused = world.run(&format!("ssmbak export /exported/ {now} --format json -o json"));
    assert_eq!((refused.code, refused.out.as_str()), (Some(1), ""), "{refused:?}");
    assert_eq!(check("error", &refused.error())["Error"]["Code"], "Masked");
    let without = world.run(&format!("ssmbak export /exported/ {now} --format json --no-secrets"));
    let expected = json!({"/exported/host": "omega", "/exported/new": "fresh", "/exported/pem": "one\nTWO\nthree\n"});
    assert_eq!((without.code, without.json()), (Some(0), expected), "{without:?}");

    let folder = tempfile::tempdir()?;
    let file = folder.path().join("app.env");
    std::fs::write(&file, "what was here before")?;
    let line = format!("ssmbak export /exported/ {now} --format dotenv --reveal -f {}", file.display());
    let ran = world.run(&line);
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{ran:?}");
    let expected = "HOST=omega\nKEY=hush-22\nNEW=fresh\nPEM='one\nTWO\nthree\n'\n";
    assert_eq!(std::fs::read_to_string(&file)?, expected);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(std::fs::metadata(&file)?.permissions().mode() & 0o777, 0o600);
    }
    assert_eq!(std::fs::read_dir(folder.path())?.count(), 1, "nothing is left beside it");

    // A file with bad names for a shell is refused, and - is stdout.
    world.recorded("/shell/path", "x", "2024-01-01T10:00:00Z", "String", None).await;
    let ran = world.run("ssmbak export /shell/ 2024-02-01 --format shell");
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.err.contains("these would change how the shell works: /shell/path (PATH)"), "{}", ran.err);
    for file in ["-", "/dev/stdout"] {
        let ran = world.run(&format!("ssmbak export /shell/ 2024-02-01 --format shell --prefix APP_ -f {file}"));
        assert_eq!((ran.code, ran.out.as_str()), (Some(0), "export APP_PATH='x'\n"), "{ran:?}");
    }
    let ran = world.run("ssmbak preview /shell/ 2024-02-01 --out -");
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.json()["Changes"].as_array().map(Vec::len), Some(1), "{ran:?}");

    world.put("/exported/never", "recorded", "String").await;
    let ran = world.run(&format!("ssmbak export /exported/ {now} --format yaml --no-secrets"));
    assert_eq!(ran.code, Some(3), "{ran:?}");
    assert!(ran.err.contains("/exported/never is missing, what it was is not known"), "{}", ran.err);
    let ran = world.run(&format!("ssmbak export /exported/ {now} --format json --no-secrets -f /nonexistent/x"));
    assert_eq!((ran.code, ran.out.as_str()), (Some(1), ""), "{ran:?}");
    Ok(())
}

#[tokio::test]
async fn what_every_command_prints_is_as_its_schema_says() -> Outcome {
    let world = World::new("schemas").await;
    let then = past(&world, "/schemas").await;
    for reveal in ["", " --reveal"] {
        check("preview", &world.run(&format!("ssmbak preview /schemas/ {then} -o json{reveal}")).json());
        check("get", &world.run(&format!("ssmbak get /schemas/key {then} -o json{reveal}")).json());
    }
    check("all", &world.run("ssmbak all -p /schemas -o json").json());
    check("restore", &world.run(&format!("ssmbak restore /schemas/ {then} -o json")).json());
    check("all", &world.run("ssmbak all -p /schemas --do-it -o json").json());
    check("error", &world.run("ssmbak get /schemas/none now -o json").error());
    check("error", &world.run("ssmbak get -o json").error());
    Ok(())
}
