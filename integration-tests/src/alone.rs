//! A test in a process of its own, where no other one disturbs what it counts.

use std::process::Command;

use crate::exec::Exec;

/// Set in the process of such a test.
const VARIABLE: &str = "TEST_ALONE";

/// Runs `body` in another process, as the same test of the same program; `module` is the `module_path!()` of a test on
/// every executor.
///
/// # Panics
/// As the test does there.
pub async fn alone(module: &str, exec: Exec, body: impl Future<Output = ()>) {
    if std::env::var_os(VARIABLE).is_some() {
        return body.await;
    }
    let (_, module) = module.split_once("::").expect("a module below the program's own");
    again(&match exec {
        Exec::Runtime => format!("{module}::runtime"),
        Exec::Tokio => format!("{module}::tokio"),
        Exec::Bare => format!("{module}::bare"),
    });
}

/// Runs `body` in another process, as the test of that name in the module whose `module_path!()` is `module`.
///
/// # Panics
/// As the test does there.
pub fn alone_as(module: &str, test: &str, body: impl FnOnce()) {
    alone_in(&[], module, test, body);
}

/// [`alone_as`], in an environment with these variables.
///
/// # Panics
/// As the test does there.
pub fn alone_in(variables: &[(&str, &str)], module: &str, test: &str, body: impl FnOnce()) {
    if std::env::var_os(VARIABLE).is_some() {
        return body();
    }
    let (_, module) = module.split_once("::").expect("a module below the program's own");
    again_in(variables, &format!("{module}::{test}"));
}

/// Runs one test of this program in a process of its own.
fn again(test: &str) {
    again_in(&[], test);
}

fn again_in(variables: &[(&str, &str)], test: &str) {
    let program = std::env::current_exe().expect("the test's own path");
    let mut command = Command::new(program);
    let output = command.args(["--exact", test]).env(VARIABLE, "1").envs(variables.iter().copied()).output();
    let output = output.expect("it can be started again");
    let printed = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{printed}");
    // None at all would succeed, too.
    assert!(printed.contains("1 passed"), "{test} is not the name of a test:\n{printed}");
}
