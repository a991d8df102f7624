//! A round with a token in a recording.

use super::*;

const SECRETS: [&str; 3] =
    ["secret-of-an-app", "a-token-that-was-given", "dGhlLWFwcDpzZWNyZXQtb2YtYW4tYXBw"];

fn answer(path: &str) -> Vec<u8> {
    match path.contains("access_token") {
        // Without a word on what it is.
        true => ok(&format!(r#"{{"access_token": "{}", "expires_in": 3600}}"#, SECRETS[1])),
        false => {
            ok(r#"{"kind": "Listing", "data": {"children": [{"kind": "t3", "data": {"name": "t3_a",
            "title": "hello", "permalink": "/r/a/comments/a/x/", "created_utc": 1795240000}}]}}"#)
        }
    }
}

#[test]
fn a_recording_asks_for_a_token_of_its_own_and_does_not_tell_it() {
    let (place, server) = (Place::new("token"), Server::web(answer));
    place.put(
        "x.toml",
        &format!(
            "[[source]]\nname = \"r\"\nkind = \"reddit\"\nsubreddit = \"a\"\n\
             base_url = \"http://{}\"\nclient_id = \"the-app\"\nclient_secret = {{ env = \"KEY\" }}\n",
            server.address
        ),
    );
    let key = [("KEY", SECRETS[0])];
    let tokens = || {
        let requests = server.requests();
        requests.iter().filter(|request| request.starts_with("POST /api/")).count()
    };
    // The second time there is one at hand.
    for (n, file) in [(1, "one.rec"), (2, "two.rec")] {
        let words = ["once", "-c", "x.toml", "--force", "--record", file];
        assert_eq!(place.run(&words, &key, "").code, Some(0));
        assert_eq!(tokens(), n);
        let recorded = place.bytes(file);
        let recorded = String::from_utf8_lossy(&recorded);
        for secret in SECRETS {
            assert!(!recorded.contains(secret), "{file}: {secret}");
        }
        let replayed = place.run(&["replay", file], &[], "");
        assert_eq!((replayed.code, tokens()), (Some(0), n), "{}", replayed.err);
        assert!(replayed.out.contains("hello"), "{}", replayed.out);
    }
    // Without a recording the last one is good enough.
    assert_eq!(place.run(&["once", "-c", "x.toml", "--force"], &key, "").code, Some(0));
    assert_eq!(tokens(), 2);
}
