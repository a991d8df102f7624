//! Disks that are full or read-only, and places that are none.

use std::os::unix::fs::symlink;

use super::*;

#[test]
fn on_a_full_disk_news_is_printed_and_no_quota_spent() {
    let house = House::new("state-full");
    std::fs::create_dir_all(house.home.0.join("state")).unwrap();
    let Some(said) = house.apart(
        "mount -t tmpfs -o size=64k none $S; mkdir $S/newsagg; fill() { cat /dev/zero >$S/fill; }
         fill 2>/dev/null; once || exit 9; echo =1 >&2; once || exit 9; echo =2 >&2
         rm $S/fill; once || exit 9; echo =3 >&2
         fill 2>/dev/null; once || exit 9; echo =4 >&2
         rm $S/fill; once || exit 9; ls $S/newsagg >&2",
    ) else {
        return;
    };
    let said = said.ended(0);
    let full = "filling the temporary file: no space left on device";
    let both = format!("writing ~/state/newsagg/sources: {full}; {SPARED}");
    let quotas = format!("writing ~/state/newsagg/quotas: {full}; no quota is spent");
    let rounds = [both.as_str(), UNSPENT, "=1", &both, UNSPENT, "=2", "=3", &quotas, UNSPENT, "=4"];
    let files = ["lock", "quotas", "sources"];
    assert_eq!(house.told(&said), [&rounds[..], &files].concat());
    // The last round but two remembers everything; `shared` is of both.
    assert_eq!(said.out.lines().count(), 3 + 3 + 3 * STORIES, "{}", said.out);
    assert_eq!(house.asked(), [5, 2]);
}

#[test]
fn where_no_file_may_be_longer_than_nothing_the_old_ones_stay() {
    let house = House::new("state-short");
    house.is_well();
    let old = ["sources", "quotas"].map(|name| std::fs::read(house.state(name)).unwrap());
    let said = house.sh("trap '' XFSZ; ulimit -f 0; once -o f.json").ended(1);
    let state = "writing ~/state/newsagg/sources: adding to it: file too large";
    let output = "writing f.json: filling the temporary file: file too large";
    assert_eq!(house.told(&said), [&format!("{state}; {SPARED}"), UNSPENT, output]);
    assert_eq!(house.home.names(), ["x.toml"]);
    let now = ["sources", "quotas"].map(|name| std::fs::read(house.state(name)).unwrap());
    assert_eq!(old, now);
    house.is_well();
}

#[test]
fn outputs_on_a_full_or_read_only_disk_are_1_and_come_whole_with_the_next_round() {
    let house = House::new("output-full");
    for name in ["full", "read-only"] {
        std::fs::create_dir_all(house.home.path(name)).unwrap();
    }
    for (name, cause) in [
        ("full", "filling the temporary file: no space left on device"),
        (
            "read-only",
            "creating a temporary file in its directory: read-only file system; a service of systemd may write where \
             ReadWritePaths= and StateDirectory= of its unit say",
        ),
    ] {
        let Some(said) = house.apart(&format!(
            "mount -t tmpfs -o size=64k none full; cat /dev/zero >full/fill 2>/dev/null
             mount --bind read-only read-only; mount -o remount,bind,ro read-only
             once -o {name}/f.json"
        )) else {
            return;
        };
        let said = said.ended(1);
        assert_eq!(house.told(&said), [format!("writing {name}/f.json: {cause}")]);
        assert_eq!(said.out, "");
        house.once(&["-o", &format!("{name}/f.json")]).ended(0);
        assert_eq!(titles(&house.home.json(&format!("{name}/f.json"))).len(), STORIES);
    }
    symlink("/dev/full", house.home.path("link.json")).unwrap();
    let said = house.once(&["-o", "link.json"]).ended(1);
    let cause = "writing to it: no space left on device";
    assert_eq!(house.told(&said), [format!("writing link.json: {cause}")]);
}

#[test]
fn what_cannot_be_written_is_read_all_the_same() {
    let house = House::new("state-read-only");
    house.is_well();
    let read_only = "mount --bind $S $S; mount -o remount,bind,ro $S";
    let Some(said) = house.apart(&format!("{read_only}; once")) else { return };
    let said = said.ended(0);
    let cause = format!("read-only file system {REMEDY}");
    let sentence = format!("locking the state directory ~/state/newsagg: {cause}; {SPARED}");
    assert_eq!(house.told(&said), [&sentence, UNSPENT]);
    // What `paid` had before is stored.
    assert_eq!((said.out.lines().count(), house.asked()), (STORIES, [2, 1]));

    let offline = house.apart(&format!("{read_only}; $N once -c x.toml --offline")).unwrap();
    let offline = offline.ended(0);
    assert_eq!(house.told(&offline), ["free, paid: --offline asks nobody"]);
    assert_eq!(offline.out.lines().count(), STORIES);
    let young = house.apart(&format!("{read_only}; $N once -c x.toml --max-age 1h")).unwrap();
    let young = young.ended(0);
    assert_eq!(house.told(&young), [&sentence, "free, paid: asked less than 1h ago"]);
    assert_eq!(young.out.lines().count(), STORIES);
    let check = house.apart(&format!("{read_only}; $N check --online -c x.toml")).unwrap();
    let check = check.ended(0);
    assert!(check.out.contains(UNSPENT.trim_start_matches("paid: ")), "{}", check.out);
    assert_eq!((house.told(&check), house.asked()), (vec![sentence], [3, 1]));
    house.is_well();
}

#[test]
fn a_place_that_is_none_is_named_with_what_is_in_the_way() {
    let house = House::new("state-nowhere");
    let state = house.state("");
    let base = state.parent().unwrap();
    std::fs::write(base, "a file").unwrap();
    let sentence = |culprit: &str| {
        let what = format!("making the state directory ~/state/newsagg: {culprit} is no directory");
        format!("{what} {REMEDY}; {SPARED}")
    };
    let said = house.once(&[]).ended(0);
    assert_eq!(house.told(&said), [&sentence("~/state"), UNSPENT]);
    std::fs::remove_file(base).unwrap();
    std::fs::create_dir(base).unwrap();
    symlink("nowhere", base.join("newsagg")).unwrap();
    let said = house.once(&[]).ended(0);
    assert_eq!(house.told(&said), [&sentence("~/state/newsagg"), UNSPENT]);
    assert_eq!(house.asked(), [2, 0]);
    // systemd makes such links for services of dynamic users.
    std::fs::create_dir(base.join("nowhere")).unwrap();
    house.is_well();
    assert!(base.join("nowhere/sources").exists());
}

#[test]
fn who_has_no_home_hears_how_to_name_one() {
    let house = House::new("homeless");
    let said = house.sh("unset HOME XDG_STATE_HOME; once").ended(0);
    let sentence = "there is no place for the state: set $HOME, or `dir` in [state]";
    assert_eq!(house.told(&said), [&format!("{sentence}; {SPARED}"), UNSPENT]);
    assert_eq!((said.out.lines().count(), house.asked()), (3, [1, 0]));
    house.is_well();
}

#[test]
fn the_state_of_another_user_is_left_alone_and_root_leaves_it_usable() {
    let house = House::new("state-foreign");
    let nobody = "setpriv --reuid 65534 --regid 65534 --clear-groups";
    if !is_root() || house.sh(&format!("{nobody} test -x $N -a -r x.toml")).code != Some(0) {
        skipped("no other user can be had here");
        return;
    }
    house.is_well();
    house.sh("chmod 755 $S").ended(0);
    let stranger = format!("{nobody} $N once -c x.toml --force");
    let said = house.sh(&stranger).ended(1);
    let nobody = "free, paid: never asked yet, and what is remembered cannot be read";
    let cause = "permission denied: ~/state/newsagg belongs to user 0, and this is user 65534";
    let sentence = format!("reading ~/state/newsagg/sources: {cause}; nothing is written");
    assert_eq!((house.told(&said), house.asked()), (vec![nobody.into(), sentence], [1, 1]));
    house.sh("chown 65534 $S/newsagg; rm $S/newsagg/*").ended(0);
    house.is_well();
    let said = house.sh(&stranger).ended(0);
    assert_eq!((house.told(&said), house.asked()), (vec![], [3, 3]));
    house.is_well();
}
