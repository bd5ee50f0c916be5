//! A bucket of its own in the emulator that all tests of a program share.

use aws_sdk_s3::Client as S3;
use ssmbak_testkit::{Moto, Original, create_versioned_bucket, s3_client, ssm_client};

use crate::{Function, Outcome, Ran, Store, command};

/// A bucket and Parameter Store on moto, which sends no events: who records what is up to the test.
#[derive(Debug)]
pub struct World {
    /// Parameter Store.
    pub store: Store,
    /// S3.
    pub s3: S3,
    /// The bucket.
    pub bucket: &'static str,
    moto: &'static Moto,
}

impl World {
    /// With a new bucket; parameters should have a prefix of their own.
    ///
    /// # Errors
    /// If the emulator does not start, or the bucket exists.
    pub async fn new(bucket: &'static str) -> Outcome<Self> {
        let moto = Moto::shared()?;
        let s3 = s3_client(&moto.endpoint());
        create_versioned_bucket(&s3, bucket).await?;
        Ok(Self { store: Store::new(ssm_client(&moto.endpoint())), s3, bucket, moto })
    }

    /// ssmbak 0.5.2 on this bucket.
    ///
    /// # Errors
    /// If its Python environment cannot be prepared.
    pub fn original(&self) -> Outcome<Original> {
        Ok(Original::new(self.moto.endpoint(), self.bucket)?)
    }

    /// Our function, writing to this bucket.
    ///
    /// # Errors
    /// If it cannot be run.
    pub fn function(&self) -> Outcome<Function> {
        let env = self.moto.env();
        let mut env: Vec<(&str, &str)> = env.iter().map(|(name, value)| (*name, value.as_str())).collect();
        env.push(("SSMBAK_BUCKET", self.bucket));
        Function::start(&env)
    }

    /// One of our commands, on this emulator and bucket, to be given its arguments.
    #[must_use]
    pub fn command(&self, program: &str) -> std::process::Command {
        let env = self.moto.env();
        let env = env.iter().map(|(name, value)| (*name, value.as_str()));
        command(program, env.chain([("SSMBAK_BUCKET", self.bucket)]))
    }

    /// Runs one of our command lines on this bucket.
    ///
    /// # Errors
    /// If it cannot be run.
    pub fn run(&self, line: &str) -> Outcome<Ran> {
        let env = self.moto.env();
        let env = env.iter().map(|(name, value)| (*name, value.as_str()));
        Ran::of(command(line, env.chain([("SSMBAK_BUCKET", self.bucket)])))
    }

    /// Puts an object as anybody may.
    ///
    /// # Errors
    /// Those of S3.
    pub async fn put_object(&self, key: &str, body: &[u8], tags: &str) -> Outcome {
        let put = self.s3.put_object().bucket(self.bucket).key(key).body(body.to_vec().into());
        put.tagging(tags).send().await?;
        Ok(())
    }
}
