//! Where an object is, as people write it: `s3://bucket/key`.

/// A bucket, or an access point, and a key or prefix in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct S3Location {
    /// The bucket's name, or the ARN of an access point.
    pub bucket: String,
    /// A key or a prefix, which may be empty.
    pub key: String,
}

/// Why a text is no location.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LocationError {
    /// There is no bucket between `s3://` and the key.
    #[error("{0:?} names no bucket")]
    NoBucket(String),
}

impl S3Location {
    /// Reads `s3://bucket/key`; `None` for a text that does not begin with `s3://`.
    ///
    /// # Errors
    /// [`LocationError`] if it has no bucket.
    pub fn parse(text: &str) -> Result<Option<Self>, LocationError> {
        let Some(rest) = text.strip_prefix("s3://") else { return Ok(None) };
        // The ARN of an access point has a slash, or a colon, before its name.
        let name_at = rest.find(":accesspoint/").filter(|_| rest.starts_with("arn:")).map_or(0, |at| at + 13);
        let end = rest.get(name_at..).and_then(|name| name.find('/')).map_or(rest.len(), |at| name_at + at);
        let (bucket, key) = rest.split_at(end);
        if bucket.is_empty() {
            return Err(LocationError::NoBucket(text.to_owned()));
        }
        Ok(Some(Self { bucket: bucket.to_owned(), key: key.strip_prefix('/').unwrap_or(key).to_owned() }))
    }
}

/// Whether a bucket is given as the ARN of an access point.
pub fn is_access_point(bucket: &str) -> bool {
    bucket.starts_with("arn:") && bucket.contains(":accesspoint")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_location_is_a_bucket_and_a_key() {
        for (text, expected) in [
            ("s3://b", ("b", "")),
            ("s3://b/", ("b", "")),
            ("s3://b/was/it/", ("b", "was/it/")),
            ("s3://b//x", ("b", "/x")),
            (
                "s3://arn:aws:s3:eu-west-1:111122223333:accesspoint/mine/t/a",
                ("arn:aws:s3:eu-west-1:111122223333:accesspoint/mine", "t/a"),
            ),
        ] {
            let read = S3Location::parse(text).unwrap().unwrap();
            assert_eq!((read.bucket.as_str(), read.key.as_str()), expected, "{text}");
        }
        assert_eq!(S3Location::parse("data/s3://x"), Ok(None));
        assert!(S3Location::parse("s3:///x").is_err());
        assert!(is_access_point("arn:aws:s3:eu-west-1:111122223333:accesspoint/mine") && !is_access_point("mine"));
    }
}
