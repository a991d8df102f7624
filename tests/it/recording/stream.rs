//! Streams in a recording: cut off when nobody listens any longer, and scrubbed all the same.

use super::*;

const SECRETS: [&str; 3] = ["key-of-a-stream", "private-token-of-mine", "token-in-an-address"];

/// A stream that says back what it was told in confidence, and does not end.
fn serve(mut connection: Connection) {
    let Some(head) = connection.request() else { return };
    let text = format!("id: 1\ndata: hello {}\n\nid: 2\ndata: {}\n\n", SECRETS[0], SECRETS[1]);
    let mut answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n".to_vec();
    if head.contains("/packed") {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.flush().unwrap();
        answer.extend(b"Content-Encoding: gzip\r\n\r\n");
        answer.extend(encoder.get_ref());
    } else {
        let coding = if head.contains("/pretends") { "Content-Encoding: gzip\r\n" } else { "" };
        answer.extend(format!("{coding}\r\n{text}").bytes());
    }
    connection.send(&answer);
    connection.hang();
}

#[test]
fn a_stream_is_recorded_as_far_as_it_was_heard_and_without_secrets_however_it_is_coded() {
    let (place, server) = (Place::new("stream"), Server::start(serve));
    let mut text = "state.dir = \"state\"\n".to_owned();
    for path in ["plain", "packed", "pretends"] {
        let url = server.url(&format!("/{path}?token={}", SECRETS[2]));
        text += &format!(
            "[[source]]\nname = \"{path}\"\nkind = \"stream\"\nurl = \"{url}\"\nlisten = \"1s\"\n\
             headers = {{ X-Mine = {{ env = \"KEY\" }}, Private-Token = \"{}\" }}\n",
            SECRETS[1]
        );
    }
    place.put("x.toml", &text);
    let once = ["once", "-c", "x.toml", "--record", "x.rec", "-f", "jsonl"];
    let first = place.run(&once, &[("KEY", SECRETS[0])], "");
    let first = first.ended(0);
    assert_eq!(first.out.lines().count(), 4, "{}", first.out);
    let recorded = String::from_utf8(place.bytes("x.rec")).unwrap();
    for secret in SECRETS {
        assert!(!recorded.contains(secret), "{secret}");
    }
    assert!(!recorded.contains(",\"base64\",\""), "what is still packed was not looked at");
    let again = place.run(&["replay", "x.rec", "-f", "jsonl"], &[], "");
    let again = again.ended(0);
    let [key, token] = [SECRETS[0], SECRETS[1]].map(|secret| first.out.matches(secret).count());
    assert_eq!((key, token), (2, 2));
    let titles = |said: &Said| {
        let said = SECRETS.iter().fold(said.out.clone(), |out, secret| out.replace(secret, "*"));
        let words = ["secret-1", "secret-2", "secret-3", "secret-4"];
        words.iter().fold(said, |out, word| out.replace(word, "*"))
    };
    assert_eq!(titles(&again), titles(&first));
}
