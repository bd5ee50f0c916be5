//! What every command works with.

use ssmbak::bucket::S3BackupBucket;

use crate::aws::Aws;
use crate::bucket::BucketArgs;
use crate::error::CliError;
use crate::global::GlobalArgs;
use crate::interrupt::Interrupts;
use crate::ui::Ui;

/// What every command works with: the global options, the terminal, and Ctrl-C.
#[derive(Debug)]
pub struct Context<'a> {
    /// The options that every command takes.
    pub global: &'a GlobalArgs,
    /// The terminal.
    pub ui: &'a Ui,
    /// Requests to stop.
    pub interrupts: Interrupts,
}

impl<'a> Context<'a> {
    /// Listens for Ctrl-C from now on.
    pub fn new(global: &'a GlobalArgs, ui: &'a Ui) -> Self {
        Self { global, ui, interrupts: Interrupts::listen() }
    }

    /// Does something that may be left at any point.
    ///
    /// # Errors
    /// The code `Interrupted` after Ctrl-C, or its own.
    pub fn until_interrupted<T, E: Into<CliError>>(
        &mut self,
        work: impl Future<Output = Result<T, E>>,
    ) -> impl Future<Output = Result<T, CliError>> {
        // Boxed at once: moved through several futures, it would be on the stack several times.
        self.interrupts.or(Box::pin(work))
    }

    /// The clients of AWS, by the global options and the environment.
    ///
    /// # Errors
    /// [`CliError`] if there are no credentials or no region.
    pub async fn connect(&mut self) -> Result<Aws, CliError> {
        self.until_interrupted(Aws::connect(self.global)).await
    }

    /// The clients, and the bucket with the history, which keeps versions.
    ///
    /// # Errors
    /// As [`Context::connect`] and [`BucketArgs::find`].
    pub async fn connect_to_bucket(&mut self, bucket: &BucketArgs) -> Result<(Aws, S3BackupBucket), CliError> {
        let aws = self.connect().await?;
        let bucket = self.until_interrupted(bucket.find(&aws)).await?;
        Ok((aws, bucket))
    }
}
