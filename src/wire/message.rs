//! Requests and answers, from surf's terms into hyper's and back.

use http_client::http_types::{StatusCode, headers::HeaderName, headers::HeaderValue};
use http_client::{Request, Response};
use hyper::HeaderMap;
use hyper::body::Bytes;
use hyper::header::{CONTENT_LENGTH, LOCATION, TRANSFER_ENCODING};

use super::link::Payload;
use super::pool::Key;
use super::{key_host, protocol};
use crate::failure::Failure;
use crate::http::Url;

/// A request as it goes over the wire: in absolute form to a proxy (RFC 9112 §3.2).
pub(super) fn outgoing(
    request: &Request,
    url: &Url,
    key: &Key,
    body: Option<&[u8]>,
) -> Result<hyper::Request<Payload>, Failure> {
    let path = match url.query() {
        Some(query) => format!("{}?{query}", url.path()),
        None => url.path().to_string(),
    };
    let authority = match url.port() {
        Some(port) => format!("{}:{port}", key_host(url)?),
        None => key_host(url)?.to_string(),
    };
    let via = key.proxy.as_ref().filter(|_| !key.tls);
    let target = match via {
        Some(_) => format!("http://{authority}{path}"),
        None => path,
    };
    let mut built =
        hyper::Request::builder().method(request.method().to_string().as_str()).uri(target);
    built = built.header("host", authority);
    for (name, values) in request {
        for value in values {
            built = built.header(name.as_str(), value.as_str());
        }
    }
    if let Some(authorization) = via.and_then(|proxy| proxy.authorization.as_ref()) {
        built = built.header("proxy-authorization", authorization);
    }
    let body = body.map(Bytes::copy_from_slice);
    // The error names no value, so no secret.
    built.body(Payload(body)).map_err(|error| protocol(format!("this cannot be sent: {error}")))
}

/// The head of an answer in surf's terms. Nothing remote goes in unchecked: http-types panics on
/// what it does not know.
pub(super) fn incoming(status: u16, headers: &HeaderMap) -> Result<Response, Failure> {
    check_framing(status, headers)?;
    // An unlisted status stands as the first of its class, one beyond all classes as a 500.
    let known = StatusCode::try_from(status)
        .or_else(|_| StatusCode::try_from(status / 100 * 100))
        .unwrap_or(StatusCode::InternalServerError);
    let mut response = Response::new(known);
    copy_headers(headers, &mut response);
    Ok(response)
}

/// Refuses what is not plain about where the body ends (RFC 9112 §6.3), and a protocol that
/// nobody asked for.
fn check_framing(status: u16, headers: &HeaderMap) -> Result<(), Failure> {
    if status == 101 {
        return Err(protocol("the server switched protocols (101) unasked"));
    }
    let mut codings = headers.get_all(TRANSFER_ENCODING).iter();
    let Some(coding) = codings.next() else { return Ok(()) };
    if codings.next().is_some() || !coding.as_bytes().trim_ascii().eq_ignore_ascii_case(b"chunked")
    {
        return Err(protocol("the transfer coding is not just «chunked»"));
    }
    if headers.contains_key(CONTENT_LENGTH) {
        return Err(protocol("both a length and a transfer coding"));
    }
    Ok(())
}

/// Copies what is ASCII. Other bytes are kept in `Location` only, percent-encoded as browsers do.
fn copy_headers(headers: &HeaderMap, response: &mut Response) {
    for (name, value) in headers {
        let bytes = match value.as_bytes() {
            bytes if bytes.is_ascii() => bytes.to_vec(),
            bytes if name == LOCATION => percent_encode(bytes),
            _ => continue,
        };
        let name = HeaderName::from_bytes(name.as_str().into());
        if let (Ok(name), Ok(value)) = (name, HeaderValue::from_bytes(bytes)) {
            response.append_header(name, value);
        }
    }
}

fn percent_encode(bytes: &[u8]) -> Vec<u8> {
    let mut encoded = Vec::with_capacity(bytes.len());
    for &byte in bytes {
        match byte.is_ascii() {
            true => encoded.push(byte),
            false => encoded.extend(format!("%{byte:02X}").bytes()),
        }
    }
    encoded
}
