//! The commands about the connection and the server.

use examples::resp::{Limits, Request};

use super::{COMMANDS, Command, Outcome, find};
use crate::failure::Failure;
use crate::reply::{Piece, Reply};
use crate::store::Store;

pub(super) fn ping<'a>(_: &Store, request: Request<'a>) -> Outcome<'a> {
    match (request.count(), request.get(1)) {
        (_, None) => Ok(Reply::One(Piece::Simple("PONG"))),
        (2, Some(text)) => Ok(Reply::bytes(text)),
        _ => Err(Failure::Arity("ping")),
    }
}

pub(super) fn echo<'a>(_: &Store, request: Request<'a>) -> Outcome<'a> {
    Ok(Reply::bytes(request.get(1).unwrap_or_default()))
}

/// The connection ends after it.
pub(super) fn quit<'a>(_: &Store, _: Request<'a>) -> Outcome<'a> {
    Ok(Reply::OK)
}

pub(super) fn command<'a>(_: &Store, request: Request<'a>) -> Outcome<'a> {
    if request.count() == 1 {
        return Ok(describe(COMMANDS.iter().map(Some)));
    }
    match subcommand(request).as_slice() {
        b"count" if request.count() > 2 => Err(Failure::Arity("command|count")),
        b"count" => Ok(Reply::count(COMMANDS.len())),
        b"info" if request.count() == 2 => Ok(describe(COMMANDS.iter().map(Some))),
        b"info" => Ok(describe(request.iter().skip(2).map(find))),
        // There are none, for whichever command.
        b"docs" => Ok(Reply::array(std::iter::empty())),
        b"help" => Ok(help(&["COMMAND [COUNT | DOCS [name ...] | INFO [name ...]]"])),
        _ => Err(Failure::unknown_subcommand(request, "COMMAND")),
    }
}

/// The commands as clients look them up: nothing for one that is not known.
fn describe<'a>(commands: impl Iterator<Item = Option<&'static Command>>) -> Reply<'a> {
    let pieces: Vec<_> = commands.map(|command| command.map_or(Piece::Null, Piece::Command)).collect();
    Reply::array(pieces.into_iter())
}

pub(super) fn config<'a>(store: &Store, request: Request<'a>) -> Outcome<'a> {
    match subcommand(request).as_slice() {
        b"get" if request.count() < 3 => Err(Failure::Arity("config|get")),
        b"get" => Ok(parameters(store, request)),
        b"help" => Ok(help(&["CONFIG GET name [name ...]", "Every parameter is listed by the name *."])),
        _ => Err(Failure::unknown_subcommand(request, "CONFIG")),
    }
}

/// The parameters whose names are in the request, each once. Clients of Redis ask whether it saves to disk; it does not.
fn parameters<'a>(store: &Store, request: Request<'a>) -> Reply<'a> {
    let all = [
        ("appendonly", "no".to_owned()),
        ("maxmemory", store.memory().limit().to_string()),
        ("maxmemory-policy", "noeviction".to_owned()),
        ("proto-max-bulk-len", Limits::default().request.to_string()),
        ("save", String::new()),
    ];
    let asked = |name: &str| {
        request.iter().skip(2).any(|asked| asked == b"*" || asked.eq_ignore_ascii_case(name.as_bytes()))
    };
    let found = all.into_iter().filter(|(name, _)| asked(name));
    let pieces: Vec<_> =
        found.flat_map(|(name, value)| [Piece::Bytes(name.as_bytes()), Piece::Text(value)]).collect();
    Reply::array(pieces.into_iter())
}

fn help<'a>(lines: &'static [&'static str]) -> Reply<'a> {
    Reply::array(lines.iter().map(|line| Piece::Simple(line)))
}

/// The word after the name, in small letters.
fn subcommand(request: Request<'_>) -> Vec<u8> {
    request.get(1).unwrap_or_default().to_ascii_lowercase()
}
