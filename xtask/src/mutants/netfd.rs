//! Mutants of `netfd`, by the room that they break.

mod descriptor;
mod driver;
mod waiting;

use super::Mutant;

/// All of them, from what waits to who polls.
pub(super) fn mutants() -> impl Iterator<Item = &'static Mutant> {
    [waiting::MUTANTS, descriptor::MUTANTS, driver::MUTANTS].into_iter().flatten()
}
