//! The commands on keys, but for SET.

use examples::resp::{Request, parse_integer};

use super::Outcome;
use crate::failure::Failure;
use crate::reply::{Piece, Reply};
use crate::store::Store;

pub(super) fn get<'a>(store: &Store, request: Request<'a>) -> Outcome<'a> {
    Ok(Reply::One(store.lock().get(key(request)).into()))
}

pub(super) fn mget<'a>(store: &Store, request: Request<'a>) -> Outcome<'a> {
    let store = store.lock();
    let mut pieces = Vec::with_capacity(request.count());
    pieces.push(Piece::Array(request.count() - 1));
    pieces.extend(request.iter().skip(1).map(|key| store.get(key).into()));
    Ok(Reply::Many(pieces))
}

pub(super) fn del<'a>(store: &Store, request: Request<'a>) -> Outcome<'a> {
    let mut store = store.lock();
    Ok(Reply::count(request.iter().skip(1).filter(|key| store.remove(key)).count()))
}

/// A key that is not there counts as 0; one that expires goes on doing so.
pub(super) fn incr<'a>(store: &Store, request: Request<'a>) -> Outcome<'a> {
    let key = key(request);
    let mut store = store.lock();
    let number = match store.get(key) {
        Some(value) => parse_integer(value.bytes()).ok_or(Failure::NotAnInteger)?,
        None => 0,
    };
    let number = number.checked_add(1).ok_or(Failure::Overflow)?;
    let expires = store.expires(key).flatten();
    store.set(key, number.to_string().as_bytes(), expires)?;
    Ok(Reply::integer(number))
}

/// A time that is not in the future deletes the key.
pub(super) fn expire<'a>(store: &Store, request: Request<'a>) -> Outcome<'a> {
    if request.count() > 3 {
        return Err(Failure::unsupported_option(request, 3));
    }
    let key = key(request);
    let seconds = request.get(2).and_then(parse_integer).ok_or(Failure::NotAnInteger)?;
    let mut store = store.lock();
    let now = store.now();
    let expires = seconds
        .checked_mul(1000)
        .and_then(|milliseconds| milliseconds.checked_add(now))
        .ok_or(Failure::ExpireTime("expire"))?;
    if !store.contains(key) {
        return Ok(Reply::integer(0));
    }
    if expires <= now {
        store.remove(key);
    } else {
        store.expire(key, Some(expires));
    }
    Ok(Reply::integer(1))
}

/// In seconds, rounded; -1 if it does not expire, -2 if it is not there.
pub(super) fn ttl<'a>(store: &Store, request: Request<'a>) -> Outcome<'a> {
    let store = store.lock();
    Ok(Reply::integer(match store.expires(key(request)) {
        Some(Some(expires)) => (expires - store.now()).saturating_add(500) / 1000,
        Some(None) => -1,
        None => -2,
    }))
}

/// The first argument, which the command's arity says is there.
pub(super) fn key(request: Request<'_>) -> &[u8] {
    request.get(1).unwrap_or_default()
}
