use super::super::lines::{Sheet, coded_pieces};
use super::*;

#[test]
fn what_a_line_says_is_read_again() {
    let bytes = b"caf\xe9".to_vec();
    let pieces =
        vec![(Duration::from_nanos(7), b"text \"\n".to_vec()), (Duration::MAX, bytes.clone())];
    let line = Passed {
        url: "http://a.test/".into(),
        at: 1_000_000,
        request: vec![("accept".into(), "*/*".into())],
        head: Some(5),
        status: Some(200),
        delimited: true,
        body: coded_pieces(pieces.clone()),
        end: Some(Ending::Whole),
        ..Passed::default()
    };
    let mut written = Vec::new();
    let mut sheet = Sheet::new(&mut written, 1_000);
    sheet.add(&line).unwrap();
    sheet.end().unwrap();
    let text = String::from_utf8(written).unwrap();
    let (first, last) = text.split_once('\n').unwrap();
    assert_eq!(last, "{\"lines\":2}\n");
    let (read, body) = exchange(serde_json::from_str(first).unwrap()).unwrap();
    assert_eq!((read.at, &*read.url), (Duration::from_millis(1), "http://a.test/"));
    assert_eq!(read.request, [("accept".to_owned(), "*/*".to_owned())]);
    assert_eq!(body[0], pieces[0]);
    assert_eq!(body[1].1, bytes);
    assert_eq!(read.end.unwrap().1, End::Whole);
}

#[test]
fn a_failure_is_read_with_its_stage_and_what_a_later_version_adds_is_passed_over() {
    let mut recording = Recording::default();
    let line =
        r#"{"url":"u","at":1,"ended":2,"end":"given up","stage":"too large","cause":"c\u001b"}"#;
    assert_eq!(take(line, &mut recording), Ok(None));
    let Some((_, End::GivenUp(failure))) = &recording.exchanges[0].0.end else { panic!() };
    assert_eq!((failure.stage.to_string(), &*failure.cause), ("too large".to_owned(), "c"));
    assert_eq!(take(r#"{"later":{"x":[1]}}"#, &mut recording), Ok(None));
    assert_eq!(recording.exchanges.len(), 1);
    for damaged in
        ["", "{", "[1]", r#"{"later":"#, r#"{"url":5}"#, r#"{"read":1}"#, r#"{"record":"*"}"#]
    {
        assert!(take(damaged, &mut recording).is_err(), "{damaged}");
    }
}

#[test]
fn a_recording_is_not_longer_than_it_may_be() {
    let line = || Last { lines: 1 };
    let mut written = Vec::new();
    let mut sheet = Sheet::new(&mut written, 30);
    sheet.add(&line()).unwrap();
    sheet.add(&line()).unwrap();
    let error = sheet.add(&line()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
}
