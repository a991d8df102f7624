//! A proxy on loopback.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::thread;

use super::server::{Server, ok};

/// An HTTP proxy: absolute form and tunnels; wants `me:pw` where `locked`.
pub fn proxy(locked: bool) -> Server {
    Server::start(move |mut connection| {
        while let Some(head) = connection.request() {
            if locked && !head.to_lowercase().contains("proxy-authorization: basic bwu6chc=") {
                connection.send(
                    b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n",
                );
                continue;
            }
            let (method, rest) = head.split_once(' ').unwrap();
            let target = rest.split(' ').next().unwrap();
            if method == "CONNECT" {
                let upstream = TcpStream::connect(target).unwrap();
                connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n");
                return splice(connection.stream, upstream);
            }
            connection.send(&ok(&format!("via proxy: {target}")));
        }
    })
}

fn splice(client: TcpStream, server: TcpStream) {
    let copy = |mut from: TcpStream, mut to: TcpStream| {
        thread::spawn(move || {
            let mut buffer = [0; 4096];
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                if to.write_all(&buffer[..count]).is_err() {
                    break;
                }
            }
            to.shutdown(Shutdown::Write).ok();
        })
    };
    copy(client.try_clone().unwrap(), server.try_clone().unwrap());
    copy(server, client);
}
