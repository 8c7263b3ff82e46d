//! callgrind's file, read as a graph of calls, and the graph unrolled into stacks.
//!
//! ```text
//!   fn=poll'run'main         a function, told apart by who called it
//!   0x1230 17 4              address, line, instructions of its own
//!   cfn=read'poll'run'main
//!   calls=3 0x2000 5
//!   0x1234 18 90             the call's address, line, instructions until it returned
//! ```
//!
//! Written with `--dump-instr=yes --separate-callers=N --compress-pos=no --compress-strings=no --demangle=no`. Functions that
//! are deeper than N callers or call themselves may have several callers; their instructions are then shared among these in
//! proportion to what was spent in each call.

use std::collections::{BTreeMap, HashMap};

use anyhow::{Context, Result, bail};

use super::Stacks;
use super::symbols::Symbols;

/// A stack deeper than this is cut.
const DEEPEST: usize = 200;

/// A share smaller than this is not followed: a recursion that comes to nothing.
const SMALLEST: f64 = 1e-6;

/// Functions and calls, as callgrind tells them.
#[derive(Default)]
pub(super) struct Graph {
    functions: HashMap<String, Function>,
}

/// A function as called by certain callers.
#[derive(Default)]
struct Function {
    /// The file that it is in.
    object: String,
    /// Its own instructions, by address.
    own: BTreeMap<u64, u64>,
    /// Its calls.
    calls: Vec<Call>,
}

/// Calls from one place to one function.
struct Call {
    site: u64,
    callee: String,
    cost: u64,
}

impl Graph {
    /// Reads a file.
    pub(super) fn parse(text: &str) -> Result<Graph> {
        let mut graph = Graph::default();
        let (mut object, mut function) = (String::new(), None::<String>);
        let mut callee = None::<String>;
        // The line after `calls=` belongs to the call.
        let mut in_call = false;
        if !text.lines().any(|line| line == "positions: instr line") {
            bail!("it has no addresses");
        }
        for line in text.lines() {
            if let Some(name) = line.strip_prefix("ob=") {
                object = name.to_owned();
            } else if let Some(name) = line.strip_prefix("fn=") {
                graph.functions.entry(name.to_owned()).or_default().object.clone_from(&object);
                function = Some(name.to_owned());
            } else if let Some(name) = line.strip_prefix("cfn=") {
                callee = Some(name.to_owned());
            } else if line.starts_with("calls=") {
                in_call = true;
            } else if line.starts_with("0x") {
                let (address, cost) = cost(line).with_context(|| format!("a line reads {line:?}"))?;
                let name = function.as_ref().context("instructions before any function")?;
                let function = graph.functions.get_mut(name).expect("it was entered at its `fn=`");
                if in_call {
                    let callee = callee.take().context("a call of nobody")?;
                    function.calls.push(Call { site: address, callee, cost });
                } else {
                    *function.own.entry(address).or_default() += cost;
                }
                in_call = false;
            }
        }
        if graph.functions.is_empty() {
            bail!("it has no function");
        }
        Ok(graph)
    }

    /// Instructions by stack.
    pub(super) fn stacks(&self, symbols: &mut Symbols) -> Stacks {
        let mut stacks = Stacks::new();
        let called: std::collections::HashSet<_> =
            self.functions.values().flat_map(|function| &function.calls).map(|call| &call.callee).collect();
        let mut roots: Vec<_> = self.functions.keys().filter(|name| !called.contains(name)).collect();
        roots.sort();
        for root in roots {
            self.unroll(root, &mut Vec::new(), 1.0, symbols, &mut stacks);
        }
        stacks
    }

    /// Adds a share of one function and of what it calls.
    fn unroll(
        &self,
        name: &str,
        stack: &mut Vec<String>,
        share: f64,
        symbols: &mut Symbols,
        stacks: &mut Stacks,
    ) {
        let Some(function) = self.functions.get(name) else { return };
        let depth = stack.len();
        // Its own name comes before its callers'.
        let plain = name.split('\'').next().unwrap_or(name);
        for (address, cost) in &function.own {
            stack.extend(symbols.frames(&function.object, *address, plain));
            *stacks.entry(from_its_thread(stack).join(";")).or_default() += *cost as f64 * share;
            stack.truncate(depth);
        }
        for call in &function.calls {
            let Some(whole) = self.whole(&call.callee).filter(|whole| *whole > 0) else { continue };
            let share = share * (call.cost as f64 / whole as f64).min(1.0);
            if share < SMALLEST || depth > DEEPEST {
                continue;
            }
            stack.extend(symbols.frames(&function.object, call.site, plain));
            self.unroll(&call.callee, stack, share, symbols, stacks);
            stack.truncate(depth);
        }
    }

    /// All instructions of a function and of what it calls.
    fn whole(&self, name: &str) -> Option<u64> {
        let function = self.functions.get(name)?;
        Some(function.own.values().sum::<u64>() + function.calls.iter().map(|call| call.cost).sum::<u64>())
    }
}

/// A stack without the dozen functions by which the standard library starts a thread.
fn from_its_thread(stack: &[String]) -> &[String] {
    let start = stack.iter().rposition(|frame| frame.contains("__rust_begin_short_backtrace"));
    match start {
        Some(place) if place + 1 < stack.len() => &stack[place + 1..],
        _ => stack,
    }
}

/// The address and the last number of a line.
fn cost(line: &str) -> Option<(u64, u64)> {
    let mut words = line.split_ascii_whitespace();
    let address = u64::from_str_radix(words.next()?.strip_prefix("0x")?, 16).ok()?;
    Some((address, words.nth(1)?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const FILE: &str = "# callgrind format\npositions: instr line\nevents: Ir\n\nob=/no/such/file\nfl=???\n\
        fn=main\n0x10 0 5\ncfn=poll'main\ncalls=3 0x20 0\n0x14 0 60\n\n\
        fn=poll'main\n0x20 0 10\n0x24 0 20\ncob=/no/libc\ncfi=???\ncfn=read'poll'main\ncalls=3 0x30 0\n0x28 0 30\n\n\
        ob=/no/libc\nfn=read'poll'main\n0x30 0 30\n";

    fn unrolled(text: &str) -> Stacks {
        Graph::parse(text).unwrap().stacks(&mut Symbols::default())
    }

    #[test]
    fn every_instruction_is_in_one_stack() {
        let stacks = unrolled(FILE);
        let expected = [("main", 5.0), ("main;poll", 30.0), ("main;poll;read", 30.0)];
        assert_eq!(stacks, expected.map(|(stack, count)| (stack.to_owned(), count)).into());
    }

    #[test]
    fn a_function_with_two_callers_is_shared_in_proportion() {
        let file = "positions: instr line\nob=x\nfn=a\n0x1 0 1\ncfn=c\ncalls=1 0x3 0\n0x1 0 30\nfn=b\n0x2 0 1\n\
            cfn=c\ncalls=1 0x3 0\n0x2 0 10\nfn=c\n0x3 0 40\n";
        let stacks = unrolled(file);
        assert_eq!((stacks["a;c"], stacks["b;c"]), (30.0, 10.0));
    }

    #[test]
    fn recursion_ends() {
        let file = "positions: instr line\nob=x\nfn=a\n0x1 0 1\ncfn=b\ncalls=1 0x2 0\n0x1 0 100\nfn=b\n0x2 0 50\n\
            cfn=b\ncalls=1 0x2 0\n0x2 0 50\n";
        let sum: f64 = unrolled(file).values().sum();
        assert!((sum - 101.0).abs() < 0.01, "{sum}");
    }

    #[test]
    fn how_a_thread_was_started_is_left_out() {
        let stack =
            ["clone", "std::sys::backtrace::__rust_begin_short_backtrace", "run", "poll"].map(str::to_owned);
        assert_eq!(from_its_thread(&stack), ["run", "poll"]);
        assert_eq!(from_its_thread(&stack[..2]), &stack[..2]);
        assert_eq!(from_its_thread(&stack[2..]), ["run", "poll"]);
    }

    #[test]
    fn a_file_without_addresses_is_refused() {
        assert!(Graph::parse("positions: line\nfn=a\n1 2\n").is_err());
        assert!(Graph::parse("positions: instr line\n").is_err());
        assert!(Graph::parse("positions: instr line\nfn=a\n0xZZ 0 1\n").is_err());
        assert!(Graph::parse("positions: instr line\n0x1 0 1\n").is_err());
    }
}
