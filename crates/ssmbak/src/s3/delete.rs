//! DeleteObject and DeleteObjects.

use aws_sdk_s3::types::{Delete, ObjectIdentifier};

use super::Kept;
use super::object_bucket::ObjectBucket;
use crate::{Error, ErrorKind};

impl ObjectBucket {
    /// Puts a delete marker on a key, and returns the marker's version id.
    ///
    /// # Errors
    /// The failed request.
    pub async fn put_delete_marker(&self, key: &str) -> Result<Kept, Error> {
        let sent = self.client.delete_object().bucket(&self.name).key(key).send().await;
        let action = || format!("put a delete marker on {}", self.shown(key));
        let deleted = sent.map_err(|error| self.failed(&action(), &error))?;
        Ok(Kept { version_id: deleted.version_id().map(str::to_owned) })
    }

    /// Deletes up to 1,000 keys with one request: puts markers, or removes the versions that are named. Returns what was
    /// not deleted, and why.
    ///
    /// # Errors
    /// The failed request.
    pub(super) async fn delete_many(&self, keys: &[(&str, Option<&str>)]) -> Result<Vec<(String, Error)>, Error> {
        if let [(key, None)] = keys {
            return self.put_delete_marker(key).await.map(|_| Vec::new());
        }
        let mut delete = Delete::builder().quiet(true);
        for (key, id) in keys {
            let named = ObjectIdentifier::builder().key(*key).set_version_id(id.map(str::to_owned)).build();
            delete = delete.objects(named.map_err(|error| Error::new(ErrorKind::Other, error.to_string()))?);
        }
        let delete = delete.build().map_err(|error| Error::new(ErrorKind::Other, error.to_string()))?;
        let sent = self.client.delete_objects().bucket(&self.name).delete(delete).send().await;
        let deleted = sent.map_err(|error| self.failed(&format!("delete {} keys", keys.len()), &error))?;
        let failed = deleted.errors().iter().map(|error| {
            let (key, code) = (error.key().unwrap_or_default(), error.code().unwrap_or("unknown error"));
            let action = format!("delete {} in bucket {}", self.shown(key), self.name);
            (key.to_owned(), Error::from_code(&action, code))
        });
        Ok(failed.collect())
    }
}
