//! From an address to the functions that it is in: the one that the linker knows, and those inlined there.

use std::collections::HashMap;

use addr2line::Loader;

/// Line tables of the files that a program consists of.
#[derive(Default)]
pub(crate) struct Symbols {
    files: HashMap<String, Option<Loader>>,
    known: HashMap<(String, u64), Vec<String>>,
}

impl Symbols {
    /// The functions at an address, from the outermost, which is given by the linker's name, to the innermost.
    pub(super) fn frames(&mut self, object: &str, address: u64, plain: &str) -> Vec<String> {
        let key = (object.to_owned(), address);
        if let Some(frames) = self.known.get(&key) {
            return frames.clone();
        }
        let loader = self.files.entry(key.0.clone()).or_insert_with(|| Loader::new(object).ok());
        let mut frames = vec![readable(plain)];
        frames.extend(loader.as_ref().map(|loader| inlined(loader, address)).unwrap_or_default());
        self.known.insert(key, frames.clone());
        frames
    }
}

/// What the line table tells of the functions inlined at an address. Line tables have their short names only, so that the
/// file stands beside.
fn inlined(loader: &Loader, address: u64) -> Vec<String> {
    let Ok(mut frames) = loader.find_frames(address) else { return vec![] };
    let mut names = vec![];
    while let Ok(Some(frame)) = frames.next() {
        let name = frame.function.as_ref().and_then(|function| function.raw_name().ok());
        let name = name.map_or("?".to_owned(), |name| readable(&name));
        let file = frame.location.and_then(|location| location.file);
        names.push(file.map_or(name.clone(), |file| format!("{name} ({})", within_its_crate(file))));
    }
    // The outermost is the one that the linker knows.
    names.pop();
    names.reverse();
    names
}

/// The name of a file from its crate's on: `netfd/fd/lock.rs`, wherever the crate lies.
fn within_its_crate(file: &str) -> String {
    let Some((before, after)) = file.rsplit_once("/src/") else { return file.to_owned() };
    format!("{}/{after}", before.rsplit('/').next().unwrap_or(before))
}

/// A linker's name as it stands in the source, without hashes and without the arguments of generic types: a flame has little
/// room. A semicolon would part it.
fn readable(name: &str) -> String {
    let whole =
        rustc_demangle::try_demangle(name).map_or_else(|_| name.to_owned(), |name| format!("{name:#}"));
    without_arguments(&whole).replace(';', ",")
}

/// `a::b::<c::D<E>>::f` becomes `a::b::f`; `<a::B as c::D>::f` stays; `<a::B<E>>::f` becomes `<a::B>::f`.
fn without_arguments(name: &str) -> String {
    let mut text = String::new();
    // What is dropped, as a depth of brackets; those that open a path are kept.
    let mut kept = vec![];
    let mut before = ' ';
    for letter in name.chars() {
        match letter {
            '<' => {
                let opens_a_path =
                    text.is_empty() || matches!(before, '<' | ' ' | '(' | '&' | '*' | ',' | '[');
                let keep = opens_a_path && kept.iter().all(|keep| *keep);
                kept.push(keep);
                if keep {
                    text.push(letter);
                }
            }
            '>' if before != '-' => {
                if kept.pop().unwrap_or(true) && kept.iter().all(|keep| *keep) {
                    text.push(letter);
                } else if text.ends_with("::") && kept.iter().all(|keep| *keep) {
                    text.truncate(text.len() - 2);
                }
            }
            _ if kept.iter().all(|keep| *keep) => text.push(letter),
            _ => {}
        }
        before = letter;
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short_but_tell_the_type() {
        for (long, short) in [
            ("conn::Conn::read", "conn::Conn::read"),
            ("core::ptr::drop_in_place::<alloc::vec::Vec<u8>>", "core::ptr::drop_in_place"),
            ("<conn::Conn as std::io::Read>::read", "<conn::Conn as std::io::Read>::read"),
            ("<std::sync::Mutex<netfd::Heap>>::lock", "<std::sync::Mutex>::lock"),
            ("<a::B<C> as d::E<F>>::g::<H>::{closure#0}", "<a::B as d::E>::g::{closure#0}"),
            ("a::call::<fn() -> u8>", "a::call"),
        ] {
            assert_eq!(without_arguments(long), short);
        }
        assert_eq!(readable("read;write"), "read,write");
        assert_eq!(readable("_ZN4core3fmt5write17h0123456789abcdefE"), "core::fmt::write");
    }

    #[test]
    fn a_file_is_told_from_its_crate_on() {
        assert_eq!(within_its_crate("/home/me/net/netfd/src/fd/lock.rs"), "netfd/fd/lock.rs");
        assert_eq!(within_its_crate("/rustc/1f/library/core/src/ptr/mod.rs"), "core/ptr/mod.rs");
        assert_eq!(within_its_crate("malloc.c"), "malloc.c");
    }

    #[test]
    fn without_a_line_table_the_given_name_stands() {
        assert_eq!(Symbols::default().frames("/no/such/file", 16, "malloc"), ["malloc"]);
    }

    #[inline(always)]
    fn an_inlined_function() -> u32 {
        std::hint::black_box(7)
    }

    #[inline(never)]
    fn a_function_that_is_looked_for() -> u32 {
        an_inlined_function() + 1
    }

    /// Where this program's file begins in memory.
    fn start_in_memory(program: &str) -> u64 {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let first = maps.lines().find(|line| line.ends_with(program)).unwrap();
        u64::from_str_radix(first.split('-').next().unwrap(), 16).unwrap()
    }

    #[test]
    fn an_inlined_function_is_found_by_its_address() {
        let program = std::env::current_exe().unwrap();
        let program = program.to_str().unwrap();
        let here: fn() -> u32 = a_function_that_is_looked_for;
        let start = here as usize as u64 - start_in_memory(program);
        let mut symbols = Symbols::default();
        // It is in there somewhere near the beginning.
        let found = (start..start + 64).find_map(|address| {
            let frames = symbols.frames(program, address, "outer");
            (frames.len() > 1).then_some(frames)
        });
        let found = found.unwrap();
        assert_eq!(found[0], "outer");
        assert!(found[1].ends_with("an_inlined_function (xtask/bench/flame/symbols.rs)"), "{found:?}");
    }
}
