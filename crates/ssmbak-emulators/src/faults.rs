//! Calls to AWS that go wrong: a proxy in front of an emulator that fails the call it is told to.

use std::collections::BTreeMap;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

use crate::calls::{call, forward};
use crate::wire::{Connection, Request};

/// How a call goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Fault {
    /// AWS asks to slow down, this once.
    ThrottledOnce,
    /// AWS asks to slow down from here on.
    Throttled,
    /// The caller lacks the permission, from here on.
    Refused,
    /// AWS fails (500), from here on.
    Broken,
    /// The connection ends before anything is done, this once.
    Reset,
    /// It is done, and the answer is lost, this once.
    Lost,
    /// The answer never comes, this once.
    HangOnce,
    /// No answer comes any more.
    Hang,
    /// The clock of the machine is wrong, from here on.
    Skewed,
    /// The credentials have ended, from here on.
    Expired,
    /// The caller lacks the permission, and is told so without a body, from here on.
    Wordless,
    /// Parameter Store answers 200 with an empty object and does nothing, from here on. It is for Parameter Store alone, and
    /// so not in [`Fault::ALL`].
    Hollow,
    /// The answer is not whole, from here on: a listing without its end, or with the same page token for ever, or a body
    /// that breaks off.
    Cut,
}

impl Fault {
    /// All of them, but for [`Fault::Hollow`].
    pub const ALL: [Self; 12] = [
        Self::ThrottledOnce,
        Self::Throttled,
        Self::Refused,
        Self::Broken,
        Self::Reset,
        Self::Lost,
        Self::HangOnce,
        Self::Hang,
        Self::Skewed,
        Self::Expired,
        Self::Wordless,
        Self::Cut,
    ];

    fn is_lasting(self) -> bool {
        !matches!(self, Self::ThrottledOnce | Self::Reset | Self::Lost | Self::HangOnce)
    }

    /// Status, the error's name in a JSON service, and its name in S3.
    fn error(self) -> (&'static str, &'static str, &'static str) {
        match self {
            Self::Refused => ("403 Forbidden", "AccessDeniedException", "AccessDenied"),
            Self::Broken => ("500 Internal Server Error", "InternalServerError", "InternalError"),
            Self::Skewed => ("403 Forbidden", "InvalidSignatureException", "RequestTimeTooSkewed"),
            Self::Expired => ("400 Bad Request", "ExpiredTokenException", "ExpiredToken"),
            Self::Wordless => ("403 Forbidden", "", ""),
            _ => ("503 Slow Down", "ThrottlingException", "SlowDown"),
        }
    }
}

#[derive(Debug, Default)]
struct State {
    planned: Option<(String, usize, Fault)>,
    counts: BTreeMap<String, usize>,
}

/// A proxy that fails calls, on a port of its own; it serves as long as the process lives.
#[derive(Clone, Debug)]
pub struct FaultProxy {
    address: SocketAddr,
    state: Arc<Mutex<State>>,
}

impl FaultProxy {
    /// Stands before a port of this machine.
    ///
    /// # Errors
    /// If the system gives it no port.
    pub fn before(port: u16) -> io::Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let proxy = Self { address: listener.local_addr()?, state: Arc::default() };
        let served = proxy.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let served = served.clone();
                // A connection that breaks is what is tested.
                thread::spawn(move || drop(served.serve(Connection::new(stream), port)));
            }
        });
        Ok(proxy)
    }

    /// Its URL.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Fails a call of an operation, the first being number 1; and all after it, if the fault lasts. Counts anew.
    pub fn fail(&self, operation: &str, number: usize, fault: Fault) {
        *self.lock() = State { planned: Some((operation.to_owned(), number, fault)), counts: BTreeMap::new() };
    }

    /// Fails nothing any more, and counts anew.
    pub fn heal(&self) {
        *self.lock() = State::default();
    }

    /// Whether a call is to fail, or has.
    #[must_use]
    pub fn is_failing(&self) -> bool {
        self.lock().planned.is_some()
    }

    /// How often each operation was called.
    #[must_use]
    pub fn counts(&self) -> BTreeMap<String, usize> {
        self.lock().counts.clone()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn note(&self, operation: &str) -> Option<Fault> {
        let mut state = self.lock();
        let count = state.counts.entry(operation.to_owned()).or_default();
        *count += 1;
        let count = *count;
        let (failing, number, fault) = state.planned.as_ref()?;
        let meant = count == *number || (count > *number && fault.is_lasting());
        (failing == operation && meant).then_some(*fault)
    }

    /// One request: its answer says that the connection ends with it.
    fn serve(&self, mut client: Connection, port: u16) -> io::Result<()> {
        let Some(request) = client.read()? else { return Ok(()) };
        let operation = call(&request).map_or_else(|| request.method.clone(), |call| call.operation);
        match self.note(&operation) {
            None => client.relay(&forward(&request, port)?),
            Some(Fault::Reset) => Ok(()),
            Some(Fault::Lost) => forward(&request, port).map(drop),
            Some(Fault::HangOnce | Fault::Hang) => {
                while !client.is_closed() {
                    thread::sleep(Duration::from_millis(20));
                }
                Ok(())
            }
            Some(Fault::Cut) => client.relay(&cut(&forward(&request, port)?, is_json(&request))),
            Some(Fault::Hollow) => client.write("200 OK", &[("Connection", "close")], "{}"),
            Some(fault) => refuse(&mut client, &request, fault),
        }
    }
}

fn is_json(request: &Request) -> bool {
    request.headers.iter().any(|(name, _)| name == "x-amz-target")
}

/// The id of every refused request.
pub const REQUEST_ID: &str = "TX0123456789ABCDEF";

fn refuse(client: &mut Connection, request: &Request, fault: Fault) -> io::Result<()> {
    let (status, of_json, of_s3) = fault.error();
    let message = if fault == Fault::Skewed { "Signature expired: it is later than that" } else { "by the test" };
    let close = ("Connection", "close");
    if fault == Fault::Wordless {
        return client.write(status, &[close], "");
    }
    if is_json(request) {
        let body = format!("{{\"__type\":\"{of_json}\",\"message\":\"{message}\"}}");
        // Parameter Store says 400 to all that is not its own failure.
        let status = if fault == Fault::Broken { status } else { "400 Bad Request" };
        return client.write(status, &[close, ("x-amzn-errortype", of_json), ("x-amzn-requestid", REQUEST_ID)], &body);
    }
    let body = format!("<Error><Code>{of_s3}</Code><Message>{message}</Message></Error>");
    client.write(status, &[close, ("x-amz-request-id", REQUEST_ID)], if request.method == "HEAD" { "" } else { &body })
}

/// An answer that is not whole.
fn cut(answer: &[u8], json: bool) -> Vec<u8> {
    let text = String::from_utf8_lossy(answer);
    let Some((head, body)) = text.split_once("\r\n\r\n") else { return answer.to_vec() };
    let body = if json && let Some(end) = body.rfind('}').filter(|_| body.contains("\"Parameters\"")) {
        format!("{}, \"NextToken\": \"0\"}}", body.get(..end).unwrap_or_default())
    } else if let Some((before, after)) = body.split_once("<IsTruncated>") {
        let rest = after.split_once("</IsTruncated>").map_or("", |(_, rest)| rest);
        let kept = rest.split_once("</Version>").map_or(rest.to_owned(), |(first, after)| {
            let end = after.rsplit_once("</").map_or("", |(_, end)| end);
            format!("{first}</Version></{end}")
        });
        format!("{before}{kept}")
    } else {
        let half = (0..=body.len() / 2).rev().find(|at| body.is_char_boundary(*at)).unwrap_or(0);
        body.get(..half).unwrap_or_default().to_owned()
    };
    let head: Vec<&str> =
        head.split("\r\n").filter(|line| !line.to_ascii_lowercase().starts_with("content-length:")).collect();
    format!("{}\r\ncontent-length: {}\r\n\r\n{body}", head.join("\r\n"), body.len()).into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cut_listing_is_well_formed_and_does_not_end() {
        let whole = b"HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n<L><IsTruncated>false</IsTruncated>\
            <Version><Key>a</Key></Version><Version><Key>b</Key></Version></L>";
        let cut_off = String::from_utf8(cut(whole, false)).unwrap();
        assert!(cut_off.ends_with("\r\n\r\n<L><Version><Key>a</Key></Version></L>"), "{cut_off}");
        let page = b"HTTP/1.1 200 OK\r\n\r\n{\"Parameters\": []}";
        let endless = String::from_utf8(cut(page, true)).unwrap();
        assert!(endless.ends_with("{\"Parameters\": [], \"NextToken\": \"0\"}"), "{endless}");
    }
}
