//! The pieces: criterion's benchmarks and Go's own, in groups, each watched like any other sample.
//!
//! A group is one file of criterion's, or one package of Go's. One that others disturbed is run once more, and the less
//! disturbed run counts.

use std::time::Duration;

use anyhow::Result;

use super::accounting::{self, Machine};
use super::build::Builder;
use super::noise::{self, disturbs};
use super::pin;
use super::results::{Piece, Results};
use super::{go, micro};

/// Runs every group on some processors. What cannot be run is noted.
pub(crate) fn all(
    builder: &Builder,
    processors: &[usize],
    toolchain: Option<&go::Toolchain>,
    quick: bool,
    results: &mut Results,
) {
    println!("pieces, by criterion (some minutes)");
    match micro::groups(builder) {
        Ok(groups) => {
            for group in groups {
                let what = format!("the pieces of {group}");
                let run = || micro::run(builder, &group, quick, processors);
                add(results, what, twice_if_disturbed(|| watched(processors, run)));
            }
        }
        Err(error) => results.gap("the pieces", format!("{error:#}")),
    }
    results.pieces.sort_by(|a, b| a.name.cmp(&b.name));
    let Some(toolchain) = toolchain else { return };
    println!("pieces, by Go's own benchmarks");
    let (each, count) = if quick { (50, 2) } else { (500, 5) };
    let each = Duration::from_millis(each);
    for (package, names) in go::BENCHMARKS {
        let what = format!("Go's own benchmarks of {package}");
        let run = || pin::on(processors, || toolchain.benchmarks(package, names, each, count))?;
        add(results, what, twice_if_disturbed(|| watched(processors, run)));
    }
}

fn add(results: &mut Results, what: String, run: Result<Vec<Piece>>) {
    match run {
        Ok(pieces) => results.pieces.extend(pieces),
        Err(error) => results.gap(what, format!("{error:#}")),
    }
}

/// Runs a group, with the share of the processors that others had meanwhile.
fn watched(processors: &[usize], run: impl FnOnce() -> Result<Vec<Piece>>) -> Result<(Vec<Piece>, f64)> {
    let read = || -> Result<(Machine, Duration)> {
        Ok((accounting::machine(processors)?, accounting::own_and_children()?))
    };
    let (before, own_before) = read()?;
    let pieces = run()?;
    let (after, own_after) = read()?;
    let own = own_after.saturating_sub(own_before);
    Ok((pieces, noise::others(before, after, own, processors.len())))
}

/// The pieces of a group, marked with what others had.
fn twice_if_disturbed(mut run: impl FnMut() -> Result<(Vec<Piece>, f64)>) -> Result<Vec<Piece>> {
    let (mut pieces, mut others) = run()?;
    let taken_again = disturbs(others);
    if taken_again {
        println!("  other processes had {:.0} % of the processor: once more", others * 100.0);
        // If it fails now, there is still the first run.
        if let Ok((again, fewer)) = run()
            && fewer < others
        {
            (pieces, others) = (again, fewer);
        }
    }
    Ok(pieces.into_iter().map(|piece| Piece { others, taken_again, ..piece }).collect())
}

#[cfg(test)]
mod tests {
    use anyhow::bail;

    use super::*;
    use crate::bench::pin::Processors;
    use crate::bench::statistics::Summary;

    fn pieces(nanoseconds: f64) -> Vec<Piece> {
        vec![Piece::new("a".to_owned(), Summary::of([nanoseconds]).unwrap())]
    }

    /// What comes of runs with these shares of others, by the number of the run; a share below nought fails.
    fn of(shares: &[f64]) -> (f64, f64, bool) {
        let mut runs = 0;
        let taken = twice_if_disturbed(|| {
            runs += 1;
            match shares[runs - 1] {
                share if share < 0.0 => bail!("it fails"),
                share => Ok((pieces(runs as f64), share)),
            }
        });
        let taken = taken.unwrap().remove(0);
        assert_eq!(runs, shares.len());
        (taken.nanoseconds.median, taken.others, taken.taken_again)
    }

    #[test]
    fn a_disturbed_group_is_run_once_more_and_the_quieter_run_counts() {
        assert_eq!(of(&[0.0]), (1.0, 0.0, false));
        assert_eq!(of(&[0.5, 0.0]), (2.0, 0.0, true));
        assert_eq!(of(&[0.5, 0.4]), (2.0, 0.4, true));
        assert_eq!(of(&[0.4, 0.5]), (1.0, 0.4, true));
        assert_eq!(of(&[0.5, -1.0]), (1.0, 0.5, true));
    }

    #[test]
    fn what_a_group_uses_itself_is_not_the_others() {
        let processors = Processors::for_tests();
        let one = &processors.server(1)[..1];
        let busy = || {
            let mut shell = std::process::Command::new("sh");
            shell.args(["-c", "i=0; while [ $i -lt 300000 ]; do i=$((i+1)); done"]);
            let before = accounting::own_and_children()?;
            pin::on(one, || crate::process::capture(&mut shell, Duration::from_secs(60)))??;
            assert!(accounting::own_and_children()? > before, "a child that has ended is counted");
            Ok(pieces(1.0))
        };
        let (_, others) = watched(one, busy).unwrap();
        assert!((0.0..1.0).contains(&others), "{others}");
    }
}
