//! An example server as a process of its own: a peer whose descriptors can be counted and which can be ended by a signal.

use std::io::{BufRead, BufReader, Read};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};

pub use rustix::process::Signal;
use rustix::process::{Pid, kill_process};

/// The echo server's binary.
pub fn program() -> PathBuf {
    example("echo")
}

/// An example's binary, which cargo builds with the tests: this package has a program of each example's source.
pub fn example(name: &str) -> PathBuf {
    let mut folder = std::env::current_exe().expect("the test's own path");
    folder.pop();
    folder.pop();
    folder.join(name)
}

/// What a program says of arguments that it does not take: one line on standard error, nothing on standard output, exit 1.
pub fn refused(program: PathBuf, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output().expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    assert!(output.stdout.is_empty(), "{output:?}");
    let text = String::from_utf8(output.stderr).expect("text");
    assert_eq!(text.lines().count(), 1, "{text}");
    text
}

/// A running server. Dropped, it is killed.
pub struct Server {
    child: Child,
    /// There until it is closed.
    output: Option<BufReader<ChildStdout>>,
    address: String,
}

impl Server {
    /// Starts the echo server on a port of loopback that the kernel chooses, with two workers.
    pub fn start() -> Server {
        Server::start_command(&mut Server::example())
    }

    /// The command that [`Server::start`] starts.
    pub fn example() -> Command {
        Server::command("echo")
    }

    /// The command that starts an example in this way.
    pub fn command(name: &str) -> Command {
        let mut command = Command::new(example(name));
        command.args(["127.0.0.1:0", "--workers", "2"]);
        command
    }

    /// Starts a server whose first line names its address, as the example's does.
    pub fn start_command(command: &mut Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).spawn().expect("the server starts");
        let output = BufReader::new(child.stdout.take().expect("its output is piped"));
        let mut server = Server { child, output: Some(output), address: String::new() };
        let line = server.next_line();
        server.address =
            line.strip_prefix("listening on ").expect("the first line names the address").to_owned();
        server
    }

    /// Waits for the next line that it prints.
    pub fn next_line(&mut self) -> String {
        let mut line = String::new();
        let output = self.output.as_mut().expect("its output has not been closed");
        output.read_line(&mut line).expect("its output is text");
        line.trim_end().to_owned()
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

    /// Sends it a signal.
    pub fn signal(&self, signal: Signal) {
        let id = i32::try_from(self.child.id()).ok().and_then(Pid::from_raw).expect("a process's number");
        kill_process(id, signal).expect("a child that has not been waited for can be sent a signal");
    }

    /// Closes our end of its standard output.
    pub fn close_output(&mut self) {
        self.output = None;
    }

    /// Waits for it to end well; what it printed after its first line.
    pub fn wait(&mut self) -> String {
        let mut rest = String::new();
        if let Some(output) = &mut self.output {
            output.read_to_string(&mut rest).expect("its last lines");
        }
        let status = self.child.wait().expect("it ends");
        assert!(status.success(), "{status}");
        rest
    }

    /// Waits for it to end in whatever way.
    pub fn wait_for_status(&mut self) -> std::process::ExitStatus {
        self.child.wait().expect("it ends")
    }

    /// Ends it as a signal does; what it printed last.
    pub fn stop(mut self) -> String {
        self.signal(Signal::TERM);
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
