use std::fs;
use std::os::unix::fs::PermissionsExt;

use super::super::Verdict;
use super::*;
use crate::store::tests::Scratch;

/// Text, nothing, every byte, nothing but markers and escapes, and text again.
fn records() -> Vec<Vec<u8>> {
    let every = (0..=255).collect();
    let marks = vec![0xff, 0xfe, 0xff, 0xff, 0xfe, 0xfe];
    vec![b"one story".to_vec(), vec![], every, marks, "the last: \u{10ffff}".into()]
}

fn add(records: &[Vec<u8>]) -> impl FnMut(&mut Frames<'_>) -> io::Result<()> {
    move |frames| records.iter().try_for_each(|record| frames.add(record).map(drop))
}

fn read(path: &Path) -> (Vec<(Place, Vec<u8>)>, Reading) {
    let mut found = Vec::new();
    let reading =
        Journal::read(path, &mut |place, bytes| found.push((place, bytes.to_vec()))).unwrap();
    (found, reading)
}

fn payloads(path: &Path) -> (Vec<Vec<u8>>, Verdict) {
    let (found, reading) = read(path);
    (found.into_iter().map(|(_, bytes)| bytes).collect(), reading.verdict)
}

/// A journal of [`records`] and where each ends, the first line first.
fn written(path: &Path) -> (Vec<u8>, Vec<usize>) {
    Journal::rewrite(path, &mut add(&records())).unwrap();
    let (found, _) = read(path);
    let ends = found.iter().map(|(place, _)| place.offset as usize + place.length as usize);
    let ends = std::iter::once(HEAD.len()).chain(ends).collect();
    (fs::read(path).unwrap(), ends)
}

#[test]
fn what_is_added_is_read_in_order_and_got_from_its_place() {
    let scratch = Scratch::new("journal");
    let path = scratch.0.join("sources");
    assert_eq!(read(&path).1, Reading { end: 0, verdict: Verdict::Absent, older: false });
    let mut journal = Journal::open_append(&path, 0).unwrap();
    assert_eq!(fs::read(&path).unwrap(), HEAD);
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    journal.append(&mut add(&records()[..2])).unwrap();
    drop(journal);
    let mut journal = Journal::open_append(&path, read(&path).1.end).unwrap();
    let mut places = Vec::new();
    for record in &records()[2..] {
        journal
            .append(&mut |frames| {
                places.push(frames.add(record)?);
                Ok(())
            })
            .unwrap();
    }
    let (found, reading) = read(&path);
    assert_eq!(reading, Reading { end: journal.end(), verdict: Verdict::Whole, older: false });
    assert_eq!(journal.end(), fs::metadata(&path).unwrap().len());
    let (at, found): (Vec<Place>, Vec<Vec<u8>>) = found.into_iter().unzip();
    assert_eq!(found, records());
    assert_eq!(at[2..], places);
    for (place, record) in at.iter().zip(records()) {
        let mut into = b"before".to_vec();
        journal.get(*place, &mut into).unwrap();
        assert_eq!(into, [b"before".to_vec(), record].concat());
    }
    assert_eq!(scratch.names(), ["sources"]);
}

#[test]
fn where_no_record_lies_none_is_got() {
    let scratch = Scratch::new("places");
    let path = scratch.0.join("sources");
    let (bytes, _) = written(&path);
    let (found, reading) = read(&path);
    let journal = Journal::open_append(&path, reading.end).unwrap();
    let mut into = Vec::new();
    for offset in 0..bytes.len() as u64 + 5 {
        for length in [0, 1, 9, bytes.len() as u32, MAX_PAYLOAD as u32 + 1, u32::MAX] {
            let place = Place { offset, length };
            let there = found.iter().any(|(known, _)| *known == place);
            assert_eq!(journal.get(place, &mut into).is_ok(), there, "{place:?}");
        }
    }
    assert_eq!(into, b"one story");
}

#[test]
fn a_journal_cut_anywhere_keeps_what_precedes_and_takes_more() {
    let scratch = Scratch::new("cut");
    let path = scratch.0.join("sources");
    let (bytes, ends) = written(&path);
    for cut in 0..=bytes.len() {
        fs::write(&path, &bytes[..cut]).unwrap();
        let whole = ends.iter().filter(|end| **end <= cut).count();
        let kept = &records()[..whole.saturating_sub(1)];
        let (found, reading) = read(&path);
        assert!(found.iter().map(|(_, bytes)| bytes).eq(kept), "{cut}");
        let verdict = if ends.contains(&cut) { Verdict::Whole } else { Verdict::Torn };
        let end = if whole == 0 { 0 } else { ends[whole - 1] as u64 };
        assert_eq!(reading, Reading { end, verdict, older: false }, "{cut}");
        let mut journal = Journal::open_append(&path, reading.end).unwrap();
        journal.append(&mut add(&[b"x".to_vec()])).unwrap();
        let after = [kept, &[b"x".to_vec()]].concat();
        assert_eq!(payloads(&path), (after, Verdict::Whole), "{cut}");
    }
}

#[test]
fn a_flipped_bit_costs_one_record_and_makes_no_wrong_one() {
    let scratch = Scratch::new("flip");
    let path = scratch.0.join("sources");
    let (bytes, ends) = written(&path);
    // In place: a file that is cut and written again is synced by some file systems.
    let file = OpenOptions::new().write(true).open(&path).unwrap();
    for bit in 0..bytes.len() * 8 {
        let (at, flipped) = (bit / 8, bytes[bit / 8] ^ 1 << (bit % 8));
        file.write_all_at(&[flipped], at as u64).unwrap();
        let (found, verdict) = payloads(&path);
        let mut expected = records();
        let hit = ends.iter().filter(|end| **end <= bit / 8).count();
        match verdict {
            Verdict::Newer(_) if hit == 0 => expected.clear(),
            Verdict::Damaged { bytes } if hit == 0 => assert_eq!(bytes, HEAD.len() as u64),
            Verdict::Damaged { bytes } => {
                assert_eq!(bytes, (ends[hit] - ends[hit - 1]) as u64, "{bit}");
                expected.remove(hit - 1);
            }
            // The length of the last one now goes past the end.
            Verdict::Torn if hit == ends.len() - 1 => drop(expected.pop()),
            _ => panic!("{bit}: {verdict:?}"),
        }
        assert_eq!(found, expected, "{bit}");
        file.write_all_at(&bytes[at..=at], at as u64).unwrap();
    }
}

#[test]
fn what_precedes_and_follows_damage_survives() {
    let scratch = Scratch::new("damage");
    let path = scratch.0.join("sources");
    let (bytes, ends) = written(&path);
    for (from, to) in [(1, 2), (1, 4), (2, 3), (3, 5)] {
        for byte in [0, b'x', 0xfe, 0xff] {
            let mut damaged = bytes.clone();
            damaged[ends[from - 1]..ends[to - 1]].fill(byte);
            fs::write(&path, &damaged).unwrap();
            let survivors = [&records()[..from - 1], &records()[to - 1..]].concat();
            let bytes = (ends[to - 1] - ends[from - 1]) as u64;
            assert_eq!(payloads(&path), (survivors, Verdict::Damaged { bytes }), "{from} {byte}");
        }
        let gone = [&bytes[..ends[from - 1] + 3], &bytes[ends[to - 1]..]].concat();
        fs::write(&path, gone).unwrap();
        let survivors = [&records()[..from - 1], &records()[to - 1..]].concat();
        assert_eq!(payloads(&path), (survivors, Verdict::Damaged { bytes: 3 }), "{from}");
    }
}

#[test]
fn garbage_costs_no_more_than_records_and_hides_none() {
    let scratch = Scratch::new("garbage");
    let path = scratch.0.join("sources");
    let record = &written(&path).0[HEAD.len()..];
    // Each would be checked, or moved in memory, as often as it is long, and this never end.
    let claim = [0xff, 0, 0, 0x7f, 7, 1, 2, 3, 4, 5];
    let shorter = [0xff, 0, 0, 64, 0, 1, 2, 3, 4, 5];
    for piece in [&claim[..], &shorter, &claim[..3], &[0xff], &[0], HEAD] {
        let garbage = piece.repeat(200_000);
        let whole = [HEAD, &garbage, record, &garbage].concat();
        fs::write(&path, whole).unwrap();
        let bytes = garbage.len() as u64 * 2;
        assert_eq!(payloads(&path), (records(), Verdict::Damaged { bytes }), "{piece:?}");
    }
}

#[test]
fn a_record_cannot_be_made_to_look_like_two() {
    let scratch = Scratch::new("forged");
    let path = scratch.0.join("sources");
    let forged = written(&path).0;
    Journal::rewrite(&path, &mut add(std::slice::from_ref(&forged))).unwrap();
    let mut bytes = fs::read(&path).unwrap();
    for lost in HEAD.len()..bytes.len() {
        bytes[lost] = 0;
        fs::write(&path, &bytes).unwrap();
        assert_eq!(payloads(&path).0, Vec::<Vec<u8>>::new(), "{lost}");
    }
}

#[test]
fn a_later_version_is_neither_read_nor_added_to() {
    let scratch = Scratch::new("newer");
    let path = scratch.0.join("sources");
    let (bytes, ends) = written(&path);
    for (head, verdict) in [
        (&b"newsagg state 3\n"[..], Verdict::Newer(3)),
        (b"newsagg state 4294967295\n", Verdict::Newer(u32::MAX)),
        (b"newsagg state 0\n", Verdict::Damaged { bytes: 16 }),
        (b"newsagg state 01\n", Verdict::Damaged { bytes: 17 }),
        (b"newsagg state \n", Verdict::Damaged { bytes: 15 }),
        (b"newsagg state 4294967296\n", Verdict::Damaged { bytes: 25 }),
        (b"", Verdict::Damaged { bytes: 0 }),
    ] {
        let other = [head, &bytes[ends[0]..]].concat();
        fs::write(&path, &other).unwrap();
        let (found, reading) = read(&path);
        let newer = matches!(verdict, Verdict::Newer(_));
        assert_eq!(found.len(), if newer { 0 } else { records().len() });
        if !head.is_empty() {
            assert_eq!(reading.verdict, verdict);
        }
        for end in [0, ends[0] as u64, reading.end] {
            let message = Journal::open_append(&path, end).unwrap_err().to_string();
            assert!(message.ends_with("opening it: it is not the file that was read"), "{message}");
        }
        assert_eq!(fs::read(&path).unwrap(), other);
    }
}

#[test]
fn a_journal_that_is_shorter_than_it_was_takes_no_more() {
    let scratch = Scratch::new("shorter");
    let path = scratch.0.join("sources");
    let (bytes, _) = written(&path);
    let end = bytes.len() as u64;
    assert!(Journal::open_append(&path, end + 1).is_err());
    assert!(Journal::open_append(&path, 15).is_err());
    assert!(Journal::open_append(&scratch.0.join("absent"), 16).is_err());
    let mut journal = Journal::open_append(&path, end).unwrap();
    fs::write(&path, &bytes[..30]).unwrap();
    assert!(journal.append(&mut add(&records())).is_err());
    assert_eq!(fs::read(&path).unwrap(), &bytes[..30]);
}

#[test]
fn a_record_is_at_most_so_long() {
    let scratch = Scratch::new("longest-record");
    let path = scratch.0.join("sources");
    let longest = vec![b'x'; MAX_PAYLOAD];
    let mut marks = longest.clone();
    marks[MAX_PAYLOAD / 2] = 0xff;
    Journal::rewrite(&path, &mut |frames| {
        for long in [&[&longest[..], b"x"].concat(), &marks] {
            let error = frames.add(long).unwrap_err();
            assert_eq!(error.kind(), io::ErrorKind::FileTooLarge);
            assert_eq!(error.to_string(), "a record of more than 16 MiB");
        }
        frames.add(&longest)?;
        frames.add(&marks[1..])?;
        frames.add(b"short").map(drop)
    })
    .unwrap();
    let (found, verdict) = payloads(&path);
    assert!(found == [longest, marks[1..].to_vec(), b"short".to_vec()]);
    assert_eq!(verdict, Verdict::Whole);
}

#[test]
fn a_failure_leaves_the_journal_as_it_was_and_ends_it() {
    let scratch = Scratch::new("ended");
    let path = scratch.0.join("sources");
    let (bytes, _) = written(&path);
    let mut journal = Journal::open_append(&path, bytes.len() as u64).unwrap();
    let before = journal.wear();
    let message = journal
        .append(&mut |frames| {
            let long = vec![b'x'; 1 << 20];
            frames.add(&long)?;
            frames.add(&long)?;
            assert!(fs::metadata(&path)?.len() > 1 << 20);
            Err(io::Error::from_raw_os_error(28))
        })
        .unwrap_err()
        .to_string();
    assert!(message.ends_with("/sources: adding to it: no space left on device"), "{message}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
    assert_eq!(journal.wear(), before);
    let message = journal.append(&mut add(&records())).unwrap_err().to_string();
    assert!(message.ends_with("an earlier attempt failed"), "{message}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
}

#[test]
fn neither_a_full_disk_nor_one_that_does_not_sync_is_taken_for_success() {
    for (device, cause) in
        [("/dev/full", "no space left on device"), ("/dev/null", "invalid argument")]
    {
        let file = OpenOptions::new().write(true).open(device).unwrap();
        let (path, wear) = (device.into(), Wear::default());
        let mut journal = Journal { path, file, end: 0, refused: false, wear };
        let message = journal.append(&mut add(&records())).unwrap_err().to_string();
        assert_eq!(message, format!("writing {device}: adding to it: {cause}"));
        assert_eq!((journal.end(), journal.wear()), (0, Wear::default()));
        assert!(journal.append(&mut add(&[])).is_err());
    }
}

#[test]
fn a_journal_is_written_anew_whole_or_not_at_all() {
    let scratch = Scratch::new("anew");
    let path = scratch.0.join("sources");
    let (bytes, _) = written(&path);
    let failure = Journal::rewrite(&path, &mut |frames| {
        frames.add(&vec![0; 1 << 20])?;
        frames.add(b"x")?;
        Err(io::Error::from_raw_os_error(5))
    });
    let message = failure.unwrap_err().to_string();
    assert!(message.ends_with("filling the temporary file: input/output error"), "{message}");
    assert_eq!(fs::read(&path).unwrap(), bytes);
    fs::write(scratch.0.join(".sources.abc123.newsagg-new"), "left").unwrap();
    let mut journal = Journal::rewrite(&path, &mut add(&records()[3..])).unwrap();
    journal.append(&mut add(&records()[..3])).unwrap();
    let expected = [&records()[3..], &records()[..3]].concat();
    assert_eq!(payloads(&path), (expected, Verdict::Whole));
    assert_eq!(scratch.names(), ["sources"]);
}

#[test]
fn what_is_written_is_counted() {
    let scratch = Scratch::new("counted");
    let path = scratch.0.join("sources");
    let mut journal = Journal::open_append(&path, 0).unwrap();
    assert_eq!(journal.wear(), Wear { files: 1, bytes: 16 });
    journal.append(&mut add(&[b"12345".to_vec()])).unwrap();
    assert_eq!(journal.wear(), Wear { files: 2, bytes: 31 });
    journal.append(&mut add(&[])).unwrap();
    assert_eq!(journal.wear(), Wear { files: 2, bytes: 31 });
    let end = journal.end();
    assert_eq!(Journal::open_append(&path, end).unwrap().wear(), Wear::default());
}
