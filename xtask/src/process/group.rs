//! A child process with everything that it starts: cargo with its compilers, say. They end together.
//!
//! The child leads a process group of its own, so that one signal reaches all of it. For that very reason the terminal's
//! Ctrl-C no longer does; so a thread waits for the signals that end this program and ends the groups first. A group that
//! loses its leader is ended too: a left-over would hold the pipes open.
//!
//! A process identifier may be taken by somebody else once its process has been waited for. So each group is killed while
//! its leader is still ours, alive or a zombie, and the list below is changed under the lock that is held meanwhile.
//!
//! SIGKILL of this program gives nobody the chance: the child then runs on to its end.

use std::collections::BTreeSet;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Mutex, MutexGuard, Once, PoisonError};
use std::{fs, thread};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGQUIT, SIGTERM};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;

/// The leaders of the groups that are running.
static RUNNING: Mutex<BTreeSet<i32>> = Mutex::new(BTreeSet::new());

fn running() -> MutexGuard<'static, BTreeSet<i32>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A process group of our own making. It is killed when this is dropped.
pub(crate) struct Group {
    leader: Child,
    ended: bool,
}

impl Group {
    /// Starts a command as the leader of a new group.
    pub(crate) fn spawn(command: &mut Command) -> io::Result<Group> {
        end_with_this_program();
        // Held across the start, so that a signal finds either no child or a listed one.
        let mut running = running();
        let leader = command.process_group(0).spawn()?;
        running.insert(leader.id().cast_signed());
        Ok(Group { leader, ended: false })
    }

    /// The process that was started.
    pub(crate) fn leader(&mut self) -> &mut Child {
        &mut self.leader
    }

    /// Whether the leader has come to its end. It stays a zombie, and so its identifier ours.
    pub(crate) fn is_over(&self) -> io::Result<bool> {
        let look = WaitIdOptions::EXITED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
        Ok(waitid(WaitId::Pid(Pid::from_child(&self.leader)), look)?.is_some())
    }

    /// Sends the whole group a signal. What it makes of that is its own affair.
    #[cfg(target_os = "linux")]
    pub(crate) fn signal(&mut self, signal: Signal) {
        let _running = running();
        if !self.ended {
            // As below.
            let _ = kill_process_group(Pid::from_child(&self.leader), signal);
        }
    }

    /// Kills whatever is left of the group and gives the leader's status.
    pub(crate) fn end(&mut self) -> io::Result<ExitStatus> {
        let mut running = running();
        if !self.ended {
            kill(Pid::from_child(&self.leader));
        }
        let status = self.leader.wait()?;
        self.ended = true;
        running.remove(&self.leader.id().cast_signed());
        Ok(status)
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if !self.ended {
            // Nobody is left to tell.
            let _ = self.end();
        }
    }
}

fn kill(leader: Pid) {
    // Nothing is left of a group that cannot be found, and only our own children are in it.
    let _ = kill_process_group(leader, Signal::KILL);
}

/// Makes the signals that end this program end the running groups first.
fn end_with_this_program() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let ours = [SIGHUP, SIGINT, SIGQUIT, SIGTERM].into_iter().filter(|signal| !is_ignored(*signal));
        let mut signals = Signals::new(ours).expect("these signals may be caught");
        thread::spawn(move || {
            for signal in signals.forever() {
                // Never given back: nothing more is started.
                let running = running();
                for leader in running.iter().filter_map(|leader| Pid::from_raw(*leader)) {
                    kill(leader);
                }
                let _ = emulate_default_handler(signal);
            }
        });
    });
}

/// Whether this program was started with a signal ignored, as `nohup` does. Known on Linux only.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or(0);
    mask & (1 << (signal - 1)) != 0
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use std::io::{BufRead, BufReader};
    use std::os::unix::process::ExitStatusExt;
    use std::process::Stdio;
    use std::time::Duration;

    use super::*;
    use crate::process::capture;

    /// Prints the identifier of a grandchild, which holds the pipes open and says so when it has outlived everybody.
    const GRANDCHILD: &str = "(sleep 1000; echo outlived) & echo $!";

    /// Starts a grandchild and waits for it.
    fn with_grandchild() -> Command {
        let mut shell = Command::new("sh");
        shell.args(["-c", &format!("{GRANDCHILD}; wait")]);
        shell
    }

    /// Fails unless a process is gone, or a zombie that nobody has waited for yet. Killed, it closes its pipes before it
    /// ends; so it is given a minute, far less than it would live by itself.
    #[track_caller]
    fn assert_ended(identifier: &str) {
        let identifier: u32 = identifier.trim().parse().expect("a process identifier");
        let mut stat = String::new();
        for _ in 0..6000 {
            stat = fs::read_to_string(format!("/proc/{identifier}/stat")).unwrap_or_default();
            let state = stat.rsplit(") ").next().and_then(|rest| rest.chars().next());
            if matches!(state, None | Some('Z' | 'X')) {
                return;
            }
            thread::sleep(Duration::from_millis(10));
        }
        panic!("it still runs: {stat}");
    }

    #[test]
    fn grandchildren_are_killed_at_the_time_limit() {
        // On a busy machine the first limit may pass before the grandchild is there.
        for milliseconds in [50, 1000, 20_000] {
            let captured = capture(&mut with_grandchild(), Duration::from_millis(milliseconds)).unwrap();
            assert!(captured.status.is_none());
            if !captured.output.is_empty() {
                return assert_ended(&captured.output);
            }
        }
        panic!("no grandchild was started");
    }

    #[test]
    fn grandchildren_do_not_outlive_a_child_that_ends_by_itself() {
        let captured =
            capture(Command::new("sh").args(["-c", GRANDCHILD]), Duration::from_secs(900)).unwrap();
        assert!(captured.status.unwrap().success());
        assert_ended(&captured.output);
    }

    /// Set for the process that the signal is sent to.
    const VICTIM: &str = "XTASK_TEST_VICTIM";

    #[test]
    fn a_signal_that_ends_this_program_ends_the_grandchildren_too() {
        if std::env::var_os(VICTIM).is_some() {
            let mut group = Group::spawn(with_grandchild().stdout(Stdio::piped())).unwrap();
            let output = group.leader().stdout.take().unwrap();
            let mut line = String::new();
            BufReader::new(output).read_line(&mut line).unwrap();
            eprintln!("{}", line.trim());
            while !group.is_over().unwrap() {
                thread::sleep(Duration::from_millis(1));
            }
            // Blocks: the signal holds the lock until this program has ended.
            group.end().unwrap();
            return;
        }
        // This very test once more, as a program of its own. Not by SIGINT: a shell ignores that one for what it
        // starts in the background, and so does what it starts.
        let mut victim = Command::new(std::env::current_exe().unwrap())
            .args([
                "--exact",
                "--nocapture",
                "process::group::tests::a_signal_that_ends_this_program_ends_the_grandchildren_too",
            ])
            .env(VICTIM, "1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut errors = BufReader::new(victim.stderr.take().unwrap());
        let mut grandchild = String::new();
        errors.read_line(&mut grandchild).unwrap();
        rustix::process::kill_process(Pid::from_child(&victim), Signal::TERM).unwrap();
        assert_eq!(victim.wait().unwrap().signal(), Some(SIGTERM));
        assert_ended(&grandchild);
    }
}
