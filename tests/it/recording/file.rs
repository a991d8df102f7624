//! The file itself: what is read of it, now and later, and what is said of one that is none.

use super::*;

const FIRST: &str = "tests/fixtures/recordings/first.rec";

#[test]
fn a_recording_of_the_first_version_is_read_for_ever() {
    let place = Place::new("first");
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let file = root.join(FIRST);
    let golden = root.join("tests/fixtures/recordings/first.jsonl");
    let said = place.run(&["replay", file.to_str().unwrap(), "-f", "jsonl"], &[], "");
    let said = said.ended(0);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&golden, &said.out).unwrap();
    }
    assert_eq!(said.out, std::fs::read_to_string(golden).unwrap());
}

#[test]
fn what_is_no_recording_is_told_with_its_line_and_a_remedy() {
    let place = Place::new("damage");
    let first = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(FIRST)).unwrap();
    let lines = first.lines().count();
    let cut = first.rsplit_once("{\"lines\"").unwrap().0;
    let newer = first.replacen("\"version\":1", "\"version\":3", 1);
    let broken = first.replacen("\n{\"wall\"", "\n{\"wall", 1);
    let more = format!("{first}{first}");
    let base = first.replacen("\"record\":\"", "\"record\":\"*", 1);
    let stage = first.replace("\"stage\":\"connect\"", "\"stage\":\"nowhere\"");
    assert!(newer != first && broken != first && base != first && stage != first);
    for (text, expected) in [
        (String::new(), "x.rec: no recording; `newsagg once --record FILE` makes one".to_owned()),
        ("<rss/>".into(), "x.rec: no recording; `newsagg once --record FILE` makes one".into()),
        ("{\"newsagg\":\"news\"}".into(), "x.rec: no recording".into()),
        (cut.into(), format!("x.rec:{}: damaged: the rest is missing; copy it anew", lines - 1)),
        (newer, "x.rec:1: a newer newsagg made this recording (version 3)".into()),
        (broken, "x.rec:3: damaged: ".into()),
        (more, format!("x.rec:{}: damaged: it goes on after its last line", lines + 1)),
        (base, "damaged: not base64; copy it anew".into()),
        (stage, "damaged: unknown variant `nowhere`, expected one of `config`".into()),
    ] {
        place.put("x.rec", &text);
        let said = place.run(&["replay", "x.rec", "-f", "jsonl"], &[], "");
        let said = said.ended(1);
        assert!(said.err.contains(&expected), "{expected}\n{}", said.err);
        assert_eq!(said.out, "");
    }
    std::fs::write(place.0.join("x.rec"), [first.as_bytes(), b"\xff\n"].concat()).unwrap();
    let said = place.run(&["replay", "x.rec"], &[], "");
    assert!(said.err.contains(&format!("x.rec:{}: damaged: not UTF-8", lines + 1)), "{}", said.err);
    let said = place.run(&["replay", "none.rec"], &[], "");
    let said = said.ended(1);
    assert!(said.err.contains("reading none.rec: no such file"), "{}", said.err);
}

#[test]
fn words_that_a_stranger_put_in_move_no_terminal() {
    let place = Place::new("stranger");
    let head =
        "{\"newsagg\":\"recording\",\"version\":1}\n{\"once\":[\"/x\",\"http://a.test/\"]}\n";
    let wall = "{\"wall\":1795289344,\"unwritable\":\"no\\u001b[31m\\u202e";
    for (n, more) in [
        "state\"}\n{\"read\":0,\"error\":\"no\\u001b[31m file\"}\n{\"lines\":5}\n",
        "state\",\"busy\":\"no\\u001b[2Jbody\"}\n{\"lines\":4}\n",
        "state\"}\n{\"url\":\"http://a.test/\",\"end\":\"failed\",\"stage\":\"protocol\",\
         \"cause\":\"no\\u001b]0;x\\u0007 answer\"}\n{\"lines\":5}\n",
    ]
    .into_iter()
    .enumerate()
    {
        place.put("x.rec", &[head, wall, more].concat());
        let said = place.run(&["replay", "x.rec", "-vv"], &[], "");
        let told = said.err.matches("no").count() > 1 && said.err.contains(": no");
        assert!(told && said.err.contains(["no file", "nobody", "no answer"][n]), "{}", said.err);
        let moves = |c: char| c != '\n' && (c.is_control() || c == '\u{202e}');
        assert!(!said.err.contains(moves) && !said.out.contains(moves), "{}", said.err);
    }
}

#[test]
fn a_name_that_a_stranger_chose_takes_nobodys_place() {
    let place = Place::new("names");
    let recording = |outputs: &[&str]| {
        let output = |path: &&str| format!("[[output]]\npath = '{path}'\nformat = 'text'\n");
        let source = "[[source]]\nname = 'a'\nkind = 'feed'\nurl = 'http://a.test/'\n";
        let config = outputs.iter().map(output).collect::<String>() + source;
        let once = serde_json::json!({"once": [], "file": "x.toml", "config": config});
        let answer = serde_json::json!({"url": "http://a.test/", "status": 200, "delimited": true,
            "body": [[0, "text", feed(&["news"])]], "end": "whole"});
        let head = "{\"newsagg\":\"recording\",\"version\":1}";
        format!("{head}\n{once}\n{{\"wall\":1795289344}}\n{answer}\n{{\"lines\":5}}\n")
    };
    place.put("Makefile", "mine");
    place.put("two.rec", &recording(&["/x/../Makefile", "../.profile", "b"]));
    place.put("one.rec", &recording(&["/elsewhere/Makefile"]));
    for file in ["one.rec", "two.rec"] {
        let said = place.run(&["replay", file, "-o", "."], &[], "");
        let said = said.ended(2);
        let wrong = "./Makefile is there already, and the recording chose the name";
        assert!(said.err.contains(wrong), "{}", said.err);
        assert_eq!(place.bytes("Makefile"), b"mine");
    }
    place.run(&["replay", "two.rec", "-o", "new"], &[], "").ended(0);
    let mut names: Vec<_> = std::fs::read_dir(place.0.join("new"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort_unstable();
    assert_eq!(names, ["Makefile", "b", "text"]);
    // A name that the user gave is the user's.
    place.run(&["replay", "one.rec", "-o", "Makefile"], &[], "").ended(0);
    assert_ne!(place.bytes("Makefile"), b"mine");
}

#[test]
fn no_damage_ends_the_program_in_any_other_way() {
    let place = Place::new("random");
    let first = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(FIRST)).unwrap();
    let mut luck = crate::support::world::Luck::new(9);
    for seed in 0..60 {
        let mut bytes = first.clone();
        for _ in 0..=luck.below(3) {
            let at = luck.below(bytes.len() as u64) as usize;
            bytes[at] = b" \"{}[]0,:x\n\\"[luck.below(12) as usize];
        }
        std::fs::write(place.0.join("x.rec"), bytes).unwrap();
        let said = place.run(&["replay", "x.rec", "-f", "jsonl"], &[], "");
        assert!([0, 1, 2].map(Some).contains(&said.code), "seed {seed}: {}", said.err);
        assert!(!said.err.contains("panicked"), "seed {seed}: {}", said.err);
    }
}
