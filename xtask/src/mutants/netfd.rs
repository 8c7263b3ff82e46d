//! Mutants of `netfd`.

use super::Mutant;

pub(super) const MUTANTS: &[Mutant] = &[];
