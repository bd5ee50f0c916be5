//! Answers, and the XML in them.

use std::sync::Arc;

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: Vec<(String, String)>,
    pub(super) body: Arc<[u8]>,
    /// Said instead of the body's length, for a HEAD.
    pub(super) length: Option<usize>,
    /// After so many bytes the connection breaks.
    pub(super) cut: Option<usize>,
    /// Whether the body is that of an object.
    pub(super) is_body: bool,
}

impl Answer {
    pub(super) fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Arc::from([]), length: None, cut: None, is_body: false }
    }

    pub(super) fn xml(text: String) -> Self {
        let mut answer = Self::new(200).with("Content-Type", "application/xml");
        answer.body = text.into_bytes().into();
        answer
    }

    pub(super) fn error(status: u16, code: &str) -> Self {
        let mut answer =
            Self::xml(format!("<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>{code}</Message></Error>"));
        answer.status = status;
        answer
    }

    pub(super) fn with(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.to_owned(), value.into()));
        self
    }

    pub(super) fn reason(&self) -> &'static str {
        match self.status {
            200 => "OK",
            204 => "No Content",
            206 => "Partial Content",
            404 => "Not Found",
            405 => "Method Not Allowed",
            503 => "Slow Down",
            _ => "Answer",
        }
    }
}

/// Text as XML has it.
pub(super) fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

/// Text out of XML.
pub(super) fn unescaped(text: &str) -> String {
    let named = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"").replace("&apos;", "'");
    let numbered = [("&#xA;", "\n"), ("&#xD;", "\r"), ("&#x9;", "\t"), ("&#10;", "\n"), ("&#13;", "\r")];
    numbered.iter().fold(named, |text, (from, to)| text.replace(from, to)).replace("&amp;", "&")
}

/// The text of the first element of this name.
pub(super) fn element<'a>(xml: &'a str, name: &str) -> Option<&'a str> {
    let start = xml.find(&format!("<{name}>"))? + name.len() + 2;
    let rest = xml.get(start..)?;
    rest.get(..rest.find(&format!("</{name}>"))?)
}

/// Seconds since 1970 as RFC 3339, and as HTTP has it.
pub(super) fn dates(seconds: u64) -> (String, String) {
    let days = seconds / 86_400;
    let (hour, minute, second) = (seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
    // Civil from days, with years that begin in March.
    let shifted = days + 719_468;
    let (era, of_era) = (shifted / 146_097, shifted % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted_month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * shifted_month + 2) / 5 + 1;
    let month = if shifted_month < 10 { shifted_month + 3 } else { shifted_month - 9 };
    let year = year_of_era + era * 400 + u64::from(month <= 2);
    const DAYS: [&str; 7] = ["Thu", "Fri", "Sat", "Sun", "Mon", "Tue", "Wed"];
    const MONTHS: [&str; 12] = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let name = |names: &[&'static str], index: u64| {
        usize::try_from(index).ok().and_then(|index| names.get(index)).copied().unwrap_or_default()
    };
    let time = format!("{hour:02}:{minute:02}:{second:02}");
    (
        format!("{year:04}-{month:02}-{day:02}T{time}.000Z"),
        format!("{}, {day:02} {} {year:04} {time} GMT", name(&DAYS, days % 7), name(&MONTHS, month - 1)),
    )
}

#[cfg(test)]
mod tests {
    use super::dates;

    #[test]
    fn dates_are_right() {
        let (rfc, http) = dates(1_718_474_218);
        assert_eq!((rfc.as_str(), http.as_str()), ("2024-06-15T17:56:58.000Z", "Sat, 15 Jun 2024 17:56:58 GMT"));
        assert_eq!(dates(0).0, "1970-01-01T00:00:00.000Z");
        assert_eq!(dates(951_782_400).0, "2000-02-29T00:00:00.000Z");
    }
}
