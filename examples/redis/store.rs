//! Keys and values, and when they expire.
//!
//! One lock is around all of it, so that each command is atomic, as in Redis. What has expired is gone for whoever asks;
//! its memory is given back a little with each command, and all at once when memory runs out.

use std::collections::{BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use crate::memory::{Charge, Full, Memory};

/// What an entry takes beside the bytes of its key and value: its places in both collections, rounded up.
const ENTRY: usize = 256;
/// How many expired entries a command makes room of: more than it can add.
const SWEEP: usize = 4;

/// A value. Its memory counts until the last reply with it has gone out, also if the key has another one by then.
pub(crate) struct Value {
    bytes: Box<[u8]>,
    _charge: Charge,
}

impl Value {
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

struct Entry {
    value: Arc<Value>,
    /// In milliseconds of the store's clock.
    expires: Option<i64>,
}

/// The keys of all clients.
pub(crate) struct Store {
    memory: Arc<Memory>,
    clock: Clock,
    entries: Mutex<Entries>,
}

#[derive(Default)]
struct Entries {
    by_key: HashMap<Arc<[u8]>, Entry>,
    /// Those that expire, the next one first.
    by_time: BTreeSet<(i64, Arc<[u8]>)>,
}

impl Store {
    pub(crate) fn new(memory: Arc<Memory>) -> Store {
        Store { memory, clock: Clock::new(), entries: Mutex::default() }
    }

    pub(crate) fn memory(&self) -> &Memory {
        &self.memory
    }

    /// The store at one moment, for one command.
    pub(crate) fn lock(&self) -> Locked<'_> {
        let entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let mut locked = Locked { memory: &self.memory, now: self.clock.now(), entries };
        locked.sweep(SWEEP);
        locked
    }
}

/// The store at one moment.
pub(crate) struct Locked<'a> {
    memory: &'a Arc<Memory>,
    now: i64,
    entries: MutexGuard<'a, Entries>,
}

impl Locked<'_> {
    /// The moment, in milliseconds since 1970.
    pub(crate) fn now(&self) -> i64 {
        self.now
    }

    pub(crate) fn get(&self, key: &[u8]) -> Option<Arc<Value>> {
        self.entry(key).map(|entry| entry.value.clone())
    }

    pub(crate) fn contains(&self, key: &[u8]) -> bool {
        self.entry(key).is_some()
    }

    /// When `key` expires, if it does, and if there is one.
    pub(crate) fn expires(&self, key: &[u8]) -> Option<Option<i64>> {
        self.entry(key).map(|entry| entry.expires)
    }

    /// Sets a value and when it expires.
    pub(crate) fn set(&mut self, key: &[u8], bytes: &[u8], expires: Option<i64>) -> Result<(), Full> {
        let value = self.value(key, bytes)?;
        match self.entries.by_key.get_mut(key) {
            Some(entry) => entry.value = value,
            None => {
                self.entries.by_key.insert(Arc::from(key), Entry { value, expires: None });
            }
        }
        self.expire(key, expires);
        Ok(())
    }

    /// Sets when `key` expires, if there is one.
    pub(crate) fn expire(&mut self, key: &[u8], expires: Option<i64>) {
        let entries = &mut *self.entries;
        let Some(entry) = entries.by_key.get_mut(key) else { return };
        let before = std::mem::replace(&mut entry.expires, expires);
        if before == expires {
            return;
        }
        let Some((key, _)) = entries.by_key.get_key_value(key) else { return };
        if let Some(before) = before {
            entries.by_time.remove(&(before, key.clone()));
        }
        if let Some(expires) = expires {
            entries.by_time.insert((expires, key.clone()));
        }
    }

    /// Whether there was such a key.
    pub(crate) fn remove(&mut self, key: &[u8]) -> bool {
        let there = self.contains(key);
        self.forget(key);
        there
    }

    fn entry(&self, key: &[u8]) -> Option<&Entry> {
        let entry = self.entries.by_key.get(key)?;
        entry.expires.is_none_or(|expires| self.now < expires).then_some(entry)
    }

    fn forget(&mut self, key: &[u8]) {
        if let Some((key, Entry { expires: Some(expires), .. })) = self.entries.by_key.remove_entry(key) {
            self.entries.by_time.remove(&(expires, key));
        }
    }

    /// A value that counts, for which everything that has expired makes room if it must.
    fn value(&mut self, key: &[u8], bytes: &[u8]) -> Result<Arc<Value>, Full> {
        let size = ENTRY + key.len() + bytes.len();
        let charge = self.memory.charge(size).or_else(|Full| {
            self.sweep(usize::MAX);
            self.memory.charge(size)
        })?;
        Ok(Arc::new(Value { bytes: bytes.into(), _charge: charge }))
    }

    /// Forgets what has expired, but not more than `most`.
    fn sweep(&mut self, most: usize) {
        for _ in 0..most {
            match self.entries.by_time.first() {
                Some((expires, _)) if *expires <= self.now => {}
                _ => return,
            }
            if let Some((_, key)) = self.entries.by_time.pop_first() {
                self.entries.by_key.remove(&key);
            }
        }
    }
}

/// Milliseconds since 1970, which nobody can set back: only the start is taken from the wall's clock.
struct Clock {
    start: Instant,
    unix: i64,
}

impl Clock {
    fn new() -> Clock {
        let unix = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        Clock { start: Instant::now(), unix: i64::try_from(unix.as_millis()).unwrap_or(0) }
    }

    fn now(&self) -> i64 {
        self.unix.saturating_add(i64::try_from(self.start.elapsed().as_millis()).unwrap_or(i64::MAX))
    }
}
