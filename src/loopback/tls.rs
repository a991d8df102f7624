//! TLS for the embedded web, by rustls's server side, for benchmarks and tests. The key is public: it protects nothing.

use std::io;
use std::pin::Pin;
use std::sync::Arc;

use futures_lite::FutureExt;
use futures_rustls::TlsAcceptor;
use futures_rustls::rustls::crypto::ring;
use futures_rustls::rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use futures_rustls::rustls::{Error, ServerConfig};

use super::{Accept, Stream};

/// A self-signed certificate for 127.0.0.1, no authority, valid until 9999, in DER. It was made once by
/// `openssl genpkey -algorithm ed25519` and `openssl ca -selfsign -startdate 20000101000000Z -enddate
/// 99991231235959Z`, with `basicConstraints = critical, CA:FALSE` and `subjectAltName = IP:127.0.0.1`.
pub const CERTIFICATE: &[u8] = include_bytes!("newsweb.der");

/// The private key of [`CERTIFICATE`], Ed25519 in PKCS#8 (RFC 8410 §7): a fixed head of 16 bytes, then the seed.
const KEY: [u8; 48] = [
    0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20,
    0x5a, 0x1e, 0x0b, 0xe5, 0x33, 0xec, 0x85, 0x67, 0xef, 0x72, 0x2a, 0x3a, 0x37, 0xb6, 0x71, 0x68,
    0x1b, 0xb8, 0xbf, 0x22, 0x1e, 0x22, 0xde, 0x0b, 0xce, 0x1a, 0xa6, 0xbe, 0x75, 0xfc, 0x10, 0x19,
];

/// Accepts TLS connections with [`CERTIFICATE`], for [`super::WebOptions::accept`].
pub fn accept() -> Accept {
    let config = server_config().map(Arc::new);
    Arc::new(move |stream| {
        let config = config.clone();
        async move {
            let acceptor = TlsAcceptor::from(config.map_err(io::Error::other)?);
            let stream: Pin<Box<dyn Stream>> = Box::pin(acceptor.accept(stream).await?);
            Ok(stream)
        }
        .boxed()
    })
}

fn server_config() -> Result<ServerConfig, Error> {
    ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from(CERTIFICATE)],
            PrivatePkcs8KeyDer::from(&KEY[..]).into(),
        )
}
