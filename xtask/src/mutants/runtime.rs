//! Mutants of `runtime`.

use super::Mutant;

pub(super) const MUTANTS: &[Mutant] = &[];
