//! How TLS is spoken: by ring, without a key of our own.
//!
//! rustls's own list of what ring can do is not named here: what is named is linked.

use std::sync::Arc;

use futures_rustls::rustls::crypto::ring::{self, cipher_suite};
use futures_rustls::rustls::crypto::{
    CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, WebPkiSupportedAlgorithms,
};
use futures_rustls::rustls::pki_types::PrivateKeyDer;
use futures_rustls::rustls::sign::SigningKey;
use futures_rustls::rustls::{Error, SignatureScheme, SupportedCipherSuite};
use webpki::ring as webpki_ring;

/// What a handshake is made with. A client without a certificate never signs: half of ring stays
/// out of the binary.
pub(crate) fn provider() -> CryptoProvider {
    CryptoProvider {
        cipher_suites: SUITES.to_vec(),
        kx_groups: ring::ALL_KX_GROUPS.to_vec(),
        signature_verification_algorithms: ALGORITHMS,
        secure_random: &Random,
        key_provider: &NoKeys,
    }
}

/// In the order of rustls.
///
/// Every server of TLS 1.3 has AES-128-GCM (RFC 8446 §9.1), those of TLS 1.2 have it, too, and every
/// x86-64 that is in use computes it faster than ChaCha20-Poly1305: 50 kB that would not be used.
/// An ARM without instructions for AES is where they are.
static SUITES: &[SupportedCipherSuite] = &[
    cipher_suite::TLS13_AES_256_GCM_SHA384,
    cipher_suite::TLS13_AES_128_GCM_SHA256,
    #[cfg(not(target_arch = "x86_64"))]
    cipher_suite::TLS13_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
    #[cfg(not(target_arch = "x86_64"))]
    cipher_suite::TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
    cipher_suite::TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
    #[cfg(not(target_arch = "x86_64"))]
    cipher_suite::TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
];

/// The signatures that rustls takes with ring, all of them; a test compares.
static ALGORITHMS: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[
        webpki_ring::ECDSA_P256_SHA256,
        webpki_ring::ECDSA_P256_SHA384,
        webpki_ring::ECDSA_P384_SHA256,
        webpki_ring::ECDSA_P384_SHA384,
        webpki_ring::ED25519,
        webpki_ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY,
        webpki_ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY,
        webpki_ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY,
        webpki_ring::RSA_PKCS1_2048_8192_SHA256,
        webpki_ring::RSA_PKCS1_2048_8192_SHA384,
        webpki_ring::RSA_PKCS1_2048_8192_SHA512,
        webpki_ring::RSA_PKCS1_2048_8192_SHA256_ABSENT_PARAMS,
        webpki_ring::RSA_PKCS1_2048_8192_SHA384_ABSENT_PARAMS,
        webpki_ring::RSA_PKCS1_2048_8192_SHA512_ABSENT_PARAMS,
    ],
    mapping: &[
        (
            SignatureScheme::ECDSA_NISTP384_SHA384,
            &[webpki_ring::ECDSA_P384_SHA384, webpki_ring::ECDSA_P256_SHA384],
        ),
        (
            SignatureScheme::ECDSA_NISTP256_SHA256,
            &[webpki_ring::ECDSA_P256_SHA256, webpki_ring::ECDSA_P384_SHA256],
        ),
        (SignatureScheme::ED25519, &[webpki_ring::ED25519]),
        (SignatureScheme::RSA_PSS_SHA512, &[webpki_ring::RSA_PSS_2048_8192_SHA512_LEGACY_KEY]),
        (SignatureScheme::RSA_PSS_SHA384, &[webpki_ring::RSA_PSS_2048_8192_SHA384_LEGACY_KEY]),
        (SignatureScheme::RSA_PSS_SHA256, &[webpki_ring::RSA_PSS_2048_8192_SHA256_LEGACY_KEY]),
        (SignatureScheme::RSA_PKCS1_SHA512, &[webpki_ring::RSA_PKCS1_2048_8192_SHA512]),
        (SignatureScheme::RSA_PKCS1_SHA384, &[webpki_ring::RSA_PKCS1_2048_8192_SHA384]),
        (SignatureScheme::RSA_PKCS1_SHA256, &[webpki_ring::RSA_PKCS1_2048_8192_SHA256]),
    ],
};

/// The kernel's.
#[derive(Debug)]
struct Random;

impl SecureRandom for Random {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        use ::ring::rand::{SecureRandom as _, SystemRandom};
        SystemRandom::new().fill(bytes).map_err(|_| GetRandomFailed)
    }
}

#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General("no client certificates".into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_signatures_are_those_of_rustls() {
        let theirs = ring::default_provider().signature_verification_algorithms;
        assert_eq!(format!("{:?}", ALGORITHMS.all), format!("{:?}", theirs.all));
        assert_eq!(format!("{:?}", ALGORITHMS.mapping), format!("{:?}", theirs.mapping));
    }

    #[test]
    fn the_suites_are_those_of_rustls_in_their_order() {
        let mut theirs = ring::default_provider().cipher_suites;
        let chacha = |suite: &SupportedCipherSuite| format!("{suite:?}").contains("CHACHA20");
        theirs.retain(|suite| !cfg!(target_arch = "x86_64") || !chacha(suite));
        assert_eq!(SUITES, theirs);
    }
}
