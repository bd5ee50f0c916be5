//! Whether the bytes that arrived are those that are stored.

use std::str::FromStr;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::head_object::HeadObjectOutput;
use aws_sdk_s3::types::{ChecksumType, ServerSideEncryption};
use aws_smithy_checksums::ChecksumAlgorithm;
use aws_smithy_checksums::http::HttpChecksum;
use aws_smithy_types::base64;
use md5::{Digest, Md5};

/// What S3 says of the bytes of a version.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Promised {
    /// An algorithm's name and the base64 of its result, over the whole object.
    checksum: Option<(&'static str, String)>,
    /// MD5, in hexadecimal.
    md5: Option<String>,
}

/// Counts bytes as they pass.
pub(super) enum Verifier {
    Checksum(Box<dyn HttpChecksum>, String),
    Md5(Box<Md5>, String),
    /// S3 says nothing about the object as a whole, as of an upload in parts.
    Nothing,
}

macro_rules! promised {
    ($answer:expr) => {{
        let answer = $answer;
        let is_whole = answer.checksum_type() != Some(&ChecksumType::Composite);
        let known = [
            ("crc64nvme", answer.checksum_crc64_nvme()),
            ("sha256", answer.checksum_sha256()),
            ("crc32c", answer.checksum_crc32_c()),
            ("crc32", answer.checksum_crc32()),
            ("sha1", answer.checksum_sha1()),
        ];
        let plain = matches!(answer.server_side_encryption(), None | Some(ServerSideEncryption::Aes256))
            && answer.sse_customer_algorithm().is_none();
        Promised::new(known, is_whole, answer.e_tag().filter(|_| plain))
    }};
}

impl Promised {
    pub(super) fn by_get(answer: &GetObjectOutput) -> Self {
        promised!(answer)
    }

    pub(super) fn by_head(answer: &HeadObjectOutput) -> Self {
        promised!(answer)
    }

    /// The algorithm and the result of the checksum over the whole object.
    pub(super) fn checksum(&self) -> Option<(&'static str, &str)> {
        self.checksum.as_ref().map(|(name, value)| (*name, value.as_str()))
    }

    fn new(known: [(&'static str, Option<&str>); 5], is_whole: bool, etag: Option<&str>) -> Self {
        let checksum = known.into_iter().find_map(|(name, value)| {
            // A checksum over the checksums of parts ends in their number.
            value.filter(|value| is_whole && !value.contains('-')).map(|value| (name, value.to_owned()))
        });
        let hex = |etag: &&str| etag.len() == 32 && etag.bytes().all(|byte| byte.is_ascii_hexdigit());
        let md5 = etag.map(|etag| etag.trim_matches('"')).filter(hex).map(str::to_ascii_lowercase);
        Self { checksum, md5 }
    }

    pub(super) fn verifier(self) -> Verifier {
        let implementation = |name| ChecksumAlgorithm::from_str(name).ok().map(ChecksumAlgorithm::into_impl);
        match (self.checksum, self.md5) {
            (Some((name, expected)), md5) => match (implementation(name), md5) {
                (Some(counting), _) => Verifier::Checksum(counting, expected),
                (None, Some(md5)) => Verifier::Md5(Box::default(), md5),
                (None, None) => Verifier::Nothing,
            },
            (None, Some(md5)) => Verifier::Md5(Box::default(), md5),
            (None, None) => Verifier::Nothing,
        }
    }
}

impl Verifier {
    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Checksum(counting, _) => counting.update(bytes),
            Self::Md5(counting, _) => Digest::update(counting.as_mut(), bytes),
            Self::Nothing => {}
        }
    }

    /// Whether all bytes together were as promised.
    pub(super) fn finish(self) -> bool {
        match self {
            Self::Checksum(counting, expected) => base64::encode(counting.finalize()) == expected,
            Self::Md5(counting, expected) => {
                let hex: String = counting.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
                hex == expected
            }
            Self::Nothing => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(checksum: Option<(&'static str, &str)>, is_whole: bool, etag: Option<&str>) -> Promised {
        let names = ["crc64nvme", "sha256", "crc32c", "crc32", "sha1"];
        let known = names.map(|name| (name, checksum.filter(|(known, _)| *known == name).map(|(_, value)| value)));
        Promised::new(known, is_whole, etag)
    }

    fn accepts(promised: Promised, bytes: &[u8]) -> bool {
        let mut verifier = promised.verifier();
        bytes.chunks(3).for_each(|chunk| verifier.update(chunk));
        verifier.finish()
    }

    #[test]
    fn wrong_bytes_are_noticed_by_whatever_is_known() {
        for (name, value) in [
            ("crc32", "DUoRhQ=="),
            ("sha1", "Kq5sNclPz7QV2+lfQIuc6R7oRu0="),
            ("sha256", "uU0nuZNNPgilLlLX2n2r+sSE7+N6U4DukIj3rOLvzek="),
        ] {
            assert!(accepts(of(Some((name, value)), true, None), b"hello world"), "{name}");
            assert!(!accepts(of(Some((name, value)), true, None), b"hello w0rld"), "{name}");
        }
        let etag = "\"5eb63bbbe01eeed093cb22bb8f5acdc3\"";
        assert!(accepts(of(None, true, Some(etag)), b"hello world"));
        assert!(!accepts(of(None, true, Some(etag)), b"hello world!"));
    }

    #[test]
    fn what_is_said_of_parts_says_nothing_of_the_whole() {
        assert!(accepts(of(Some(("crc32", "AAAAAA==-2")), true, Some("\"5eb63bbbe01eeed093cb22bb8f5acdc3-2\"")), b"x"));
        assert!(accepts(of(Some(("crc32", "AAAAAA==")), false, None), b"x"));
        assert!(accepts(of(None, true, None), b"x"));
    }
}
