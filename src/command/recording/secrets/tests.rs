use super::*;

fn secrets() -> Secrets {
    let mut secrets = Secrets::default();
    let met = ["the-key", "other-key", "the-key"].map(|text| Some(Secret(text.into())));
    assert_eq!(secrets.needed(&met), [Some(1), Some(2), Some(1)]);
    assert_eq!(secrets.needed(&[None]), [None]);
    secrets
}

#[test]
fn a_secret_has_one_word_wherever_it_stands() {
    let mut secrets = secrets();
    assert_eq!(secrets.learn("Bearer bearer/token&more"), 3);
    secrets.learn_urls("url = \"https://me:pass%20word@a.test/x?token=to%2Bken+1&page=2\"");
    for (text, clean) in [
        ("the-key and other-key", "secret-1 and secret-2"),
        ("https://a.test/?api-key=the-key&q=1#x", "https://a.test/?api-key=secret-1&q=1#x"),
        ("bearer/token&more bearer\\/token&more", "secret-3 secret-3"),
        ("bearer/token&amp;more bearer%2Ftoken%26more", "secret-3 secret-3"),
        ("page 2, me, token", "page 2, me, token"),
    ] {
        assert_eq!(secrets.scrub(text), clean);
    }
    let url = secrets.scrub("<https://me:pass%20word@a.test/x?token=to%2Bken+1&page=2>");
    let said = secrets.scrub("pass word|to+ken 1");
    let (password, token) = said.split_once('|').unwrap();
    assert!(password.starts_with("secret-") && token.starts_with("secret-"), "{said}");
    assert!(url.starts_with("<https://secret-"), "{url}");
    assert!(url.ends_with(&format!(":{password}@a.test/x?token={token}&page=2>")), "{url}");
    // What is sent with the name and the password.
    assert!(secrets.scrub("bWU6cGFzcyB3b3Jk").starts_with("secret-"));
}

#[test]
fn short_ones_go_where_a_key_stands_and_nowhere_else() {
    let mut secrets = Secrets::default();
    let url = "https://a.test/?key=abc&author=abcdefgh&keywords=technology";
    secrets.learn_urls(url);
    assert!(secrets.is_empty());
    let clean = secrets.scrub(url);
    assert!(clean.starts_with("https://a.test/?key=secret-"), "{clean}");
    assert!(clean.ends_with("&author=abcdefgh&keywords=technology"), "{clean}");
    assert_eq!(secrets.scrub("abc abcdefgh technology"), "abc abcdefgh technology");
}

#[test]
fn tokens_that_an_answer_brings_are_secrets() {
    let mut secrets = Secrets::default();
    secrets
        .learn_tokens(r#"{"access_token" : "fresh-token", "refresh_token":"fresh-too", "x": 1}"#);
    assert_eq!(secrets.replaced(b"fresh-token,fresh-too"), Some(b"secret-1,secret-2".to_vec()));
    assert_eq!(secrets.replaced(b"nothing"), None);
}

#[test]
fn comments_go_and_strings_stay() {
    let text = "# one\na = \"# x\" # two\nb = '#\\'# three\nc = \"\"\"\n# y\\\"\"\"\"#\nd = '''\n#'z'''# four";
    let clean = "\na = \"# x\" \nb = '#\\'\nc = \"\"\"\n# y\\\"\"\"\"\nd = '''\n#'z'''";
    assert_eq!(without_comments(text), clean);
    for odd in ["\"", "'''", "\"\\", "é#", "\"\"\"\\"] {
        without_comments(odd);
    }
}

#[test]
fn a_url_is_one_however_many_it_holds() {
    let odd = "x://".repeat(300_000);
    assert_eq!(urls(&odd), [(0, odd.len())]);
    let two = "see http://a.test/?to=http://b.test/,(https://c.test)\nftp://d.test";
    let found: Vec<&str> = urls(two).into_iter().map(|(begin, end)| &two[begin..end]).collect();
    assert_eq!(found, ["http://a.test/?to=http://b.test/,(https://c.test)", "ftp://d.test"]);
}

#[test]
fn a_secret_in_another_form_is_replaced_too() {
    let mut secrets = Secrets::default();
    let word = stand_in(secrets.learn("s3cr3t/Of-mines"));
    for said in [
        "S3CR3T/OF-MINES",
        "s3cr3t%2fOf%2dmines",
        "s3cr\u{200b}3t/Of-mines",
        "s3cr3t/<b>Of</b>-mines",
        "&#115;3cr3t/Of-mines",
        "\\u00733cr3t/Of-mines",
        "czNjcjN0L09mLW1pbmVz",
    ] {
        assert_eq!(
            secrets.scrub(&format!("\u{ab}{said}\u{bb}")),
            format!("\u{ab}{word}\u{bb}"),
            "{said}"
        );
        let bytes = secrets.replaced(format!("it is {said}.").as_bytes());
        assert_eq!(bytes, Some(format!("it is {word}.").into_bytes()), "{said}");
    }
    assert_eq!(secrets.replaced("nothing of it".as_bytes()), None);
}
