//! Which processor does what.
//!
//! ```text
//!                       one worker          two workers, two processors      two workers, three or more
//!   first processor     server              server and generator             server
//!   second processor    generator           server and generator             server
//!   third processor                                                          generator
//! ```
//!
//! The harness itself runs on the second processor, whatever the number of workers, and sleeps while a window is measured.

use anyhow::{Context, Result, bail};
use rustix::thread::{CpuSet, sched_getaffinity, sched_setaffinity};

/// The processors that this program may use, in the kernel's order.
pub(crate) struct Processors {
    all: Vec<usize>,
}

impl Processors {
    /// Those of this machine.
    pub(crate) fn here() -> Result<Processors> {
        Processors::from(allowed()?)
    }

    /// The same for tests that care little who runs where: one processor is good for both parts.
    #[cfg(test)]
    pub(crate) fn for_tests() -> Processors {
        let mut all = allowed().expect("a process may ask where it may run");
        all.push(all[0]);
        Processors { all }
    }

    fn from(all: Vec<usize>) -> Result<Processors> {
        if all.len() < 2 {
            bail!("the server and the generator need a processor each, and only {all:?} may be used");
        }
        Ok(Processors { all })
    }

    /// How many there are.
    pub(crate) fn count(&self) -> usize {
        self.all.len()
    }

    /// Where a server with so many workers runs.
    pub(crate) fn server(&self, workers: usize) -> &[usize] {
        &self.all[..workers.min(2)]
    }

    /// Where the generator runs beside such a server.
    pub(crate) fn generator(&self, workers: usize) -> &[usize] {
        match (workers, self.all.len()) {
            (1, _) => &self.all[1..2],
            (_, 2) => &self.all[..2],
            _ => &self.all[2..3],
        }
    }

    /// Where somebody of ours runs while such a server is measured. The harness sleeps beside the generator of one worker.
    pub(crate) fn in_use(&self, workers: usize) -> Vec<usize> {
        let used = [self.server(workers), self.generator(workers), self.generator(1)].concat();
        self.all.iter().copied().filter(|processor| used.contains(processor)).collect()
    }

    /// All that this program was started with.
    pub(crate) fn all(&self) -> &[usize] {
        &self.all
    }
}

/// The processors that this thread may use.
fn allowed() -> Result<Vec<usize>> {
    let set = sched_getaffinity(None).context("cannot read which processors may be used")?;
    Ok((0..CpuSet::MAX_CPU).filter(|cpu| set.is_set(*cpu)).collect())
}

/// Does something with the calling thread on some processors. What is started meanwhile stays there.
pub(crate) fn on<T>(processors: &[usize], work: impl FnOnce() -> T) -> Result<T> {
    let before = sched_getaffinity(None).context("cannot read which processors may be used")?;
    let mut set = CpuSet::new();
    for processor in processors {
        set.set(*processor);
    }
    sched_setaffinity(None, &set).with_context(|| format!("cannot move to the processors {processors:?}"))?;
    let done = work();
    sched_setaffinity(None, &before).context("cannot move back")?;
    Ok(done)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn one_worker_and_the_generator_share_no_processor() {
        let two = Processors::from(vec![4, 6]).unwrap();
        assert_eq!((two.server(1), two.generator(1)), (&[4][..], &[6][..]));
        assert_eq!((two.server(2), two.generator(2)), (&[4, 6][..], &[4, 6][..]));
        let three = Processors::from(vec![0, 1, 2]).unwrap();
        assert_eq!((three.server(2), three.generator(2)), (&[0, 1][..], &[2][..]));
        assert!(Processors::from(vec![0]).is_err());
        let many = Processors::from((10..74).collect()).unwrap();
        assert_eq!((many.in_use(1), many.in_use(2)), (vec![10, 11], vec![10, 11, 12]));
    }

    #[test]
    fn a_child_stays_where_it_was_started() {
        let before = allowed().unwrap();
        let last = &before[before.len() - 1..];
        let status = on(last, || Command::new("cat").arg("/proc/self/status").output()).unwrap().unwrap();
        let status = String::from_utf8(status.stdout).unwrap();
        let list = status.lines().find_map(|line| line.strip_prefix("Cpus_allowed_list:")).unwrap();
        assert_eq!(list.trim(), last[0].to_string());
        assert_eq!(allowed().unwrap(), before);
    }
}
