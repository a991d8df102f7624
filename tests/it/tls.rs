//! Certificates and handshakes, good and bad, each with its own sentence.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;

use futures_rustls::rustls::crypto::ring;
use futures_rustls::rustls::pki_types::pem::PemObject;
use futures_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use futures_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};
use newsagg::clock::Clock;
use newsagg::failure::{Failure, Stage};
use newsagg::http::{Request, Response, Url};
use newsagg::transport::{Options, Transport};

use crate::support::proxy::proxy;
use crate::support::server::*;

/// A certificate and its private key, of `tests/fixtures/tls`.
fn file(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/tls");
    fs::read(folder.join(name).with_extension("pem")).expect(name)
}

/// A transport that trusts the authority `known`.
fn transport() -> Transport {
    let authority = CertificateDer::from_pem_slice(&file("known")).unwrap();
    Transport::trusting(Clock::system(), vec![authority.to_vec()])
}

/// A TLS server that answers every request on a connection with its path, or a redirect.
fn serve(certificate: &str, redirect: Option<String>) -> Server {
    let pem = file(certificate);
    let certificate = CertificateDer::from_pem_slice(&pem).unwrap();
    let key = PrivateKeyDer::from_pem_slice(&pem).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let config = Arc::new(config);
    Server::start(move |connection| {
        let tls = ServerConnection::new(config.clone()).unwrap();
        speak(StreamOwned::new(tls, connection.stream), redirect.as_deref());
    })
}

fn speak(mut stream: StreamOwned<ServerConnection, TcpStream>, redirect: Option<&str>) {
    let mut head = Vec::new();
    let mut byte = [0];
    while let Ok(1) = stream.read(&mut byte) {
        head.push(byte[0]);
        if head.ends_with(b"\r\n\r\n") {
            let text = String::from_utf8(std::mem::take(&mut head)).unwrap();
            let path = text.split(' ').nth(1).unwrap();
            let answer = match (redirect, path) {
                (Some(target), _) => moved(302, target),
                // Cut off, without the close_notify that says it is the end.
                (None, "/cut") => b"HTTP/1.1 200 OK\r\n\r\npart of".to_vec(),
                (None, path) => ok(path),
            };
            if stream.write_all(&answer).is_err() || path == "/cut" {
                return;
            }
        }
    }
}

fn https(server: &Server, host: &str, path: &str) -> Url {
    Url::parse(&format!("https://{host}:{}{path}", server.address.port())).unwrap()
}

fn ask(transport: &Transport, url: Url) -> Result<Response, Failure> {
    exchange(transport, &Request::get(url), PATIENCE).result
}

#[track_caller]
fn refused(transport: &Transport, url: Url, cause: &str) {
    let failure = ask(transport, url).unwrap_err();
    assert_eq!((failure.stage, failure.cause.as_str()), (Stage::Tls, cause));
}

#[test]
fn a_good_certificate_is_accepted_and_the_connection_kept() {
    let server = serve("localhost", None);
    let transport = transport();
    for path in ["/1", "/2", "/3"] {
        let exchange =
            exchange(&transport, &Request::get(https(&server, "localhost", path)), PATIENCE);
        assert_eq!(exchange.result.unwrap().body, path.as_bytes());
        assert_eq!(exchange.timing.tls.is_zero(), path != "/1");
    }
    assert_eq!(server.connections(), 1);
    let server = serve("address", None);
    assert_eq!(ask(&transport, https(&server, "127.0.0.1", "/ip")).unwrap().body, b"/ip");
}

#[test]
fn each_bad_certificate_is_refused_with_its_own_sentence() {
    let transport = transport();
    let unknown =
        "the certificate is self-signed, or from an authority that this system does not know";
    for (certificate, cause) in [
        ("expired", "the certificate has expired"),
        ("early", "the certificate is not valid yet"),
        ("other", "the certificate is for another host than localhost"),
        ("stranger", unknown),
        ("own", unknown),
    ] {
        let server = serve(certificate, None);
        refused(&transport, https(&server, "localhost", "/?key=secret"), cause);
    }
}

#[test]
fn what_is_not_tls_is_refused() {
    let transport = transport();
    let answers = |bytes: &'static [u8]| {
        Server::start(move |mut connection| {
            drop(connection.stream.read(&mut [0; 2048]));
            connection.send(bytes);
            connection.hang();
        })
    };
    let http = answers(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
    refused(
        &transport,
        https(&http, "localhost", "/"),
        "the server does not speak TLS on this port",
    );
    // An alert: fatal, protocol_version.
    let old = answers(b"\x15\x03\x02\x00\x02\x02\x46");
    refused(&transport, https(&old, "localhost", "/"), "the server speaks neither TLS 1.2 nor 1.3");
    // A ServerHello of TLS 1.1.
    let older = answers(
        b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x020123456789abcdef0123456789abcdef\x00\x00\x2f\x00",
    );
    refused(
        &transport,
        https(&older, "localhost", "/"),
        "the server speaks neither TLS 1.2 nor 1.3",
    );
    let gone = Server::start(|mut connection| drop(connection.stream.read(&mut [0; 2048])));
    let failure = ask(&transport, https(&gone, "localhost", "/")).unwrap_err();
    assert_eq!(failure.stage, Stage::Connect);
    assert!(failure.cause.ends_with("during the TLS handshake"), "{failure}");
}

#[test]
fn silence_in_the_handshake_ends_at_the_deadline() {
    let server = Server::start(|mut connection| connection.hang());
    let request = Request::get(https(&server, "localhost", "/"));
    let exchange = exchange(&transport(), &request, IMPATIENCE);
    let failure = exchange.result.unwrap_err();
    assert!(failure.stage == Stage::Timeout && failure.cause.contains("TLS"), "{failure}");
}

#[test]
fn a_body_cut_without_a_farewell_is_a_failure() {
    let server = serve("localhost", None);
    let failure = ask(&transport(), https(&server, "localhost", "/cut")).unwrap_err();
    assert_eq!(failure.stage, Stage::Protocol);
}

#[test]
fn https_never_redirects_to_http() {
    let plain = Server::web(|_| ok("plain"));
    let target = plain.url("/x?key=secret").to_string();
    let server = serve("address", Some(target));
    let failure = ask(&transport(), https(&server, "127.0.0.1", "/")).unwrap_err();
    assert_eq!(failure.stage, Stage::Redirect);
    assert_eq!(failure.cause, format!("a redirect from https to {}", plain.url("/x")));
    assert_eq!(plain.connections(), 0);
}

#[test]
fn tunnels_through_a_proxy_are_end_to_end() {
    let server = serve("address", None);
    let proxy = proxy(true);
    let options = Options {
        proxy: Some(Url::parse(&format!("http://me:pw@{}", proxy.address)).unwrap()),
        ..options()
    };
    let transport = transport();
    for path in ["/1", "/2"] {
        let request = Request::get(https(&server, "127.0.0.1", path)).with("x-key", "secret", true);
        let exchange = smol::block_on(transport.get(&request, &options, PATIENCE));
        assert_eq!(exchange.result.unwrap().body, path.as_bytes());
    }
    let seen = proxy.requests();
    assert_eq!((seen.len(), proxy.connections()), (1, 1));
    assert!(
        seen[0].starts_with(&format!("CONNECT {} HTTP/1.1\r\n", server.address)),
        "{}",
        seen[0]
    );
    assert!(!seen[0].contains("secret"));
}
