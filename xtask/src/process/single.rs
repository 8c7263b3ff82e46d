//! Where there are no process groups: the child alone.

use std::io;
use std::process::{Child, Command, ExitStatus};

/// A child process. What it starts is its own affair here.
pub(crate) struct Group {
    leader: Child,
}

impl Group {
    /// Starts a command.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Group> {
        Ok(Group { leader: command.spawn()? })
    }

    /// The process that was started.
    pub(crate) fn leader(&mut self) -> &mut Child {
        &mut self.leader
    }

    /// Whether the process has come to its end.
    pub(crate) fn is_over(&mut self) -> io::Result<bool> {
        Ok(self.leader.try_wait()?.is_some())
    }

    /// Kills the process if it still runs, and gives its status.
    pub(crate) fn end(&mut self) -> io::Result<ExitStatus> {
        if !self.is_over()? {
            self.leader.kill()?;
        }
        self.leader.wait()
    }
}
