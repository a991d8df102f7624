//! The embedded news web by itself, for benchmarks and for trying things by hand.
//!
//! ```text
//! cargo run --release --example newsweb -- --addresses 20 --latency 500ms --bytes 40000
//! ```
//!
//! It prints its port as the first line on stdout and serves until stdin ends, so that it goes
//! when whoever started it goes. For each line on stdin it prints what it counted since the last
//! one, as a line of JSON.

use std::io::{BufRead, Write};
use std::net::TcpStream;
use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use futures_rustls::TlsAcceptor;
use futures_rustls::pki_types::pem::PemObject;
use futures_rustls::pki_types::{CertificateDer, PrivateKeyDer};
use futures_rustls::rustls::ServerConfig;
use newsagg::loopback::{Accept, Fault, Stream, Web, WebOptions};
use newsagg::time::{Timestamp, parse_duration};
use smol::Async;

const USAGE: &str = "usage: newsweb [--addresses N] [--port N] [--latency DUR[..DUR]] [--bytes N] \
                     [--prepare N] [--seed N] [--hang PATH] [--broken PATH] [--cut PATH] [--tls CERT.pem KEY.pem | --own-tls]";

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let options = options(std::env::args().skip(1)).map_err(|error| format!("{error}\n{USAGE}"))?;
    let web = Web::start(options)?;
    let mut out = std::io::stdout();
    writeln!(out, "{}", web.port())?;
    out.flush()?;
    // Serves from its own thread until whoever holds the other end of stdin goes.
    for line in std::io::stdin().lock().lines() {
        line?;
        writeln!(out, "{}", counts(&web))?;
        out.flush()?;
    }
    Ok(())
}

/// What was counted since the last time.
fn counts(web: &Web) -> String {
    let counts = format!(
        "{{\"connections\": {}, \"requests\": {}, \"conditional\": {}, \"most_at_once\": {}, \
         \"bytes_sent\": {}}}",
        web.connections(),
        web.asked_in_all(),
        web.conditional(),
        web.most_at_once(),
        web.bytes_sent()
    );
    web.forget();
    counts
}

fn options(mut args: impl Iterator<Item = String>) -> Result<WebOptions, String> {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    let now = i64::try_from(now.as_secs()).ok().and_then(Timestamp::from_unix);
    let mut options = WebOptions::new(now.unwrap_or(Timestamp::EPOCH));
    while let Some(arg) = args.next() {
        let mut value = || args.next().ok_or(format!("{arg} needs a value"));
        let number = |text: String| text.parse::<u64>().map_err(|e| format!("{text}: {e}"));
        match arg.as_str() {
            "--addresses" => options.addresses = number(value()?)?.min(255) as u8,
            "--port" => {
                options.port = u16::try_from(number(value()?)?).map_err(|e| e.to_string())?
            }
            "--bytes" => options.feed_bytes = number(value()?)? as usize,
            "--prepare" => options.prepare = number(value()?)?,
            "--seed" => options.seed = number(value()?)?,
            "--latency" => options.latency = range(&value()?)?,
            "--hang" => options.faults.push((value()?, Fault::Hang)),
            "--broken" => options.faults.push((value()?, Fault::Status(500))),
            "--cut" => options.faults.push((value()?, Fault::Cut(1_000))),
            "--own-tls" => options.accept = Some(newsagg::loopback::tls::accept()),
            "--tls" => options.accept = Some(tls(&value()?, &args.next().unwrap_or_default())?),
            _ => return Err(format!("unknown argument {arg}")),
        }
    }
    Ok(options)
}

/// `500ms`, or `300ms..800ms`.
fn range(text: &str) -> Result<std::ops::Range<Duration>, String> {
    let (from, to) = text.split_once("..").unwrap_or((text, text));
    Ok(parse_duration(from)?..parse_duration(to)?)
}

/// Shakes hands as a TLS server.
fn tls(cert: &str, key: &str) -> Result<Accept, String> {
    let told = |error: &dyn std::fmt::Display| format!("--tls {cert} {key}: {error}");
    let chain = CertificateDer::pem_file_iter(cert).map_err(|e| told(&e))?;
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(|e| told(&e))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(|e| told(&e))?;
    let config = ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key);
    let acceptor = TlsAcceptor::from(Arc::new(config.map_err(|e| told(&e))?));
    Ok(Arc::new(move |stream: Async<TcpStream>| {
        let acceptor = acceptor.clone();
        Box::pin(async move {
            let stream: Pin<Box<dyn Stream>> = Box::pin(acceptor.accept(stream).await?);
            Ok(stream)
        })
    }))
}
