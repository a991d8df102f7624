use super::super::lines::{Line, Sheet};
use super::*;

#[test]
fn what_a_line_says_is_read_again() {
    let bytes = b"caf\xe9".to_vec();
    let pieces = [(Duration::from_nanos(7), b"text \"\n".to_vec()), (Duration::MAX, bytes.clone())];
    let line = Line::new()
        .text("url", "http://a.test/")
        .span("at", Duration::from_millis(1))
        .fields("request", [("accept", "*/*")].into_iter())
        .number("status", 200)
        .flag("delimited", true)
        .pieces("body", &pieces)
        .text("end", "whole");
    let mut written = Vec::new();
    let mut sheet = Sheet::new(&mut written, 1_000);
    sheet.add(line).unwrap();
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
fn a_recording_is_not_longer_than_it_may_be() {
    let line = || Line::new().text("a", "b");
    let mut written = Vec::new();
    let mut sheet = Sheet::new(&mut written, 20);
    sheet.add(line()).unwrap();
    sheet.add(line()).unwrap();
    let error = sheet.add(line()).unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::FileTooLarge);
}

#[test]
fn every_stage_has_a_name_of_its_own() {
    for stage in STAGES {
        let found = STAGES.iter().filter(|other| other.to_string() == stage.to_string()).count();
        assert_eq!(found, 1, "{stage}");
    }
}
