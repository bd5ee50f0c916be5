//! `ssmbak-all` over everything is a sweep, and leaves the record of one.

mod common;

use common::{Outcome, World};
use serde_json::Value;
use ssmbak_testkit::Moto;

#[tokio::test]
async fn recording_everything_leaves_the_record_of_a_sweep_and_a_part_of_it_does_not() -> Outcome {
    let world = World::new("sweeps").await;
    let own = Moto::start()?;
    let endpoint = format!("--endpoint-url {}", own.endpoint());
    let (ssm, s3) = (ssmbak_testkit::ssm_client(&own.endpoint()), ssmbak_testkit::s3_client(&own.endpoint()));
    ssmbak_testkit::create_versioned_bucket(&s3, world.bucket).await?;
    for name in ["/sweeps/a", "/sweeps/b", "other"] {
        ssm.put_parameter().name(name).value("value").r#type("String".into()).send().await?;
    }
    let last = async || {
        let object = s3.get_object().bucket(world.bucket).key("ssmbak-sweep/last").send().await.ok()?;
        serde_json::from_slice::<Value>(&object.body.collect().await.ok()?.to_vec()).ok()
    };
    for line in ["ssmbak-all -p /sweeps --do-it", "ssmbak-all"] {
        let ran = world.run(&format!("{line} {endpoint}"));
        assert_eq!((ran.code, last().await), (Some(0), None), "{line}: {ran:?}");
    }
    let ran = world.run(&format!("ssmbak-all --do-it {endpoint}"));
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let record = last().await.ok_or("no record")?;
    let counts = ["format", "names", "written", "failed"].map(|key| record[key].as_u64());
    assert_eq!(counts, [Some(1), Some(3), Some(1), Some(0)], "{record}");
    // It is no parameter, and nothing strange either.
    let ran = world.run(&format!("ssmbak preview / now -R -o json {endpoint}"));
    assert!(ran.code == Some(0) && !ran.out.contains("ssmbak-sweep") && !ran.err.contains("ssmbak-sweep"), "{ran:?}");
    Ok(())
}
