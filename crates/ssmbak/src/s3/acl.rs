//! GetObjectAcl and PutObjectAcl.

use aws_sdk_s3::types::AccessControlPolicy;

use super::object_bucket::{ObjectBucket, shown};
use crate::Error;

impl ObjectBucket {
    /// The ACL of a version.
    ///
    /// # Errors
    /// The failed request.
    pub(super) async fn acl(&self, key: &str, version_id: &str) -> Result<AccessControlPolicy, Error> {
        let read = self.client.get_object_acl().bucket(&self.name).key(key).version_id(version_id).send().await;
        let acl = read.map_err(|error| self.failed(&format!("read the ACL of {}", shown(key)), &error))?;
        Ok(AccessControlPolicy::builder().set_owner(acl.owner).set_grants(acl.grants).build())
    }

    /// Gives it to a version; `None`: to the current one.
    ///
    /// # Errors
    /// The failed request.
    pub(super) async fn put_acl(
        &self,
        key: &str,
        version_id: Option<&str>,
        acl: AccessControlPolicy,
    ) -> Result<(), Error> {
        let put = self.client.put_object_acl().bucket(&self.name).key(key).access_control_policy(acl);
        let put = put.set_version_id(version_id.map(str::to_owned)).send().await;
        put.map(drop).map_err(|error| self.failed(&format!("set the ACL of {}", shown(key)), &error))
    }
}
