//! SET and its options.

use examples::resp::{Request, parse_integer};

use super::Outcome;
use super::keys::key;
use crate::failure::Failure;
use crate::reply::Reply;
use crate::store::Store;

/// When to set at all.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Only {
    IfAbsent,
    IfPresent,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Unit {
    Seconds,
    Milliseconds,
}

#[derive(Default)]
struct Options<'a> {
    only: Option<Only>,
    expires: Option<(Unit, &'a [u8])>,
}

pub(super) fn set<'a>(store: &Store, request: Request<'a>) -> Outcome<'a> {
    let options = options(request)?;
    let after = options.expires.map(|(unit, number)| milliseconds(unit, number)).transpose()?;
    let key = key(request);
    let mut store = store.lock();
    let expires =
        after.map(|after| store.now().checked_add(after).ok_or(Failure::ExpireTime("set"))).transpose()?;
    match options.only {
        Some(Only::IfAbsent) if store.contains(key) => return Ok(Reply::NULL),
        Some(Only::IfPresent) if !store.contains(key) => return Ok(Reply::NULL),
        _ => {}
    }
    store.set(key, request.get(2).unwrap_or_default(), expires)?;
    Ok(Reply::OK)
}

/// An option may be given twice, and the last one counts; those that exclude one another may not.
fn options(request: Request<'_>) -> Result<Options<'_>, Failure> {
    let mut options = Options::default();
    let mut words = request.iter().skip(3);
    while let Some(word) = words.next() {
        match word.to_ascii_lowercase().as_slice() {
            b"nx" if options.only != Some(Only::IfPresent) => options.only = Some(Only::IfAbsent),
            b"xx" if options.only != Some(Only::IfAbsent) => options.only = Some(Only::IfPresent),
            unit @ (b"ex" | b"px") => {
                let unit = if unit == b"ex" { Unit::Seconds } else { Unit::Milliseconds };
                if options.expires.is_some_and(|(other, _)| other != unit) {
                    return Err(Failure::Syntax);
                }
                options.expires = Some((unit, words.next().ok_or(Failure::Syntax)?));
            }
            _ => return Err(Failure::Syntax),
        }
    }
    Ok(options)
}

fn milliseconds(unit: Unit, number: &[u8]) -> Result<i64, Failure> {
    let number = parse_integer(number).ok_or(Failure::NotAnInteger)?;
    let milliseconds = match unit {
        Unit::Seconds => number.checked_mul(1000),
        Unit::Milliseconds => Some(number),
    };
    milliseconds.filter(|after| *after > 0).ok_or(Failure::ExpireTime("set"))
}
