//! `preview`, `get`, `ssmbak-all` and `restore`, and what the book says that they need.

use ssmbak_e2e::{Outcome, Ran, command};
use ssmbak_testkit::{CallRecorder, Moto, create_versioned_bucket, environment, s3_client, ssm_client};

use crate::actions::{self, Actions, assert_same};
use crate::documented::page;

/// Parameter Store uses a SecureString's key in the caller's name.
/// <https://docs.aws.amazon.com/systems-manager/latest/userguide/secure-string-parameter-kms-encryption.html>
const DECRYPTS: [&str; 1] = ["kms:Decrypt"];
const ENCRYPTS: [&str; 3] = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey"];

const BUCKET: &str = "command-permissions";

/// Commands of a person, and the calls that they made.
pub struct Person {
    pub calls: CallRecorder,
}

impl Person {
    pub fn run(&self, line: &str, code: i32) -> Outcome<Ran> {
        let env = environment(&self.calls.endpoint());
        let env = env.iter().map(|(name, value)| (*name, value.as_str()));
        let ran = Ran::of(command(line, env))?;
        if ran.code == Some(code) { Ok(ran) } else { Err(format!("{line}: {ran:#?}").into()) }
    }

    pub fn actions(&self) -> Outcome<Actions> {
        Ok(actions::of(self.calls.take()?))
    }
}

#[tokio::test]
async fn the_commands_need_what_the_book_says_and_nothing_else() -> Outcome {
    // Of its own: the bucket's name is left in a parameter that there is once.
    let moto = Moto::start()?;
    let (s3, ssm) = (s3_client(&moto.endpoint()), ssm_client(&moto.endpoint()));
    create_versioned_bucket(&s3, BUCKET).await?;
    let put = async |name: &str, value: &str, secret: bool, description: &str| {
        let put = ssm.put_parameter().name(name).value(value).overwrite(true).description(description);
        put.r#type(if secret { "SecureString" } else { "String" }.into()).send().await
    };
    put("/newvoll/ssmbak/bucketname", BUCKET, false, "").await?;
    put("/p/kept", "one", false, "").await?;
    put("/p/wide", "one", false, &"größe ".repeat(170)).await?;
    put("/p/secret", "s1", true, "").await?;
    put("/p/doomed", "one", false, "").await?;
    for (key, value) in [("/p/old", "old"), ("/p/gone", "gone")] {
        let put = s3.put_object().bucket(BUCKET).key(key).body(value.as_bytes().to_vec().into());
        put.tagging("ssmbakTime=1718309456&ssmbakType=String").send().await?;
    }
    let person = Person { calls: CallRecorder::before(moto.port())? };

    person.run("ssmbak-all -p /p", 0)?;
    person.run("ssmbak-all -p /p/kept/", 0)?;
    let dry = person.actions()?;
    person.calls.refuse("GetParameterHistory", &["/p/secret", "\"WithDecryption\":true"], "InvalidKeyId");
    person.run("ssmbak-all -p /p --do-it", 0)?;
    let mut records = person.actions()?;
    records.extend(dry.iter().cloned());
    let of_records = page("Who runs `ssmbak-all`")?;
    assert_same("who runs ssmbak-all", &records, &of_records, &DECRYPTS);
    for writes in ["s3:PutObject", "s3:PutObjectTagging", "s3:DeleteObject"] {
        assert!(!dry.contains(writes), "a dry run takes {writes}");
    }

    let then = ssmbak_e2e::next_second().await.to_string();
    put("/p/kept", "two", false, "").await?;
    put("/p/secret", "s2", true, "").await?;
    put("/p/wide", "two", false, "").await?;
    put("/p/new", "new", false, "").await?;
    ssm.delete_parameter().name("/p/doomed").send().await?;
    ssm.add_tags_to_resource()
        .resource_type("Parameter".into())
        .resource_id("/p/kept")
        .tags(aws_sdk_ssm::types::Tag::builder().key("k").value("v").build()?)
        .send()
        .await?;
    // What is new can be deleted, and the tag put back, once they are recorded.
    person.run("ssmbak-all -p /p --do-it", 0)?;
    person.actions()?;
    let now = ssmbak_e2e::next_second().await.to_string();
    person.run(&format!("ssmbak preview /p/ {then} -R"), 0)?;
    person.calls.refuse("GetParameters", &[], "InvalidKeyId");
    person.run(&format!("ssmbak preview /p/ {then} -R"), 0)?;
    person.run(&format!("ssmbak get /p/kept {then}"), 0)?;
    person.run(&format!("ssmbak get /p/wide {then}"), 0)?;
    // Where nothing was read that shows it, whether the bucket keeps versions is asked for.
    person.run(&format!("ssmbak preview /p/never/ {then} -R"), 1)?;
    let previews = person.actions()?;
    let of_previews = page("Who previews")?;
    assert_same("who previews", &previews, &of_previews, &DECRYPTS);

    // It is unknown when what nobody was told of was deleted.
    person.run(&format!("ssmbak restore /p/ {then} -R --yes"), 3)?;
    person.run(&format!("ssmbak restore /p/ {now} -R --yes"), 0)?;
    let restores = person.actions()?;
    let of_restores: Actions = page("Who restores")?;
    let allowed: Actions = of_restores.iter().chain(&of_records).chain(&of_previews).cloned().collect();
    let missing: Vec<_> = restores.difference(&allowed).collect();
    assert!(missing.is_empty(), "who restores: missing {missing:?}");
    let known: Actions = records.iter().chain(&previews).cloned().collect();
    let own: Actions = restores.difference(&known).cloned().collect();
    let own_or_recorded: Actions = own.into_iter().chain(restores.intersection(&of_restores).cloned()).collect();
    assert_same("who restores", &own_or_recorded, &of_restores, &ENCRYPTS[1..]);
    Ok(())
}
