//! The commands that look and write nothing, and what the book says that they need beside what a preview needs.

use ssmbak_e2e::Outcome;
use ssmbak_testkit::{CallRecorder, Moto, create_versioned_bucket, s3_client, ssm_client};

use crate::actions::Actions;
use crate::commands::Person;
use crate::documented::page;

const BUCKET: &str = "looking-permissions";

#[tokio::test]
async fn looking_further_takes_what_the_book_says() -> Outcome {
    // Of its own: the bucket's name is left in a parameter that there is once.
    let moto = Moto::start()?;
    let (s3, ssm) = (s3_client(&moto.endpoint()), ssm_client(&moto.endpoint()));
    create_versioned_bucket(&s3, BUCKET).await?;
    let put = async |name: &str, value: &str, secret: bool| {
        let put = ssm.put_parameter().name(name).value(value).overwrite(true);
        put.r#type(if secret { "SecureString" } else { "String" }.into()).send().await
    };
    put("/newvoll/ssmbak/bucketname", BUCKET, false).await?;
    put("/p/kept", "one", false).await?;
    put("/p/secret", "s1", true).await?;
    put("/p/doomed", "one", false).await?;
    let person = Person { calls: CallRecorder::before(moto.port())? };
    person.run("ssmbak-all -p /p --do-it", 0)?;
    person.run("ssmbak mark then", 0)?;
    let then = ssmbak_e2e::next_second().await.to_string();
    put("/p/kept", "two", false).await?;
    put("/p/secret", "s2", true).await?;
    ssm.delete_parameter().name("/p/doomed").send().await?;
    person.actions()?;

    person.run("ssmbak log /p/ -R -p", 0)?;
    person.run(&format!("ssmbak diff /p/ {then}"), 4)?;
    person.run(&format!("ssmbak diff /p/ mark:then {then}"), 0)?;
    person.run(&format!("ssmbak export /p/ {then} --format json --reveal"), 0)?;
    person.run("ssmbak verify /p/", 4)?;
    person.run("ssmbak marks", 0)?;
    let looked = person.actions()?;
    let previews = page("Who previews")?;
    let beyond: Vec<_> = looked.difference(&previews).collect();
    assert!(beyond.is_empty(), "who looks further: missing {beyond:?}");

    person.run("ssmbak trash /p/", 0)?;
    let further: Actions = person.actions()?.difference(&previews).cloned().collect();
    assert_eq!(further, page("Who looks further")?, "for trash");
    Ok(())
}
