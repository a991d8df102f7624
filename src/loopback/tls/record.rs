//! Records (RFC 8446 §5): what a connection carries.

use std::io;
use std::net::TcpStream;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use futures_lite::{AsyncRead, AsyncReadExt, AsyncWrite};
use ring::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use smol::Async;

use super::{ALERT, APPLICATION_DATA, TLS_1_2, expand_to, refused};

/// Before each record: its kind, a version, a length.
const HEAD: usize = 5;

/// The most that one carries (§5.1).
const MAX_PLAIN: usize = 1 << 14;

/// The most that one has (§5.2).
const MAX_SEALED: usize = MAX_PLAIN + 256;

/// The end of what one side says: a warning, close_notify (§6.1).
const CLOSE_NOTIFY: [u8; 2] = [1, 0];

/// A record that is not encrypted.
pub(super) fn plain(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut record = head(kind, body.len()).to_vec();
    record.extend_from_slice(body);
    record
}

fn head(kind: u8, length: usize) -> [u8; HEAD] {
    let ([high, low], [longer, shorter]) = (TLS_1_2.to_be_bytes(), (length as u16).to_be_bytes());
    [kind, high, low, longer, shorter]
}

/// The next one, whole: its kind, and what is in it.
pub(super) async fn read_record(tcp: &mut Async<TcpStream>) -> io::Result<(u8, Vec<u8>)> {
    let mut head = [0; HEAD];
    tcp.read_exact(&mut head).await?;
    let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
    // All versions begin with 3 (§5.1).
    if head[1] != 3 || length > MAX_SEALED {
        return Err(refused("no record, or one that is too long"));
    }
    let mut body = vec![0; length];
    tcp.read_exact(&mut body).await?;
    Ok((head[0], body))
}

/// One direction: its key, and how many records there were (§5.3, §7.3).
pub(super) struct Half {
    key: LessSafeKey,
    iv: [u8; 12],
    count: u64,
}

impl Half {
    pub(super) fn new(secret: &[u8; 32]) -> io::Result<Half> {
        let (key, iv) = (expand_to(secret, "key", b"", 16), expand_to(secret, "iv", b"", 12));
        let key = UnboundKey::new(&AES_128_GCM, &key[..16]).map_err(|_| refused("the key"))?;
        let iv = iv.first_chunk().copied().unwrap_or_default();
        Ok(Half { key: LessSafeKey::new(key), iv, count: 0 })
    }

    fn nonce(&mut self) -> Nonce {
        let mut nonce = self.iv;
        for (byte, count) in nonce[4..].iter_mut().zip(self.count.to_be_bytes()) {
            *byte ^= count;
        }
        self.count += 1;
        Nonce::assume_unique_for_key(nonce)
    }

    /// Adds a record to what is to be sent.
    pub(super) fn seal(&mut self, kind: u8, body: &[u8], out: &mut Vec<u8>) -> io::Result<()> {
        let mut sealed = body.to_vec();
        sealed.push(kind);
        let head = head(APPLICATION_DATA, sealed.len() + AES_128_GCM.tag_len());
        let nonce = self.nonce();
        self.key
            .seal_in_place_append_tag(nonce, Aad::from(head), &mut sealed)
            .map_err(|_| refused("a record that cannot be sealed"))?;
        out.extend_from_slice(&head);
        out.extend_from_slice(&sealed);
        Ok(())
    }

    /// What a record holds, and what that is.
    pub(super) fn open(&mut self, kind: u8, body: &mut [u8]) -> io::Result<(u8, Vec<u8>)> {
        let (head, nonce) = (head(kind, body.len()), self.nonce());
        let opened = self.key.open_in_place(nonce, Aad::from(head), body);
        let opened = opened.map_err(|_| refused("a record that cannot be opened"))?;
        // Behind it stand its kind and zeros (§5.4).
        let end = opened.iter().rposition(|byte| *byte != 0);
        let end = end.ok_or_else(|| refused("a record of nothing"))?;
        Ok((opened[end], opened[..end].to_vec()))
    }
}

/// A connection after the handshake.
pub(super) struct Secured {
    tcp: Async<TcpStream>,
    read: Half,
    write: Half,
    /// What came and is no whole record yet.
    raw: Vec<u8>,
    /// What was opened, and how much of it was read.
    opened: (Vec<u8>, usize),
    /// What is sealed, and how much of it was sent.
    sealed: (Vec<u8>, usize),
    /// The other side has said its last.
    ended: bool,
    /// We have.
    closed: bool,
}

impl Secured {
    pub(super) fn new(tcp: Async<TcpStream>, read: Half, write: Half) -> Secured {
        Secured {
            tcp,
            read,
            write,
            raw: Vec::new(),
            opened: (Vec::new(), 0),
            sealed: (Vec::new(), 0),
            ended: false,
            closed: false,
        }
    }

    fn poll_send(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let (bytes, sent) = &mut self.sealed;
        while *sent < bytes.len() {
            let count = ready!(Pin::new(&mut self.tcp).poll_write(cx, &bytes[*sent..]))?;
            *sent += count;
        }
        bytes.clear();
        *sent = 0;
        Poll::Ready(Ok(()))
    }

    /// Opens the next record if it is here. False: there is more to come first.
    fn open_next(&mut self) -> io::Result<bool> {
        let Some(head) = self.raw.first_chunk::<HEAD>().copied() else { return Ok(false) };
        let length = usize::from(u16::from_be_bytes([head[3], head[4]]));
        if length > MAX_SEALED {
            return Err(refused("a record that is too long"));
        }
        if self.raw.len() < HEAD + length {
            return Ok(false);
        }
        let (kind, body) = self.read.open(head[0], &mut self.raw[HEAD..HEAD + length])?;
        self.raw.drain(..HEAD + length);
        match kind {
            APPLICATION_DATA => self.opened = (body, 0),
            ALERT => self.ended = true,
            _ => return Err(refused("a record of another kind")),
        }
        Ok(true)
    }
}

impl AsyncRead for Secured {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut [u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        // Who waits for more has said all: it may still be here.
        let _ = this.poll_send(cx)?;
        loop {
            let (opened, read) = &mut this.opened;
            let count = buf.len().min(opened.len() - *read);
            if count > 0 {
                buf[..count].copy_from_slice(&opened[*read..*read + count]);
                *read += count;
                return Poll::Ready(Ok(count));
            }
            if this.ended {
                return Poll::Ready(Ok(0));
            }
            if this.open_next()? {
                continue;
            }
            let mut chunk = [0; 4096];
            let count = ready!(Pin::new(&mut this.tcp).poll_read(cx, &mut chunk))?;
            this.ended = count == 0;
            this.raw.extend_from_slice(&chunk[..count]);
        }
    }
}

impl AsyncWrite for Secured {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        ready!(this.poll_send(cx))?;
        let count = buf.len().min(MAX_PLAIN);
        this.write.seal(APPLICATION_DATA, &buf[..count], &mut this.sealed.0)?;
        // What is left is sent before anything else is.
        let _ = this.poll_send(cx)?;
        Poll::Ready(Ok(count))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().poll_send(cx)
    }

    fn poll_close(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !std::mem::replace(&mut this.closed, true) {
            this.write.seal(ALERT, &CLOSE_NOTIFY, &mut this.sealed.0)?;
        }
        ready!(this.poll_send(cx))?;
        Pin::new(&mut this.tcp).poll_close(cx)
    }
}
