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
        models: &["loom_tests::a_task_that_comes_while_a_worker_parks_is_run"],
    },
    Mutant {
        name: "a worker parks without lying down among the idle",
        breaks: "a task that comes while a worker parks is run",
        file: SCHEDULER,
        after: None,
        old: "state.idle.push((worker, unparker.clone()));",
        new: "let _ = unparker;",
        models: &["loom_tests::a_task_that_comes_while_a_worker_parks_is_run"],
    },
    Mutant {
        name: "a shutdown leaves the idle asleep",
        breaks: "a runtime's shutdown against park",
        file: SCHEDULER,
        after: None,
        old: "last.idle.iter().for_each(|(_, unparker)| unparker.unpark());",
        new: "",
        models: &["loom_tests::a_shutdown_ends_a_worker_that_parks"],
    },
    Mutant {
        name: "a worker does not look whether its runtime has ended",
        breaks: "a runtime's shutdown against park",
        file: SCHEDULER,
        after: None,
        old: "if state.shut_down {\n            return Next::Quit;",
        new: "if false {\n            return Next::Quit;",
        models: &["loom_tests::a_shutdown_ends_a_worker_that_parks"],
    },
    Mutant {
        name: "a shutdown forgets the tasks that wait",
        breaks: "a shutdown drops every task",
        file: SCHEDULER,
        after: None,
        old: "last.tasks.into_values().for_each(Waker::wake);",
        new: "drop(last.tasks);",
        models: &[
            "loom_tests::a_shutdown_drops_a_task_that_waits",
            "loom_tests::a_shutdown_ends_a_worker_that_blocks_in_its_task",
        ],
    },
    Mutant {
        name: "a task that is scheduled after the shutdown is kept",
        breaks: "a shutdown drops every task",
        file: SCHEDULER,
        after: Some("fn schedule(&self, runnable: Runnable)"),
        old: "if state.shut_down {",
        new: "if false {",
        models: &["loom_tests::a_shutdown_drops_a_task_that_waits"],
    },
    Mutant {
        name: "a worker that blocks in its task is not replaced",
        breaks: "nested block_on",
        file: WORKER,
        after: None,
        old: "match start(&worker.0) {",
        new: "match io::Result::Ok(()) {",
        models: &["loom_tests::a_worker_that_blocks_in_its_task_is_replaced"],
    },
    Mutant {
        name: "a shutdown wakes one of the idle",
        breaks: "a runtime's shutdown against park",
        file: SCHEDULER,
        after: None,
        old: "last.idle.iter().for_each(|(_, unparker)| unparker.unpark());",
        new: "last.idle.iter().take(1).for_each(|(_, unparker)| unparker.unpark());",
        models: &["loom_tests::a_shutdown_ends_the_driver_and_the_one_beside_it"],
    },
    Mutant {
        name: "a shutdown keeps the queue",
        breaks: "a shutdown drops every task",
        file: SCHEDULER,
        after: None,
        old: "drop(last.queue);",
        new: "std::mem::forget(last.queue);",
        models: &["loom_tests::a_shutdown_meets_a_task_that_has_just_come"],
    },
    Mutant {
        name: "a worker that blocks on another runtime is not replaced",
        breaks: "nested block_on, of two runtimes",
        file: WORKER,
        after: None,
        old: "WORKER.with(|worker| worker.borrow_mut().take()) else",
        new: "WORKER.with(|worker| worker.borrow_mut().take().filter(|mine| current().is_some_and(|now| Arc::ptr_eq(&now, &mine.0)))) else",
        models: &["loom_tests::a_worker_that_blocks_on_another_runtime_is_replaced"],
    },
];
