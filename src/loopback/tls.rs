//! The server's side of TLS 1.3 (RFC 8446), as little of it as a web on loopback needs: one cipher
//! suite, one group, one signature, no resumption. A full server would make the program larger by
//! 100 kB. Its key is in this file: it protects nothing, and is what `newsagg bench` measures.

use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;

use futures_lite::{AsyncWriteExt, FutureExt};
use ring::agreement::{EphemeralPrivateKey, UnparsedPublicKey, X25519, agree_ephemeral};
use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};
use ring::signature::Ed25519KeyPair;
use smol::Async;

use super::{Accept, Stream};

mod record;

use record::{Half, Secured, read_record};

/// For 127.0.0.1, signed by itself, no authority, until 9999. Made once by `openssl genpkey
/// -algorithm ed25519` and `openssl ca -selfsign -startdate 20000101000000Z -enddate
/// 99991231235959Z`, with `basicConstraints = critical, CA:FALSE` and `subjectAltName =
/// IP:127.0.0.1`.
pub const CERTIFICATE: &[u8] = include_bytes!("../../contrib/newsweb.der");

/// Its key: the seed of RFC 8032 §5.1.5.
const SEED: [u8; 32] = [
    0x5a, 0x1e, 0x0b, 0xe5, 0x33, 0xec, 0x85, 0x67, 0xef, 0x72, 0x2a, 0x3a, 0x37, 0xb6, 0x71, 0x68,
    0x1b, 0xb8, 0xbf, 0x22, 0x1e, 0x22, 0xde, 0x0b, 0xce, 0x1a, 0xa6, 0xbe, 0x75, 0xfc, 0x10, 0x19,
];

/// Numbers of RFC 8446: cipher suites (§B.4), groups (§4.2.7), signatures (§4.2.3), extensions
/// (§4.2), versions (§4.1.2).
const AES_128_GCM_SHA256: u16 = 0x1301;
const GROUP_X25519: u16 = 0x001d;
const ED25519: u16 = 0x0807;
const SUPPORTED_VERSIONS: u16 = 43;
const KEY_SHARE: u16 = 51;
const TLS_1_2: u16 = 0x0303;
const TLS_1_3: u16 = 0x0304;

/// Messages of a handshake (§4).
const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const ENCRYPTED_EXTENSIONS: u8 = 8;
const CERTIFICATE_MESSAGE: u8 = 11;
const CERTIFICATE_VERIFY: u8 = 15;
const FINISHED: u8 = 20;

/// Contents of records (§5.1).
const CHANGE_CIPHER_SPEC: u8 = 20;
const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const APPLICATION_DATA: u8 = 23;

/// For [`super::WebOptions::accept`].
pub fn accept() -> Accept {
    Arc::new(|stream| {
        async move {
            let stream: Pin<Box<dyn Stream>> = Box::pin(shake_hands(stream).await?);
            Ok(stream)
        }
        .boxed()
    })
}

/// What goes wrong has one name here: whoever asks is newsagg.
fn refused(why: &'static str) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, why)
}

/// The full handshake of §2, figure 1.
async fn shake_hands(mut tcp: Async<TcpStream>) -> io::Result<Secured> {
    let (kind, hello) = read_record(&mut tcp).await?;
    if kind != HANDSHAKE {
        return Err(refused("no handshake"));
    }
    let client =
        ClientHello::read(&hello).ok_or_else(|| refused("a ClientHello of another kind"))?;
    let (share, shared) = exchange(client.share)?;
    let mut transcript = hello.clone();
    let server_hello = server_hello(client.session, &share)?;
    transcript.extend_from_slice(&server_hello);

    let schedule = Schedule::of(&shared);
    let hash = sha256(&transcript);
    let to_client = expand(&schedule.handshake, "s hs traffic", &hash);
    let to_server = expand(&schedule.handshake, "c hs traffic", &hash);
    let mut write = Half::new(&to_client)?;
    let mut read = Half::new(&to_server)?;

    let mut flight = record::plain(HANDSHAKE, &server_hello);
    // For the sake of what stands between: §D.4.
    flight.extend(record::plain(CHANGE_CIPHER_SPEC, &[1]));
    let proof = proof(&mut transcript, &to_client)?;
    write.seal(HANDSHAKE, &proof, &mut flight)?;
    tcp.write_all(&flight).await?;

    let hash = sha256(&transcript);
    let master = schedule.master();
    let finished = loop {
        let (kind, mut bytes) = read_record(&mut tcp).await?;
        match kind {
            CHANGE_CIPHER_SPEC => {}
            _ => break read.open(kind, &mut bytes)?,
        }
    };
    // §4.4.4
    let expected = message(FINISHED, &[&verify_data(&to_server, &hash)]);
    if finished != (HANDSHAKE, expected) {
        return Err(refused("the client's Finished is wrong"));
    }
    let read = Half::new(&expand(&master, "c ap traffic", &hash))?;
    let write = Half::new(&expand(&master, "s ap traffic", &hash))?;
    Ok(Secured::new(tcp, read, write))
}

/// What the server says of itself and proves: EncryptedExtensions, Certificate, CertificateVerify
/// and Finished (§4.3.1, §4.4.2, §4.4.3, §4.4.4).
fn proof(transcript: &mut Vec<u8>, secret: &[u8; 32]) -> io::Result<Vec<u8>> {
    let from = transcript.len();
    transcript.extend(message(ENCRYPTED_EXTENSIONS, &[&[0, 0]]));
    let certificate = [&length24(CERTIFICATE.len())[..], CERTIFICATE, &[0, 0]].concat();
    let list = length24(certificate.len());
    transcript.extend(message(CERTIFICATE_MESSAGE, &[&[0], &list, &certificate]));

    let mut signed = vec![0x20; 64];
    signed.extend_from_slice(b"TLS 1.3, server CertificateVerify\0");
    signed.extend_from_slice(&sha256(transcript));
    let pair = Ed25519KeyPair::from_seed_unchecked(&SEED).map_err(|_| refused("the key"))?;
    let signature = pair.sign(&signed);
    let signature = signature.as_ref();
    let head = [ED25519, signature.len() as u16].map(u16::to_be_bytes).concat();
    transcript.extend(message(CERTIFICATE_VERIFY, &[&head, signature]));

    let verify = verify_data(secret, &sha256(transcript));
    transcript.extend(message(FINISHED, &[&verify]));
    Ok(transcript[from..].to_vec())
}

/// Our share of the key, and the secret that both have now (§4.2.8.2, §7.4.2).
fn exchange(theirs: &[u8]) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let random = SystemRandom::new();
    let unspecified = |_| refused("the key exchange");
    let own = EphemeralPrivateKey::generate(&X25519, &random).map_err(unspecified)?;
    let share = own.compute_public_key().map_err(unspecified)?.as_ref().to_vec();
    let theirs = UnparsedPublicKey::new(&X25519, theirs);
    let shared = agree_ephemeral(own, &theirs, <[u8]>::to_vec).map_err(unspecified)?;
    Ok((share, shared))
}

/// §4.1.3
fn server_hello(session: &[u8], share: &[u8]) -> io::Result<Vec<u8>> {
    let mut random = [0; 32];
    SystemRandom::new().fill(&mut random).map_err(|_| refused("no random numbers"))?;
    let mut body = TLS_1_2.to_be_bytes().to_vec();
    body.extend_from_slice(&random);
    body.push(session.len() as u8);
    body.extend_from_slice(session);
    body.extend_from_slice(&AES_128_GCM_SHA256.to_be_bytes());
    // No compression.
    body.push(0);
    let extensions =
        [SUPPORTED_VERSIONS, 2, TLS_1_3, KEY_SHARE, 4 + share.len() as u16, GROUP_X25519]
            .map(u16::to_be_bytes)
            .concat();
    let rest = (share.len() as u16).to_be_bytes();
    let length = extensions.len() + rest.len() + share.len();
    body.extend_from_slice(&(length as u16).to_be_bytes());
    for part in [&extensions, &rest[..], share] {
        body.extend_from_slice(part);
    }
    Ok(message(SERVER_HELLO, &[&body]))
}

/// What is used of a ClientHello (§4.1.2).
struct ClientHello<'a> {
    session: &'a [u8],
    /// For X25519.
    share: &'a [u8],
}

impl ClientHello<'_> {
    /// `None` also for a client that speaks nothing of what this server does.
    fn read(bytes: &[u8]) -> Option<ClientHello<'_>> {
        let mut all = Bytes(bytes);
        if all.take(1)? != [CLIENT_HELLO] {
            return None;
        }
        let mut hello = Bytes(all.vector(3)?);
        // The version that middleboxes like, and the random.
        hello.take(2 + 32)?;
        let session = hello.vector(1)?;
        let suites = hello.vector(2)?;
        let knows = |list: &[u8], number: u16| {
            list.chunks_exact(2).any(|each| each == number.to_be_bytes())
        };
        if !knows(suites, AES_128_GCM_SHA256) {
            return None;
        }
        hello.vector(1)?;
        let mut extensions = Bytes(hello.vector(2)?);
        let (mut share, mut speaks) = (None, false);
        while !extensions.0.is_empty() {
            let kind = extensions.number()?;
            let mut body = Bytes(extensions.vector(2)?);
            match kind {
                SUPPORTED_VERSIONS => speaks = knows(body.vector(1)?, TLS_1_3),
                KEY_SHARE => {
                    let mut shares = Bytes(body.vector(2)?);
                    while !shares.0.is_empty() {
                        let (group, key) = (shares.number()?, shares.vector(2)?);
                        share = share.or((group == GROUP_X25519).then_some(key));
                    }
                }
                _ => {}
            }
        }
        Some(ClientHello { session, share: share.filter(|_| speaks)? })
    }
}

/// The rest of a message.
struct Bytes<'a>(&'a [u8]);

impl<'a> Bytes<'a> {
    fn take(&mut self, count: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.0.split_at_checked(count)?;
        self.0 = rest;
        Some(taken)
    }

    fn number(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    /// What its length, of so many bytes, goes before (§3.4).
    fn vector(&mut self, bytes: usize) -> Option<&'a [u8]> {
        let length = self.take(bytes)?.iter().fold(0, |n, byte| n << 8 | usize::from(*byte));
        self.take(length)
    }
}

/// A message of a handshake (§4).
fn message(kind: u8, parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    let mut all = vec![kind];
    all.extend_from_slice(&length24(body.len()));
    all.extend_from_slice(&body);
    all
}

fn length24(length: usize) -> [u8; 3] {
    [(length >> 16) as u8, (length >> 8) as u8, length as u8]
}

/// The secrets (§7.1), without a key that was shared before.
struct Schedule {
    handshake: [u8; 32],
}

impl Schedule {
    fn of(shared: &[u8]) -> Schedule {
        let early = mac(&[0; 32], &[&[0; 32]]);
        let salt = expand(&early, "derived", &sha256(b""));
        Schedule { handshake: mac(&salt, &[shared]) }
    }

    fn master(&self) -> [u8; 32] {
        let salt = expand(&self.handshake, "derived", &sha256(b""));
        mac(&salt, &[&[0; 32]])
    }
}

/// HKDF-Expand-Label (§7.1) of 32 bytes; shorter keys are their beginning, with their own length.
fn expand(secret: &[u8; 32], label: &str, context: &[u8]) -> [u8; 32] {
    expand_to(secret, label, context, 32)
}

fn expand_to(secret: &[u8; 32], label: &str, context: &[u8], length: u8) -> [u8; 32] {
    let label = format!("tls13 {label}");
    // HKDF-Expand (RFC 5869 §2.3) of one block.
    mac(
        secret,
        &[&[0, length, label.len() as u8], label.as_bytes(), &[context.len() as u8], context, &[1]],
    )
}

/// §4.4.4
fn verify_data(secret: &[u8; 32], hash: &[u8; 32]) -> [u8; 32] {
    mac(&expand(secret, "finished", b""), &[hash])
}

/// HMAC-SHA256; with a salt as its key it is HKDF-Extract.
fn mac(key: &[u8], parts: &[&[u8]]) -> [u8; 32] {
    let key = hmac::Key::new(hmac::HMAC_SHA256, key);
    let tag = hmac::sign(&key, &parts.concat());
    tag.as_ref().try_into().unwrap_or([0; 32])
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    digest(&SHA256, bytes).as_ref().try_into().unwrap_or([0; 32])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        let digits: Vec<u8> = text.chars().filter_map(|c| Some(c.to_digit(16)? as u8)).collect();
        digits.chunks(2).map(|two| two[0] << 4 | two[1]).collect()
    }

    /// RFC 8448 §3: the simple handshake, whose secrets are printed there.
    #[test]
    fn the_secrets_are_those_of_rfc_8448() {
        let shared = hex(
            "8b d4 05 4f b5 5b 9d 63 fd fb ac f9 f0 4b 9f 0d 35 e6 d6 3f 53 75 63 ef d4 62 72 90 \
             0f 89 49 2d",
        );
        let hash = hex(
            "86 0c 06 ed c0 78 58 ee 8e 78 f0 e7 42 8c 58 ed d6 b4 3f 2c a3 e6 e9 5f 02 ed 06 3c \
             f0 e1 ca d8",
        );
        let schedule = Schedule::of(&shared);
        let secret = expand(&schedule.handshake, "s hs traffic", &hash);
        assert_eq!(
            secret.to_vec(),
            hex(
                "b6 7b 7d 69 0c c1 6c 4e 75 e5 42 13 cb 2d 37 b4 e9 c9 12 bc de d9 10 5d 42 be fd \
                 59 d3 91 ad 38"
            )
        );
        let (key, iv) = (expand_to(&secret, "key", b"", 16), expand_to(&secret, "iv", b"", 12));
        assert_eq!(key[..16], hex("3f ce 51 60 09 c2 17 27 d0 f2 e4 e8 6e e4 03 bc")[..]);
        assert_eq!(iv[..12], hex("5d 31 3e b2 67 12 76 ee 13 00 0b 30")[..]);
        assert_eq!(
            schedule.master().to_vec(),
            hex(
                "18 df 06 84 3d 13 a0 8b f2 a4 49 84 4c 5f 8a 47 80 01 bc 4d 4c 62 79 84 d5 a4 1d \
                 a8 d0 40 29 19"
            )
        );
    }

    #[test]
    fn what_is_no_client_hello_is_none() {
        for bytes in [&b""[..], b"\x01", b"\x01\xff\xff\xff", b"\x02\0\0\0", &[1; 400]] {
            assert!(ClientHello::read(bytes).is_none());
        }
    }
}
