//! The rules of the house, held against what cargo and the source files say.
//!
//! ```text
//!   listener ──► conn ──► netfd ──► poller        runtime ──► netfd
//!        └─────────────────▲
//! ```
//!
//! | module | its rule |
//! | --- | --- |
//! | `floors` | an arrow never runs upwards, no floor stands on an executor, each dependency is argued for |
//! | `examples` | an example is built without what only tests need, and the tests start programs of the same source |
//! | `sync_door` | what loom checks takes its atomics and locks from one module |
//! | `unsafe_rooms` | `unsafe` stays in the files that need it |
//! | `go_names` | names of Go's stand in the form that tools read |
//!
//! The source files are parsed, so that a grouped import, another name for an import and a path in the middle of an
//! expression are all seen. Each rule has tests that show it a snippet that breaks it.

#![forbid(unsafe_code)]

mod examples;
mod floors;
mod go_names;
mod house;
mod macros;
mod named_paths;
mod sources;
mod sync_door;
mod unsafe_rooms;

/// Fails with a list of what breaks a rule.
#[track_caller]
fn assert_none(broken: &[String], rule: &str) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}
