//! The echo server as a process of its own: a peer whose descriptors can be counted and which can be ended by a signal.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

/// The echo server's binary, which cargo builds beside the tests.
pub fn program() -> PathBuf {
    let mut folder = std::env::current_exe().expect("the test's own path");
    folder.pop();
    folder.pop();
    folder.join("examples/echo")
}

/// A running echo server. Dropped, it is killed.
pub struct Server {
    child: Child,
    output: BufReader<ChildStdout>,
    address: String,
}

impl Server {
    /// Starts it on a port of loopback that the kernel chooses, with two workers.
    pub fn start() -> Server {
        Server::start_with(|_| {})
    }

    /// [`Server::start`], with something else to be set on the command first.
    pub fn start_with(configure: impl FnOnce(&mut Command)) -> Server {
        let mut command = Command::new(program());
        command.args(["127.0.0.1:0", "--workers", "2"]).stdout(Stdio::piped());
        configure(&mut command);
        let mut child = command.spawn().expect("the example starts");
        let mut output = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut line = String::new();
        output.read_line(&mut line).expect("its first line");
        let address =
            line.trim().strip_prefix("listening on ").expect("the first line names the address").to_owned();
        Server { child, output, address }
    }

    /// Where it listens.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// How many descriptors it has open.
    pub fn descriptors(&self) -> usize {
        let folder = format!("/proc/{}/fd", self.child.id());
        std::fs::read_dir(folder).expect("a process that runs has descriptors").count()
    }

    /// What it prints on standard error, where the command was configured to pipe that.
    pub fn take_errors(&mut self) -> Option<std::process::ChildStderr> {
        self.child.stderr.take()
    }

    /// Sends it a signal, such as `TERM`.
    pub fn signal(&self, name: &str) {
        let kill = Command::new("kill").args([&format!("-{name}"), &self.child.id().to_string()]).status();
        assert!(kill.expect("kill runs").success());
    }

    /// Waits for it to end well; what it printed after its first line.
    pub fn wait(&mut self) -> String {
        let mut rest = String::new();
        self.output.read_to_string(&mut rest).expect("its last lines");
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}");
        rest
    }

    /// Ends it as a signal does; what it printed last.
    pub fn stop(mut self) -> String {
        self.signal("TERM");
        self.wait()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // An error: it has ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
