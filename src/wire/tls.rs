//! TLS: the roots, the handshake, and a sentence for each way it fails.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use async_io::Async;
use futures_rustls::TlsConnector;
use futures_rustls::client::TlsStream;
use futures_rustls::rustls::crypto::ring;
use futures_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use futures_rustls::rustls::time_provider::TimeProvider;
use futures_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, Error, InvalidMessage, OtherError,
    PeerIncompatible, RootCertStore,
};
use rustls_native_certs::ErrorKind;
use smol::lock::OnceCell;

use crate::clock::Clock;
use crate::failure::{Failure, Fault, Stage, plainly};

/// What all handshakes share, made at the first of them: reading the roots takes milliseconds.
#[derive(Debug, Default)]
pub(super) struct Tls {
    config: OnceCell<Arc<ClientConfig>>,
    /// Instead of the system's.
    roots: Option<Vec<CertificateDer<'static>>>,
}

impl Tls {
    /// Trusts these authorities, in DER, and no others.
    pub(super) fn trusting(roots: Vec<Vec<u8>>) -> Tls {
        let roots = roots.into_iter().map(CertificateDer::from).collect();
        Tls { roots: Some(roots), ..Tls::default() }
    }

    /// Shakes hands with the server of `host` (a name, or a literal; IPv6 in brackets).
    pub(super) async fn connect(
        &self,
        host: &str,
        tcp: Async<TcpStream>,
    ) -> Result<TlsStream<Async<TcpStream>>, Failure> {
        let name = host.trim_start_matches('[').trim_end_matches(']');
        let name = ServerName::try_from(name.strip_suffix('.').unwrap_or(name).to_string())
            .map_err(|_| failure(format!("{host} is not a name a certificate can be for")))?;
        let config = self.config.get_or_try_init(|| configure(self.roots.clone())).await?.clone();
        TlsConnector::from(config).connect(name, tcp).await.map_err(|error| explain(host, &error))
    }
}

async fn configure(
    roots: Option<Vec<CertificateDer<'static>>>,
) -> Result<Arc<ClientConfig>, Failure> {
    smol::unblock(move || {
        let provider = Arc::new(ring::default_provider());
        let mut config = ClientConfig::builder_with_details(provider, Arc::new(Calendar))
            .with_safe_default_protocol_versions()
            .map_err(|error| failure(error.to_string()))?
            .with_root_certificates(store(roots)?)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    })
    .await
}

/// What day it is, for what certificates say. rustls's own asks `SystemTime`, see [`Clock::wall`].
#[derive(Debug)]
struct Calendar;

impl TimeProvider for Calendar {
    fn current_time(&self) -> Option<UnixTime> {
        let seconds = u64::try_from(Clock::system().wall().unix()).unwrap_or(0);
        Some(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
    }
}

/// The system's certificate authorities; Mozilla's when the system has none. Who names a store
/// (`SSL_CERT_FILE`, `SSL_CERT_DIR`) gets that store or an error, never another.
fn store(given: Option<Vec<CertificateDer<'static>>>) -> Result<RootCertStore, Failure> {
    let mut roots = RootCertStore::empty();
    if let Some(given) = given {
        roots.add_parsable_certificates(given);
        return Ok(roots);
    }
    let found = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(found.certs);
    if roots.is_empty() {
        let full = |error: &rustls_native_certs::Error| match &error.kind {
            ErrorKind::Io { inner, .. } => super::out_of_descriptors(inner),
            _ => false,
        };
        if found.errors.iter().any(full) {
            let cause = "too many open files to read the certificate authorities";
            return Err(Failure::new(Stage::Connect, cause).ours());
        }
        for name in ["SSL_CERT_FILE", "SSL_CERT_DIR"] {
            if std::env::var_os(name).is_some() {
                let cause = format!("no certificate authority could be read where {name} points");
                return Err(failure(cause));
            }
        }
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    Ok(roots)
}

fn failure(cause: impl Into<String>) -> Failure {
    Failure::new(Stage::Tls, cause)
}

/// A sentence about a failed handshake. What the network did to it may pass, so that is a
/// failure to connect.
fn explain(host: &str, error: &io::Error) -> Failure {
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<Error>());
    let Some(inner) = inner else {
        let cause = match error.kind() {
            io::ErrorKind::UnexpectedEof => "the connection was closed".into(),
            _ => plainly(error),
        };
        return Failure::new(Stage::Connect, format!("{cause} during the TLS handshake"));
    };
    let early = |error: &CertificateError| {
        matches!(error, CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. })
    };
    let fault = match inner {
        Error::InvalidCertificate(error) if early(error) => Fault::Clock,
        _ => Fault::Theirs,
    };
    let failed = failure(match inner {
        Error::InvalidCertificate(error) => certificate(host, error),
        Error::InvalidMessage(
            InvalidMessage::InvalidContentType
            | InvalidMessage::UnknownProtocolVersion
            | InvalidMessage::MessageTooLarge,
        ) => "the server does not speak TLS on this port".into(),
        Error::PeerIncompatible(
            PeerIncompatible::ServerTlsVersionIsDisabledByOurConfig
            | PeerIncompatible::ServerDoesNotSupportTls12Or13,
        )
        | Error::AlertReceived(AlertDescription::ProtocolVersion) => {
            "the server speaks neither TLS 1.2 nor 1.3".into()
        }
        Error::AlertReceived(AlertDescription::UnrecognisedName) => {
            format!("the server knows no site called {host}")
        }
        Error::AlertReceived(alert) => format!("the server broke off the handshake ({alert:?})"),
        other => format!("the handshake failed: {other}"),
    });
    Failure { fault, ..failed }
}

fn certificate(host: &str, error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "the certificate is not valid yet".into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate is for another host than {host}")
        }
        CertificateError::UnknownIssuer => {
            "the certificate is self-signed, or from an authority that this system does not know"
                .into()
        }
        // `openssl req -x509` makes a self-signed certificate that says it is an authority.
        CertificateError::Other(OtherError(other))
            if other.downcast_ref() == Some(&webpki::Error::CaUsedAsEndEntity) =>
        {
            "the certificate is that of an authority: self-signed, and meant for no server".into()
        }
        CertificateError::Revoked => "the certificate was revoked".into(),
        other => format!("the certificate is not acceptable: {other}"),
    }
}
