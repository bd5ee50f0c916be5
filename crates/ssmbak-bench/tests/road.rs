//! The server as an account is: encrypted, with quotas, with others.

#![allow(clippy::unwrap_used, reason = "what a test cannot do is its failure")]

use std::sync::Arc;
use std::time::Duration;

use ssmbak_bench::{BUCKET, Bucket, Conditions, History, NEIGHBOUR, Server, Spec};
use ssmbak_emulators::{Venv, http};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::pki_types::pem::PemObject as _;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, RootCertStore, crypto::ring};

async fn server(conditions: Conditions) -> (Server, u16) {
    let history = History::new(Spec::new(4, 1));
    let server = Server::start_with(Bucket::new(history), Duration::ZERO, 0, conditions).await.unwrap();
    let port = server.endpoint().rsplit(':').next().unwrap().parse().unwrap();
    (server, port)
}

async fn ask(port: u16, method: &'static str, path: String, headers: Vec<(&'static str, &'static str)>) -> http::Reply {
    tokio::task::spawn_blocking(move || http::request(port, method, &path, &headers, r#"{"Name":"/none"}"#))
        .await
        .unwrap()
        .unwrap()
}

#[tokio::test]
async fn neighbour_takes_from_the_quota_and_is_counted_apart() {
    let (server, port) = server(Conditions { reads: 1.0, ..Conditions::default() }).await;
    let read = ("x-amz-target", "AmazonSSM.GetParameter");
    let answered = ask(port, "POST", "/".to_owned(), vec![read, (NEIGHBOUR, "1")]).await;
    assert!(answered.body.contains("ParameterNotFound"), "{}", answered.body);
    let refused = ask(port, "POST", "/".to_owned(), vec![read, (NEIGHBOUR, "1")]).await;
    assert!(refused.body.contains("ThrottlingException"), "{}", refused.body);
    assert_eq!(server.counts().neighbour(), (2, 1));
    assert_eq!((server.counts().total(), server.counts().peaks().len()), (0, 0));
    let ours = ask(port, "POST", "/".to_owned(), vec![read]).await;
    assert!(ours.body.contains("ThrottlingException"), "{}", ours.body);
    assert_eq!(server.counts().refused().get("GetParameter"), Some(&1));
    assert_eq!(server.counts().peaks().get("Reads"), Some(&1));
}

#[tokio::test]
async fn s3_answers_503_until_it_has_risen() {
    let (server, port) = server(Conditions { s3: 20.0, ..Conditions::default() }).await;
    let mut refused = 0;
    for round in 0..3 {
        for _ in 0..100 {
            let reply = ask(port, "GET", format!("/{BUCKET}?versioning"), Vec::new()).await;
            assert!([200, 503].contains(&reply.status), "{}", reply.status);
            assert_eq!(reply.status == 503, reply.body.contains("SlowDown"));
            refused += u64::from(reply.status == 503);
        }
        assert!(refused > round, "all of a hundred at once were answered");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    assert_eq!(server.counts().refused().get("GetBucketVersioning"), Some(&refused));
}

#[tokio::test]
async fn message_that_is_sent_waits_once() {
    let (_server, port) = server(Conditions::default()).await;
    let send = |body: &'static str| {
        let headers = [("x-amz-target", "AmazonSQS.SendMessage")];
        tokio::task::spawn_blocking(move || http::request(port, "POST", "/", &headers, body).unwrap().status)
    };
    assert_eq!(send(r#"{"QueueUrl":"q","MessageBody":"go on"}"#).await.unwrap(), 200);
    assert_eq!(send("{}").await.unwrap(), 400);
    let messages = async || ask(port, "GET", "/_bench/messages".to_owned(), Vec::new()).await.body;
    assert_eq!(messages().await, r#"["go on"]"#);
    assert_eq!(messages().await, "[]");
}

#[tokio::test]
async fn the_same_is_served_over_tls() {
    let folder = tempfile::tempdir().unwrap();
    let venv = Venv::ready().unwrap();
    assert!(venv.script("certificate.py").arg(folder.path()).status().unwrap().success());
    let (mut server, _) = server(Conditions::default()).await;
    assert_eq!(server.encrypted_endpoint(), None);
    server.encrypt(folder.path()).await.unwrap();
    let endpoint = server.encrypted_endpoint().unwrap();
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_file(folder.path().join("ca.pem")).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = tokio::net::TcpStream::connect(endpoint.trim_start_matches("https://")).await.unwrap();
    let name = ServerName::try_from("127.0.0.1").unwrap();
    let mut stream = TlsConnector::from(Arc::new(config)).connect(name, stream).await.unwrap();
    let request = format!("GET /{BUCKET}?versioning HTTP/1.1\r\nHost: s3\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut reply = String::new();
    // Whoever closes without a word of TLS has said all that there is.
    let _ = stream.read_to_string(&mut reply).await;
    assert!(reply.contains("<Status>Enabled</Status>"), "{reply}");
}
