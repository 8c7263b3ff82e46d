//! What the kernel has charged a process with, and what the whole machine did meanwhile.
//!
//! | file | what is read from it | grain |
//! | --- | --- | --- |
//! | `/proc/PID/task/*/schedstat` | processor time of each thread | nanoseconds, brought up to date at each switch and each tick |
//! | `/proc/PID/task/*/status` | context switches of each thread | one |
//! | `/proc/PID/status` | resident memory | a page |
//! | `/proc/self/stat` | processor time of this program and of those that it started and that have ended | a hundredth of a second |
//! | `/proc/stat` | time that the processors in use were busy | a hundredth of a second |
//!
//! A thread that ends takes its account along; none of the servers ends threads while it serves.

use std::fs;
use std::iter::Sum;
use std::ops::Sub;
use std::time::Duration;

use anyhow::{Context, Result};

/// What one process has used since it was started, all of its threads together.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Usage {
    /// Time on a processor, in user space and in the kernel.
    pub(crate) processor: Duration,
    /// Switches because a thread had nothing to do.
    pub(crate) voluntary: u64,
    /// Switches because the kernel wanted the processor for somebody else.
    pub(crate) involuntary: u64,
}

impl Sub for Usage {
    type Output = Usage;

    fn sub(self, earlier: Usage) -> Usage {
        Usage {
            processor: self.processor.saturating_sub(earlier.processor),
            voluntary: self.voluntary.saturating_sub(earlier.voluntary),
            involuntary: self.involuntary.saturating_sub(earlier.involuntary),
        }
    }
}

/// Reads the account of a process.
pub(crate) fn usage(pid: u32) -> Result<Usage> {
    let folder = format!("/proc/{pid}/task");
    let mut sum = Usage::default();
    for thread in fs::read_dir(&folder).with_context(|| format!("cannot read {folder}"))? {
        let thread = thread?.path();
        // A thread may end between the listing and here.
        let Ok(schedstat) = fs::read_to_string(thread.join("schedstat")) else { continue };
        let Ok(status) = fs::read_to_string(thread.join("status")) else { continue };
        sum.processor +=
            run_time(&schedstat).with_context(|| format!("{folder} has a schedstat {schedstat:?}"))?;
        sum.voluntary += field(&status, "voluntary_ctxt_switches").context("a status counts no switches")?;
        sum.involuntary +=
            field(&status, "nonvoluntary_ctxt_switches").context("a status counts no switches")?;
    }
    Ok(sum)
}

/// Processor time of this program, and of all that it started and that have ended.
pub(crate) fn own_and_children() -> Result<Duration> {
    let stat = fs::read_to_string("/proc/self/stat").context("cannot read /proc/self/stat")?;
    all_times(&stat).with_context(|| format!("/proc/self/stat tells no times: {stat:?}"))
}

/// `utime stime cutime cstime`, added up: the twelfth to fifteenth field behind the name, which may have spaces in it.
fn all_times(stat: &str) -> Option<Duration> {
    let (_, fields) = stat.rsplit_once(") ")?;
    let times: Vec<u64> =
        fields.split_ascii_whitespace().skip(11).take(4).map(str::parse).collect::<Result<_, _>>().ok()?;
    (times.len() == 4).then(|| Duration::from_millis(times.iter().sum::<u64>() * 10))
}

/// The memory of a process that is in the machine's memory, in bytes.
pub(crate) fn resident(pid: u32) -> Result<u64> {
    let file = format!("/proc/{pid}/status");
    let status = fs::read_to_string(&file).with_context(|| format!("cannot read {file}"))?;
    Ok(field(&status, "VmRSS").with_context(|| format!("{file} has no VmRSS"))? * 1024)
}

/// The first number of a `schedstat`: nanoseconds on a processor.
fn run_time(schedstat: &str) -> Option<Duration> {
    Some(Duration::from_nanos(schedstat.split_ascii_whitespace().next()?.parse().ok()?))
}

/// The number behind `name:` in a `status`.
fn field(status: &str, name: &str) -> Option<u64> {
    let value = status.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'))?;
    value.split_ascii_whitespace().next()?.parse().ok()
}

/// How long some processors together have been busy, and how long they have been there.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Machine {
    /// With anything, other guests of the same host included.
    pub(crate) busy: Duration,
    /// With anything or nothing.
    pub(crate) total: Duration,
}

/// Reads the account of some processors: what others do on those that nobody here uses disturbs nobody, and would hide
/// in a sum over many what disturbs a few.
pub(crate) fn machine(processors: &[usize]) -> Result<Machine> {
    let stat = fs::read_to_string("/proc/stat").context("cannot read /proc/stat")?;
    let each = processors.iter().map(|processor| {
        processor_in(&stat, *processor).with_context(|| format!("/proc/stat tells nothing of cpu{processor}"))
    });
    each.sum()
}

impl Sum for Machine {
    fn sum<I: Iterator<Item = Machine>>(machines: I) -> Machine {
        machines.fold(Machine { busy: Duration::ZERO, total: Duration::ZERO }, |a, b| Machine {
            busy: a.busy + b.busy,
            total: a.total + b.total,
        })
    }
}

/// The line `cpuN user nice system idle iowait irq softirq steal guest guest_nice`. Guests are in user and nice already.
fn processor_in(stat: &str, processor: usize) -> Option<Machine> {
    let name = format!("cpu{processor} ");
    let line = stat.lines().find_map(|line| line.strip_prefix(name.as_str()))?;
    let numbers: Vec<u64> =
        line.split_ascii_whitespace().take(8).map(str::parse).collect::<Result<_, _>>().ok()?;
    let &[user, nice, system, idle, waiting, irq, softirq, steal] = &numbers[..] else { return None };
    // The kernel shows hundredths of a second to programs, whatever its own tick.
    let time = |ticks: u64| Duration::from_millis(ticks * 10);
    let busy = user + nice + system + irq + softirq + steal;
    Some(Machine { busy: time(busy), total: time(busy + idle + waiting) })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::pin::Processors;

    #[test]
    fn the_run_time_is_the_first_number() {
        assert_eq!(run_time("75103448 7221012 1516\n"), Some(Duration::from_nanos(75_103_448)));
        assert_eq!(run_time(""), None);
        assert_eq!(run_time("x 1 2"), None);
    }

    #[test]
    fn a_field_is_found_by_its_whole_name() {
        let status =
            "Name:\tours\nVmRSS:\t    1234 kB\nnonvoluntary_ctxt_switches:\t9\nvoluntary_ctxt_switches:\t7\n";
        assert_eq!(field(status, "voluntary_ctxt_switches"), Some(7));
        assert_eq!(field(status, "nonvoluntary_ctxt_switches"), Some(9));
        assert_eq!(field(status, "VmRSS"), Some(1234));
        assert_eq!(field(status, "Vm"), None);
    }

    #[test]
    fn the_times_of_children_count_too() {
        let stat = "12 (a) name) S 1 12 12 0 -1 4194304 900 800 0 0 7 5 30 8 20 0 1 0 500 1000 10";
        assert_eq!(all_times(stat), Some(Duration::from_millis(500)));
        assert_eq!(all_times("12 (name) S 1 12"), None);
        own_and_children().unwrap();
    }

    #[test]
    fn waiting_is_not_busy_and_guests_count_once() {
        let stat = "cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 2 4 1000 500 8 16 32 64 128\ncpu1 1 0 0 0 0 0 0 0 0 0\n";
        let machine = processor_in(stat, 0).unwrap();
        assert_eq!(machine.busy, Duration::from_millis(10 * (1 + 2 + 4 + 8 + 16 + 32)));
        assert_eq!(machine.total, machine.busy + Duration::from_secs(15));
        assert_eq!(processor_in("cpu0 1 2 4\n", 0), None);
        assert_eq!(processor_in("intr 1\n", 0), None);
    }

    #[test]
    fn each_processor_has_its_own_account() {
        // One that is busy all the time, at the side of many that rest.
        let stat =
            (0..64).map(|cpu| format!("cpu{cpu} {} 0 0 100 0 0 0 0 0 0\n", if cpu == 1 { 100 } else { 0 }));
        let stat = stat.collect::<String>();
        let busy = |cpu| processor_in(&stat, cpu).unwrap().busy;
        assert_eq!((busy(1), busy(10), busy(11)), (Duration::from_secs(1), Duration::ZERO, Duration::ZERO));
        let two: Machine = [0, 1].into_iter().map(|cpu| processor_in(&stat, cpu).unwrap()).sum();
        assert_eq!((two.busy, two.total), (Duration::from_secs(1), Duration::from_secs(3)));
        assert!(machine(&[usize::MAX]).unwrap_err().to_string().contains("cpu18446744073709551615"));
    }

    #[test]
    fn this_process_has_an_account() {
        let before = usage(std::process::id()).unwrap();
        // Work until the kernel has noticed, however coarse its clock.
        let mut after = before;
        for _ in 0..100_000 {
            after = usage(std::process::id()).unwrap();
            if after.processor > before.processor {
                break;
            }
        }
        assert!((after - before).processor > Duration::ZERO, "{after:?}");
        assert!(resident(std::process::id()).unwrap() > 4096);
        let one = machine(&Processors::for_tests().server(1)[..1]).unwrap();
        assert!(one.total >= one.busy);
    }

    #[test]
    fn a_process_that_is_not_there_is_named() {
        let error = usage(u32::MAX).unwrap_err().to_string();
        assert!(error.contains(&u32::MAX.to_string()), "{error}");
    }
}
