//! The word alone, step by step.

use super::*;

#[test]
fn a_guest_drives_only_where_there_are_no_workers() {
    let role = Role::new();
    assert!(role.take(Class::Guest));
    assert!(!role.leave(Class::Guest, false).wanted);
    role.add_worker();
    assert!(!role.take(Class::Guest));
    assert_eq!(role.announce(Class::Guest), Announced::Held { ask: false, unwatched: true });
    assert!(role.take(Class::Worker));
    let _ = role.leave(Class::Worker, false);
    assert!(role.sub_worker(), "a guest sleeps");
    assert!(role.take(Class::Guest));
}

#[test]
fn a_worker_asks_a_guest_and_the_stand_by_for_the_role_once() {
    let role = Role::new();
    assert!(role.take(Class::Guest));
    role.add_worker();
    assert_eq!(role.announce(Class::Worker), Announced::Held { ask: true, unwatched: false });
    assert_eq!(role.announce(Class::Worker), Announced::Held { ask: false, unwatched: false });
    assert!(role.leave(Class::Guest, false).wanted);
    assert_eq!(role.announce(Class::Worker), Announced::Free);
    assert!(role.take_as_standby());
    assert_eq!(role.announce(Class::Worker), Announced::Held { ask: true, unwatched: false });
    assert!(role.stand_down());
    assert!(role.take(Class::Worker));
    assert_eq!(
        role.announce(Class::Worker),
        Announced::Held { ask: false, unwatched: false },
        "nobody asks a worker"
    );
}

#[test]
fn the_stand_by_sleeps_unless_somebody_waits_or_runs() {
    let role = Role::new();
    assert_eq!(role.watch(true, false, true), Watch::Sleep, "nobody called");
    assert!(role.call_standby(false));
    assert_eq!(role.watch(false, false, true), Watch::LookAgain);
    assert_eq!(role.watch(true, false, false), Watch::Sleep);
    assert!(role.add(false), "it is called for the waiter");
    role.call_standby(false);
    assert_eq!(role.watch(false, false, false), Watch::LookAgain);
    assert_eq!(role.watch(true, false, false), Watch::Orphaned);
    assert_eq!(role.watch(false, true, true), Watch::HeldUp);
    assert_eq!(role.watch(true, true, true), Watch::Orphaned, "there was no poll at all");
    role.call_standby(true);
    assert_eq!(role.watch(false, false, false), Watch::Orphaned);
    assert!(role.take(Class::Worker));
    assert_eq!(role.watch(true, false, false), Watch::Sleep, "a driver sleeps");
    assert!(role.leave(Class::Worker, false).unwatched);
    assert!(role.take(Class::Worker));
    role.call_standby(false);
    assert_eq!(
        role.watch(false, true, true),
        Watch::LookAgain,
        "a driver sleeps, whatever holds another worker up"
    );
    assert!(!role.leave(Class::Worker, false).unwatched);
    role.sub(1);
}

#[test]
fn the_stand_by_is_called_for_strangers_alone() {
    let role = Role::new();
    role.add_worker();
    assert!(!role.add(true), "the worker that runs polls when it is done");
    assert!(role.take(Class::Worker));
    assert!(!role.leave(Class::Worker, false).unwatched, "only its own tasks wait");
    assert!(role.add(false), "a stranger waits while a worker runs");
    assert!(role.take(Class::Worker));
    assert!(role.leave(Class::Worker, false).unwatched, "the stranger is still there");
}

#[test]
fn the_stand_by_is_called_for_another_worker_too() {
    let role = Role::new();
    role.add_worker();
    role.add_worker();
    assert!(role.add(true), "the other worker may sleep beside the poller");
    assert!(role.take(Class::Worker));
    assert!(role.leave(Class::Worker, false).unwatched, "the other's tasks may be those that wait");
}

#[test]
fn a_guest_that_lies_down_is_a_stranger() {
    let role = Role::new();
    role.add_worker();
    assert_eq!(role.announce(Class::Guest), Announced::Held { ask: false, unwatched: true });
    assert!(role.call_standby(false));
    assert_eq!(role.announce(Class::Guest), Announced::Held { ask: false, unwatched: false });
}
