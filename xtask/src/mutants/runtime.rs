//! Mutants of `runtime`: the hand-off between the queue, the idle workers and a shutdown.

use super::Mutant;

const SCHEDULER: &str = "runtime/src/scheduler.rs";
const WORKER: &str = "runtime/src/worker.rs";

pub(super) const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a task that comes wakes nobody",
        breaks: "a task that comes while a worker parks is run",
        file: SCHEDULER,
        after: Some("if let Some(sleeper) = sleeper {"),
        old: "sleeper.unpark();",
        new: "drop(sleeper);",
        model: "loom_tests::a_task_that_comes_while_a_worker_parks_is_run",
    },
    Mutant {
        name: "a worker parks without lying down among the idle",
        breaks: "a task that comes while a worker parks is run",
        file: SCHEDULER,
        after: None,
        old: "state.idle.push((worker, unparker.clone()));",
        new: "let _ = unparker;",
        model: "loom_tests::a_task_that_comes_while_a_worker_parks_is_run",
    },
    Mutant {
        name: "a shutdown leaves the idle asleep",
        breaks: "a runtime's shutdown against park",
        file: SCHEDULER,
        after: None,
        old: "last.idle.iter().for_each(|(_, unparker)| unparker.unpark());",
        new: "",
        model: "loom_tests::a_shutdown_ends_a_worker_that_parks",
    },
    Mutant {
        name: "a worker does not look whether its runtime has ended",
        breaks: "a runtime's shutdown against park",
        file: SCHEDULER,
        after: None,
        old: "if state.shut_down {\n            return Next::Quit;",
        new: "if false {\n            return Next::Quit;",
        model: "loom_tests::a_shutdown_ends_a_worker_that_parks",
    },
    Mutant {
        name: "a shutdown forgets the tasks that wait",
        breaks: "a shutdown drops every task",
        file: SCHEDULER,
        after: None,
        old: "last.tasks.into_values().for_each(Waker::wake);",
        new: "drop(last.tasks);",
        model: "loom_tests::a_shutdown_drops_a_task_that_waits",
    },
    Mutant {
        name: "a task that is scheduled after the shutdown is kept",
        breaks: "a shutdown drops every task",
        file: SCHEDULER,
        after: Some("fn schedule(&self, runnable: Runnable)"),
        old: "if state.shut_down {",
        new: "if false {",
        model: "loom_tests::a_shutdown_drops_a_task_that_waits",
    },
    Mutant {
        name: "a worker that blocks in its task is not replaced",
        breaks: "nested block_on",
        file: WORKER,
        after: None,
        old: "Replaced(worker_of.filter(|scheduler| {",
        new: "Replaced(worker_of.filter(|_| false).filter(|scheduler| {",
        model: "loom_tests::a_worker_that_blocks_in_its_task_is_replaced",
    },
];
