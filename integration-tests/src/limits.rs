//! How many descriptors this process may have.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// Allows as many as the system does: raises the soft limit to the hard one.
pub fn allow_all_descriptors() {
    let limit = getrlimit(Resource::Nofile);
    set(Rlimit { current: limit.maximum, ..limit });
}

/// Allows `most`, and no more.
pub fn allow_descriptors(most: u64) {
    let limit = getrlimit(Resource::Nofile);
    set(Rlimit { current: Some(most), ..limit });
}

fn set(limit: Rlimit) {
    setrlimit(Resource::Nofile, limit).expect("a soft limit up to the hard one can be set");
}
