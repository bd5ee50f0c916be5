//! As much of an HTTP/1.1 server as the Lambda runtime's client needs: kept-alive connections, bodies with a length or in
//! chunks.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::TcpStream;

/// A request.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) method: String,
    pub(crate) path: String,
    /// Names in lower case.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
    /// Whether it is the last one on its connection.
    pub(crate) last: bool,
}

/// One client's connection.
#[derive(Debug)]
pub(crate) struct Connection {
    reader: BufReader<TcpStream>,
}

impl Connection {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self { reader: BufReader::new(stream) }
    }

    /// The next request, or `None` when the client is done.
    pub(crate) fn read(&mut self) -> io::Result<Option<Request>> {
        let Some(first) = self.line()? else { return Ok(None) };
        let mut words = first.split(' ');
        let (Some(method), Some(path)) = (words.next(), words.next()) else { return Err(malformed("request line")) };
        let (method, path) = (method.to_owned(), path.to_owned());
        let mut last = words.next() == Some("HTTP/1.0");
        let mut length = 0;
        let mut chunked = false;
        let mut headers = Vec::new();
        loop {
            let header = self.line()?.ok_or_else(|| malformed("header"))?;
            if header.is_empty() {
                break;
            }
            let (name, value) = header.split_once(':').ok_or_else(|| malformed("header"))?;
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
            match (name.to_ascii_lowercase().as_str(), value.trim()) {
                ("content-length", value) => length = value.parse().map_err(|_| malformed("length"))?,
                ("connection", value) if value.eq_ignore_ascii_case("close") => last = true,
                // Who asks first waits for this before it sends the body.
                ("expect", _) => self.reader.get_mut().write_all(b"HTTP/1.1 100 Continue\r\n\r\n")?,
                ("transfer-encoding", value) => chunked = value.eq_ignore_ascii_case("chunked"),
                _ => {}
            }
        }
        let body = if chunked { self.chunks()? } else { self.exactly(length)? };
        Ok(Some(Request { method, path, headers, body, last }))
    }

    /// Sends a reply.
    pub(crate) fn write(&mut self, status: &str, headers: &[(&str, &str)], body: &str) -> io::Result<()> {
        let mut head =
            format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n", body.len());
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        // In one write: a second small one would wait for the acknowledgement of the first.
        self.reader.get_mut().write_all(format!("{head}\r\n{body}").as_bytes())
    }

    /// Sends what another server has answered, as it is.
    pub(crate) fn relay(&mut self, answer: &[u8]) -> io::Result<()> {
        self.reader.get_mut().write_all(answer)
    }

    /// Whether the client has hung up while it waits for a reply.
    pub(crate) fn is_closed(&self) -> bool {
        let stream = self.reader.get_ref();
        if stream.set_nonblocking(true).is_err() {
            return true;
        }
        let peeked = stream.peek(&mut [0]);
        let restored = stream.set_nonblocking(false);
        restored.is_err() || !matches!(peeked, Err(error) if error.kind() == io::ErrorKind::WouldBlock)
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        if self.reader.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        Ok(Some(line.trim_end_matches(['\r', '\n']).to_owned()))
    }

    fn exactly(&mut self, length: usize) -> io::Result<Vec<u8>> {
        let mut body = vec![0; length];
        self.reader.read_exact(&mut body)?;
        Ok(body)
    }

    fn chunks(&mut self) -> io::Result<Vec<u8>> {
        let mut body = Vec::new();
        loop {
            let size = self.line()?.ok_or_else(|| malformed("chunk"))?;
            let size = usize::from_str_radix(size.split(';').next().unwrap_or_default(), 16)
                .map_err(|_| malformed("chunk"))?;
            if size == 0 {
                // Trailers, of which nobody here sends any, and the empty line that ends them.
                while self.line()?.is_some_and(|line| !line.is_empty()) {}
                return Ok(body);
            }
            body.extend(self.exactly(size)?);
            self.line()?;
        }
    }
}

fn malformed(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, format!("malformed {what}"))
}
