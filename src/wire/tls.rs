//! TLS: the roots, the handshake, and a sentence for each way it fails.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use futures_rustls::TlsConnector;
use futures_rustls::client::TlsStream;
use futures_rustls::rustls::client::danger::{
    HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier,
};
use futures_rustls::rustls::client::{
    verify_server_cert_signed_by_trust_anchor, verify_server_name,
};
use futures_rustls::rustls::crypto::{
    WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature,
};
use futures_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use futures_rustls::rustls::server::ParsedCertificate;
use futures_rustls::rustls::time_provider::TimeProvider;
use futures_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, Error, InvalidMessage,
    OtherError, PeerIncompatible, RootCertStore, SignatureScheme,
};
use rustls_native_certs::ErrorKind;
use smol::lock::OnceCell;

use super::provider::provider;
use super::socket::Tcp;
use crate::clock::Clock;
use crate::failure::{Failure, Stage, plainly};

/// How a failure begins whose cause may be our own clock.
pub const NOT_VALID_YET: &str = "the certificate is not valid yet";

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
    pub(super) async fn connect(&self, host: &str, tcp: Tcp) -> Result<TlsStream<Tcp>, Failure> {
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
        let provider = provider();
        let algorithms = provider.signature_verification_algorithms;
        let verifier = Verifier { roots: store(roots)?, algorithms };
        let mut config = ClientConfig::builder_with_details(Arc::new(provider), Arc::new(Calendar))
            .with_safe_default_protocol_versions()
            .map_err(|error| failure(error.to_string()))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
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
            return Err(Failure::new(Stage::Connect, cause));
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

/// What rustls's own verifier does, without revocation lists, of which there are none; and it
/// tells a self-signed certificate from an unknown issuer.
#[derive(Debug)]
struct Verifier {
    roots: RootCertStore,
    algorithms: WebPkiSupportedAlgorithms,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let certificate = ParsedCertificate::try_from(end_entity)?;
        verify_server_cert_signed_by_trust_anchor(
            &certificate,
            &self.roots,
            intermediates,
            now,
            self.algorithms.all,
        )
        .map_err(|error| match error {
            Error::InvalidCertificate(
                CertificateError::UnknownIssuer | CertificateError::Other(_),
            ) if self_signed(end_entity) => {
                CertificateError::Other(OtherError(Arc::new(SelfSigned))).into()
            }
            error => error,
        })?;
        verify_server_name(&certificate, server_name)?;
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, signature, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, signature, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

#[derive(Debug)]
struct SelfSigned;

impl std::fmt::Display for SelfSigned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("self-signed")
    }
}

impl std::error::Error for SelfSigned {}

/// Whether issuer and subject are the same (RFC 5280 §4.1: `TBSCertificate` is version,
/// serial number, signature, issuer, validity, subject, …). For a sentence only: trust was
/// refused already.
fn self_signed(certificate: &[u8]) -> bool {
    let names = || {
        let (_, certificate, _) = der(certificate)?;
        let (_, mut rest, _) = der(certificate)?;
        let (tag, _, after) = der(rest)?;
        const VERSION: u8 = 0xa0;
        if tag == VERSION {
            rest = after;
        }
        let mut field = || {
            let (_, value, after) = der(rest)?;
            rest = after;
            Some(value)
        };
        let (_serial, _signature) = (field()?, field()?);
        let issuer = field()?;
        let _validity = field()?;
        Some((issuer, field()?))
    };
    names().is_some_and(|(issuer, subject)| issuer == subject)
}

/// Tag, content and what follows, of one DER value.
fn der(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (&tag, rest) = bytes.split_first()?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first - 0x80))?;
            (digits.iter().fold(0, |length, &digit| (length << 8) | usize::from(digit)), rest)
        }
        _ => return None,
    };
    let (value, rest) = rest.split_at_checked(length)?;
    Some((tag, value, rest))
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
    failure(match inner {
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
    })
}

fn certificate(host: &str, error: &CertificateError) -> String {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => {
            "the certificate has expired".into()
        }
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            NOT_VALID_YET.into()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            format!("the certificate is for another host than {host}")
        }
        CertificateError::UnknownIssuer => {
            "the certificate is from an authority that this system does not know".into()
        }
        CertificateError::Revoked => "the certificate was revoked".into(),
        CertificateError::Other(other) if other.0.is::<SelfSigned>() => {
            "the certificate is self-signed".into()
        }
        other => format!("the certificate is not acceptable: {other}"),
    }
}
