//! What is to be measured: scenarios, each with its rows, and how often.

use std::collections::BTreeSet;

use super::PIECES;
use super::build::{Programs, STORM, memory_program, without_tracing};
use super::peers::{BLOCKING, GO, OURS, RAW};
use super::scenarios::{Cell, Kind, SCENARIOS, Scenario};

/// What is to be measured.
pub(crate) struct Plan {
    /// Scenarios with their rows.
    pub(crate) scenarios: Vec<(Scenario, Vec<Cell>)>,
    /// How often each row is measured.
    pub(crate) rounds: usize,
    /// Whether time is short.
    quick: bool,
    /// Whether the micro-benchmarks are asked for. Most of them are ours, and what is Go's stands beside ours.
    pub(crate) pieces: bool,
}

impl Plan {
    /// What the command line asks for. Without names it is everything, or everything that is quick.
    pub(crate) fn of(quick: bool, only: &[String], scenarios: &[String], rounds: Option<u16>) -> Plan {
        let asked = |scenario: &&Scenario| match scenarios {
            [] => scenario.quick || !quick,
            names => names.iter().any(|name| name == scenario.name),
        };
        let wanted = |cell: &Cell| {
            only.is_empty()
                || [RAW, BLOCKING].contains(&cell.peer.name)
                || only.iter().any(|name| name == cell.peer.name)
        };
        let scenarios_and_cells = SCENARIOS
            .iter()
            .filter(asked)
            .map(|scenario| (*scenario, scenario.cells().into_iter().filter(wanted).collect()));
        Plan {
            scenarios: scenarios_and_cells.collect(),
            quick,
            rounds: rounds.map_or(if quick { 2 } else { 5 }, usize::from),
            pieces: (only.is_empty() || only.iter().any(|name| name == OURS))
                && if scenarios.is_empty() { !quick } else { scenarios.iter().any(|name| name == PIECES) },
        }
    }

    /// The names of the scenarios in which ours is measured.
    pub(crate) fn of_ours(&self) -> BTreeSet<String> {
        let has_ours = |cells: &[Cell]| cells.iter().any(|cell| cell.peer.name == OURS);
        let scenarios = self.scenarios.iter().filter(|(_, cells)| has_ours(cells));
        let pieces = self.pieces.then_some(PIECES);
        scenarios.map(|(scenario, _)| scenario.name).chain(pieces).map(str::to_owned).collect()
    }

    /// Whether some scenario is of a kind.
    pub(crate) fn has(&self, is: impl Fn(Kind) -> bool) -> bool {
        self.scenarios.iter().any(|(scenario, _)| is(scenario.kind))
    }

    /// Leaves out every scenario of a kind.
    pub(crate) fn leave_out(&mut self, is: impl Fn(Kind) -> bool) {
        self.scenarios.retain(|(scenario, _)| !is(scenario.kind));
    }

    /// Leaves Go out where instructions are counted.
    pub(crate) fn leave_out_go_of_instructions(&mut self) {
        for (scenario, cells) in &mut self.scenarios {
            if matches!(scenario.kind, Kind::Instructions(_)) {
                cells.retain(|cell| cell.peer.name != GO);
            }
        }
    }

    /// Leaves out rows whose program was not built, and scenarios without rows. Why is noted by whoever built.
    pub(crate) fn keep_built(&mut self, programs: &Programs) {
        for (scenario, cells) in &mut self.scenarios {
            cells.retain(|cell| match scenario.kind {
                Kind::Storm => programs.has(STORM),
                Kind::Memory => programs.has(&memory_program(cell.peer.name)),
                _ if cell.without_tracing => programs.has(&without_tracing(cell.peer.program)),
                _ => programs.has(cell.peer.program),
            });
        }
        self.scenarios.retain(|(_, cells)| !cells.is_empty());
    }

    /// Whether Go is needed.
    pub(crate) fn has_go(&self) -> bool {
        self.cells().any(|cell| cell.peer.name == GO) || self.pieces
    }

    /// Whether the server without tracing is needed.
    pub(crate) fn has_without_tracing(&self) -> bool {
        self.cells().any(|cell| cell.without_tracing)
    }

    /// Whether no row is left.
    pub(crate) fn is_empty(&self) -> bool {
        self.cells().next().is_none()
    }

    /// Whether a scenario is measured in a round. What hardly varies is measured once if time is short.
    pub(crate) fn is_due(&self, kind: Kind, round: usize) -> bool {
        let varies = matches!(kind, Kind::Time(_) | Kind::Deadlines(_) | Kind::Armed { .. } | Kind::Churn(_));
        round == 1 || !self.quick || varies
    }

    /// How often each row of a scenario is measured in a round, all rows once before any row again. The processors change their
    /// speed within seconds: the closer the rows lie together, the less of that is taken for a difference between them.
    pub(crate) fn laps(&self, kind: Kind) -> usize {
        if matches!(kind, Kind::Time(_)) && !self.quick { 4 } else { 1 }
    }

    fn cells(&self) -> impl Iterator<Item = &Cell> {
        self.scenarios.iter().flat_map(|(_, cells)| cells)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strings(names: &[&str]) -> Vec<String> {
        names.iter().map(|name| (*name).to_owned()).collect()
    }

    #[test]
    fn without_names_everything_is_measured() {
        let plan = Plan::of(false, &[], &[], None);
        assert_eq!(plan.scenarios.len(), SCENARIOS.len());
        assert!(plan.pieces && plan.rounds >= 5 && plan.has_go() && plan.has_without_tracing());
        let quick = Plan::of(true, &[], &[], None);
        assert!(!quick.pieces && quick.scenarios.len() < plan.scenarios.len());
        assert!(
            plan.is_due(Kind::Memory, 5) && !quick.is_due(Kind::Memory, 2) && quick.is_due(Kind::Memory, 1)
        );
    }

    #[test]
    fn the_yardstick_is_measured_whoever_is_asked_for() {
        let plan = Plan::of(false, &strings(&["ours"]), &strings(&["time-50", "push"]), Some(7));
        let labels: Vec<Vec<_>> = plan
            .scenarios
            .iter()
            .map(|(_, cells)| cells.iter().map(|cell| cell.label.clone()).collect())
            .collect();
        assert_eq!(labels, [strings(&["raw", "ours"]), strings(&["blocking", "raw", "ours"])]);
        assert_eq!((plan.rounds, plan.pieces, plan.has_go()), (7, false, false));
    }

    #[test]
    fn who_takes_no_part_in_what_is_asked_for_leaves_nothing_to_do() {
        assert!(Plan::of(false, &strings(&["smol"]), &strings(&["storm"]), None).is_empty());
        assert!(!Plan::of(false, &strings(&["smol"]), &strings(&["storm", "time-1"]), None).is_empty());
    }

    #[test]
    fn the_pieces_are_left_to_those_who_ask_for_ours() {
        let pieces = |only: &[&str], scenarios: &[&str]| {
            Plan::of(false, &strings(only), &strings(scenarios), None).pieces
        };
        assert!(pieces(&["ours", "smol"], &[]) && pieces(&["ours"], &["pieces"]));
        assert!(!pieces(&["smol"], &[]) && !pieces(&["go"], &["pieces"]));
    }

    #[test]
    fn the_goals_are_of_the_scenarios_of_ours() {
        let of_ours = |only: &[&str], scenarios: &[&str]| {
            Plan::of(false, &strings(only), &strings(scenarios), None)
                .of_ours()
                .into_iter()
                .collect::<Vec<_>>()
        };
        assert_eq!(of_ours(&[], &["storm", "pieces", "time-1"]), ["pieces", "storm", "time-1"]);
        assert!(of_ours(&["smol"], &["time-1"]).is_empty());
    }

    #[test]
    fn go_is_left_out_of_instructions_alone() {
        let mut plan = Plan::of(false, &[], &strings(&["instructions", "time-1"]), None);
        plan.leave_out_go_of_instructions();
        let has_go = |plan: &Plan, name: &str| {
            let (_, cells) = plan.scenarios.iter().find(|(scenario, _)| scenario.name == name).unwrap();
            cells.iter().any(|cell| cell.peer.name == GO)
        };
        assert!(!has_go(&plan, "instructions") && has_go(&plan, "time-1"));
        plan.leave_out(|kind| matches!(kind, Kind::Instructions(_)));
        assert!(!plan.has(|kind| matches!(kind, Kind::Instructions(_))));
    }

    #[test]
    fn what_was_not_built_is_not_measured() {
        let mut plan = Plan::of(false, &[], &strings(&["time-50", "memory"]), None);
        let mut programs = Programs::default();
        programs.add("raw", "raw".into());
        plan.keep_built(&programs);
        assert_eq!(plan.scenarios.len(), 1);
        assert_eq!(plan.cells().count(), 1);
    }
}
