//! A binary heap of times whose entries can be moved and removed: each knows its place.
//!
//! Go: `runtime.timers`
//!
//! ```text
//!   entries (heap order)      slots (by TimerId)
//!   ┌──────┬──────┬──────┐    ┌────────────┬──────┬────────┐
//!   │when,3│when,0│when,1│ ◄──┤ generation │ place│ target │
//!   └──────┴──────┴──────┘    └────────────┴──────┴────────┘
//! ```
//!
//! Differs: Go 1.21 marks a deleted timer and sweeps later; here it leaves at once, so the heap holds only live ones.

use std::num::NonZeroU32;

/// Names one timer of a heap; never the next one in the same slot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct TimerId {
    slot: u32,
    /// Never zero, so that a name or none takes no more room than a name.
    generation: NonZeroU32,
}

/// A heap of targets, each with the time at which it is due.
///
/// Go: `runtime.timers`
#[doc(alias = "timers")]
pub(crate) struct Heap<T> {
    entries: Vec<Entry>,
    slots: Vec<Slot<T>>,
    free: Vec<u32>,
}

#[derive(Clone, Copy)]
struct Entry {
    when: u64,
    slot: u32,
}

struct Slot<T> {
    generation: NonZeroU32,
    place: usize,
    target: Option<T>,
}

impl<T> Heap<T> {
    pub(crate) const fn new() -> Heap<T> {
        Heap { entries: Vec::new(), slots: Vec::new(), free: Vec::new() }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The earliest time, if there is any timer.
    pub(crate) fn next(&self) -> Option<u64> {
        self.entries.first().map(|entry| entry.when)
    }

    /// Adds `target`, due at `when`.
    pub(crate) fn insert(&mut self, when: u64, target: T) -> TimerId {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Slot { generation: NonZeroU32::MIN, place: 0, target: None });
            u32::try_from(self.slots.len() - 1).expect("fewer timers than 2^32")
        });
        self.slots[slot as usize].target = Some(target);
        self.entries.push(Entry { when, slot });
        self.rise(self.entries.len() - 1);
        TimerId { slot, generation: self.slots[slot as usize].generation }
    }

    /// Moves a timer to another time; false if it has fired or was removed.
    pub(crate) fn reschedule(&mut self, id: TimerId, when: u64) -> bool {
        let Some(place) = self.place(id) else { return false };
        self.entries[place].when = when;
        self.restore(place);
        true
    }

    /// Takes a timer out; nothing if it has fired or was removed.
    pub(crate) fn remove(&mut self, id: TimerId) -> Option<T> {
        self.place(id).map(|place| self.take(place).1)
    }

    /// Takes out the earliest timer if it is due at `now`.
    pub(crate) fn pop_due(&mut self, now: u64) -> Option<(TimerId, T)> {
        (self.next()? <= now).then(|| self.take(0))
    }

    fn place(&self, id: TimerId) -> Option<usize> {
        let slot = self.slots.get(id.slot as usize)?;
        (slot.generation == id.generation && slot.target.is_some()).then_some(slot.place)
    }

    fn take(&mut self, place: usize) -> (TimerId, T) {
        let entry = self.entries.swap_remove(place);
        if place < self.entries.len() {
            self.restore(place);
        }
        let slot = &mut self.slots[entry.slot as usize];
        let id = TimerId { slot: entry.slot, generation: slot.generation };
        slot.generation = slot.generation.checked_add(1).unwrap_or(NonZeroU32::MIN);
        self.free.push(entry.slot);
        (id, slot.target.take().expect("an entry of the heap has its target"))
    }

    /// Puts the entry at `place`, whose time is new, where it belongs.
    fn restore(&mut self, place: usize) {
        self.sink(place);
        self.rise(place);
    }

    fn rise(&mut self, mut place: usize) {
        while place > 0 && self.entries[place].when < self.entries[(place - 1) / 2].when {
            self.entries.swap(place, (place - 1) / 2);
            self.settle(place);
            place = (place - 1) / 2;
        }
        self.settle(place);
    }

    fn sink(&mut self, mut place: usize) {
        loop {
            let (left, right) = (2 * place + 1, 2 * place + 2);
            let Some(mut least) = self.entries.get(left).map(|_| left) else { break };
            if self.entries.get(right).is_some_and(|entry| entry.when < self.entries[left].when) {
                least = right;
            }
            if self.entries[least].when >= self.entries[place].when {
                break;
            }
            self.entries.swap(place, least);
            self.settle(place);
            place = least;
        }
        self.settle(place);
    }

    fn settle(&mut self, place: usize) {
        let slot = self.entries[place].slot;
        self.slots[slot as usize].place = place;
    }
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[derive(Clone, Debug)]
    enum Step {
        Insert(u64),
        Move(usize, u64),
        Remove(usize),
        Pop(u64),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            3 => (0..100u64).prop_map(Step::Insert),
            2 => (any::<usize>(), 0..100u64).prop_map(|(which, when)| Step::Move(which, when)),
            1 => any::<usize>().prop_map(Step::Remove),
            1 => (0..100u64).prop_map(Step::Pop),
        ]
    }

    proptest! {
        /// Whatever is inserted, moved, removed and popped, the heap agrees with a plain list.
        #[test]
        fn agrees_with_a_plain_list(steps in proptest::collection::vec(step(), 0..200)) {
            let mut heap = Heap::new();
            let mut list: Vec<(TimerId, u64, usize)> = Vec::new();
            let mut gone = Vec::new();
            for (number, step) in steps.into_iter().enumerate() {
                match step {
                    Step::Insert(when) => list.push((heap.insert(when, number), when, number)),
                    Step::Move(which, when) if !list.is_empty() => {
                        let which = which % list.len();
                        list[which].1 = when;
                        prop_assert!(heap.reschedule(list[which].0, when));
                    }
                    Step::Remove(which) if !list.is_empty() => {
                        let (id, _, target) = list.swap_remove(which % list.len());
                        prop_assert_eq!(heap.remove(id), Some(target));
                        gone.push(id);
                    }
                    Step::Pop(now) => {
                        let earliest = list.iter().map(|entry| entry.1).min();
                        match heap.pop_due(now) {
                            Some((id, target)) => {
                                let at = list.iter().position(|entry| entry.0 == id).expect("it was listed");
                                let (_, when, listed) = list.swap_remove(at);
                                prop_assert_eq!(Some(when), earliest);
                                prop_assert!(when <= now);
                                prop_assert_eq!(target, listed);
                                gone.push(id);
                            }
                            None => prop_assert!(earliest.is_none_or(|when| when > now)),
                        }
                    }
                    _ => {}
                }
                prop_assert_eq!(heap.next(), list.iter().map(|entry| entry.1).min());
                prop_assert_eq!(heap.is_empty(), list.is_empty());
                for id in &gone {
                    prop_assert!(!heap.reschedule(*id, 1), "a timer that is gone was moved");
                }
            }
        }
    }
}
