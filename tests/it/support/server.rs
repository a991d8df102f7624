//! Servers on loopback that say exactly what a test wants said, and a client to ask them.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use newsagg::clock::Clock;
use newsagg::failure::Failure;
use newsagg::http::{Exchange, Held, Request, Response, Url, Validators, place};
use newsagg::transport::{Options, Transport};

/// Long enough for a busy machine; no test waits for it.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// For what is to run into its deadline.
pub const IMPATIENCE: Duration = Duration::from_millis(300);

/// A server whose connections are each served by a thread.
pub struct Server {
    pub address: SocketAddr,
    connections: Arc<AtomicUsize>,
    requests: Arc<Mutex<Vec<String>>>,
}

/// One connection, as its handler sees it.
pub struct Connection {
    pub stream: TcpStream,
    /// How many came before it.
    pub index: usize,
    requests: Arc<Mutex<Vec<String>>>,
    ahead: Vec<u8>,
}

impl Server {
    /// Serves every connection with `handler`, until the test ends.
    pub fn start(handler: impl Fn(Connection) + Send + Sync + 'static) -> Server {
        Server::at("127.0.0.1", handler)
    }

    pub fn at(host: &str, handler: impl Fn(Connection) + Send + Sync + 'static) -> Server {
        let listener = TcpListener::bind((host, 0)).unwrap();
        let address = listener.local_addr().unwrap();
        let connections = Arc::new(AtomicUsize::new(0));
        let requests = Arc::new(Mutex::new(Vec::new()));
        let server = Server { address, connections, requests };
        let (connections, requests) = (server.connections.clone(), server.requests.clone());
        let handler = Arc::new(handler);
        thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                let index = connections.fetch_add(1, Ordering::SeqCst);
                let (handler, requests) = (handler.clone(), requests.clone());
                let connection = Connection { stream, index, requests, ahead: Vec::new() };
                thread::spawn(move || handler(connection));
            }
        });
        server
    }

    /// Gives every request the same bytes, and then closes.
    pub fn says(answer: impl Into<Vec<u8>>) -> Server {
        let answer = answer.into();
        Server::start(move |mut connection| {
            if connection.request().is_some() {
                connection.send(&answer);
            }
        })
    }

    /// Answers each path with what `answer` makes of it, on connections kept alive.
    pub fn web(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Server {
        Server::start(move |mut connection| {
            while let Some(request) = connection.request() {
                let path = request.split(' ').nth(1).unwrap_or_default();
                connection.send(&answer(path));
            }
        })
    }

    pub fn url(&self, path: &str) -> Url {
        Url::parse(&format!("http://{}{path}", self.address)).unwrap()
    }

    /// How many connections came.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    /// The heads of all requests.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }
}

impl Connection {
    /// The next request's head; nothing when the client is gone.
    pub fn request(&mut self) -> Option<String> {
        let end = loop {
            if let Some(end) = self.ahead.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            let mut buffer = [0; 4096];
            match self.stream.read(&mut buffer) {
                Ok(0) | Err(_) => return None,
                Ok(count) => self.ahead.extend_from_slice(&buffer[..count]),
            }
        };
        let mut head = String::from_utf8(self.ahead.drain(..end).collect()).unwrap();
        head += &self.posted(&head)?;
        self.requests.lock().unwrap().push(head.clone());
        Some(head)
    }

    /// The form behind a head, if it was posted.
    fn posted(&mut self, head: &str) -> Option<String> {
        let length = head.lines().find_map(|line| line.strip_prefix("content-length: "));
        let length = length.map_or(0, |length| length.parse().unwrap());
        let ahead = self.ahead.len().min(length);
        let mut body: Vec<u8> = self.ahead.drain(..ahead).collect();
        body.resize(length, 0);
        self.stream.read_exact(&mut body[ahead..]).ok()?;
        Some(String::from_utf8(body).unwrap())
    }

    /// Whether the client still takes bytes.
    pub fn send(&mut self, bytes: &[u8]) -> bool {
        self.stream.write_all(bytes).is_ok()
    }

    /// Sends the same bytes until the client is gone.
    pub fn send_forever(&mut self, bytes: &[u8]) {
        let many = bytes.repeat(1 + 8192 / bytes.len());
        while self.send(&many) {}
    }

    /// Waits until the client is gone.
    pub fn hang(&mut self) {
        let mut buffer = [0; 4096];
        while matches!(self.stream.read(&mut buffer), Ok(count) if count > 0) {}
    }
}

/// An answer with a length.
pub fn ok(body: &str) -> Vec<u8> {
    format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len()).into_bytes()
}

/// A redirect.
pub fn moved(status: u16, location: &str) -> Vec<u8> {
    format!("HTTP/1.1 {status} Moved\r\nLocation: {location}\r\nContent-Length: 5\r\n\r\nmoved")
        .into_bytes()
}

pub fn options() -> Options {
    Options {
        user_agent: "newsagg-test".into(),
        max_body: 1 << 20,
        connect_timeout: PATIENCE,
        proxy: None,
    }
}

/// Asks with a transport of its own.
pub fn get(url: Url) -> Result<Response, Failure> {
    exchange(&transport(), &Request::get(url), PATIENCE).result
}

/// A request by somebody who holds an answer from `from`.
pub fn held(url: Url, from: Url, validators: Validators) -> Request {
    let held = Some(Box::new(Held { from: place(&from), validators, digest: 0 }));
    Request { held, ..Request::get(url) }
}

/// A request that may be answered with 304.
pub fn conditional(url: Url) -> Request {
    let validators = Validators { etag: Some("\"held\"".into()), last_modified: None };
    held(url.clone(), url, validators)
}

/// Why asking brings nothing.
pub fn failure(url: Url) -> Failure {
    get(url).unwrap_err()
}

pub fn transport() -> Transport {
    Transport::direct(Clock::system())
}

pub fn exchange(transport: &Transport, request: &Request, timeout: Duration) -> Exchange {
    smol::block_on(transport.get(request, &options(), timeout))
}
