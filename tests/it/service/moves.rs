//! Another state directory while the service runs, and orders that come at a bad moment.

use std::os::unix::fs::symlink;

use newsagg::store::{Lock, LockFailure};

use super::*;

/// Reloads once a minute, each time with the next of these state directories; `file` can be none.
fn reloads(dirs: &[&str]) -> Life {
    let world = &World::new(&format!("state-{}", dirs.join("-")), well);
    std::fs::write(world.dir.join("file"), "").unwrap();
    let with = |dir: &str| {
        let mut config = world.config(&sources(&["a"], "30m"));
        config.state.dir = Some(world.dir.join(dir));
        config
    };
    let configs = RefCell::new(dirs.iter().skip(1).map(|dir| with(dir)).collect::<Vec<_>>());
    let load = || Ok(configs.borrow_mut().remove(0));
    let clock = world.clock.clone();
    live_with(world, with(dirs[0]), None, &load, |tell| async move {
        for minute in 1..dirs.len() {
            clock.sleep_until(MINUTE * u32::try_from(minute).unwrap()).await;
            tell.send(Order::Reload).await.unwrap();
        }
        clock.sleep_until(HOUR / 3).await;
        for dir in dirs {
            let held = matches!(Lock::service(&world.dir.join(dir)), Err(LockFailure::Held { .. }));
            assert_eq!(held, dir == dirs.last().unwrap() && *dir != "file", "{dir}");
        }
    })
}

#[test]
fn it_may_go_back_to_a_state_directory_that_it_had() {
    for dirs in [&["one", "two", "one"][..], &["one", "file", "one"]] {
        let life = reloads(dirs);
        assert!(life.lines("ERROR").is_empty(), "{:?}", life.heard);
    }
}

#[test]
fn a_state_directory_that_it_left_is_free_for_another_service() {
    for dirs in [&["one", "two"][..], &["one", "file"]] {
        let life = reloads(dirs);
        assert!(life.lines("ERROR").is_empty(), "{:?}", life.heard);
    }
}

#[test]
fn another_name_for_the_same_state_directory_is_no_other_service() {
    let world = World::new("state-alias", well);
    std::fs::create_dir(world.dir.join("one")).unwrap();
    symlink("one", world.dir.join("alias")).unwrap();
    let with = |dir: &str| {
        let mut config = world.config(&sources(&["a"], "30m"));
        config.state.dir = Some(world.dir.join(dir));
        config
    };
    let (clock, one) = (world.clock.clone(), world.dir.join("one"));
    let load = || Ok(with("alias"));
    let life = live_with(&world, with("one"), None, &load, |tell| async move {
        clock.sleep_until(MINUTE).await;
        tell.send(Order::Reload).await.unwrap();
        clock.sleep_until(2 * MINUTE).await;
        let taken = Lock::service(&one);
        assert!(matches!(taken, Err(LockFailure::Held { .. })), "{taken:?}");
    });
    assert!(life.lines("ERROR").is_empty(), "{:?}", life.heard);
}

#[test]
fn who_is_stopping_reads_no_config() {
    let world = World::new("stop-reload", |asked: &Asked| well(asked).after(9 * SECOND));
    let clock = world.clock.clone();
    let text = sources(&["slow"], "30m");
    let life = live(&world, &text, None, |tell| async move {
        clock.sleep_until(3 * SECOND).await;
        tell.send(Order::Stop("SIGTERM")).await.unwrap();
        tell.send(Order::Reload).await.unwrap();
        std::future::pending::<()>().await;
    });
    assert_eq!(life.code, 0);
    assert_eq!(life.heard.last().unwrap().1, "STOPPING", "{:?}", life.heard);
}

#[test]
fn where_a_service_runs_no_other_begins() {
    let world = World::new("state-taken", well);
    std::fs::create_dir_all(world.dir.join("state")).unwrap();
    let taken = Lock::service(&world.dir.join("state")).unwrap();
    let life = live(&world, &sources(&["a"], "30m"), None, |_| std::future::pending());
    assert_eq!((life.code, world.asked().len()), (1, 0), "{:?}", life.heard);
    drop(taken);
}

#[test]
fn told_twice_to_stop_it_ends_at_once() {
    let world = World::new("stop-twice", |asked: &Asked| well(asked).after(9 * SECOND));
    let clock = world.clock.clone();
    let life = live(&world, &sources(&["slow"], "30m"), None, |tell| async move {
        clock.sleep_until(3 * SECOND).await;
        tell.send(Order::Stop("SIGINT")).await.unwrap();
    });
    assert_eq!((life.code, life.end), (0, 3 * SECOND), "{:?}", life.heard);
}

#[test]
fn in_ones_own_house_it_asks_as_often_as_it_is_told() {
    let world = World::new("own-house", well);
    let clock = world.clock.clone();
    let text = sources(&["a"], "30m").replace("https://a.test/", "http://192.168.7.1/");
    live(&world, &text, None, |tell| async move {
        for at in [100, 130] {
            clock.sleep_until(at * SECOND).await;
            tell.send(Order::Now).await.unwrap();
        }
        clock.sleep_until(200 * SECOND).await;
    });
    assert_eq!(world.asked().len(), 3, "{:?}", world.asked());
}
