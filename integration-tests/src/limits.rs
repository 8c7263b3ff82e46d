//! How many descriptors and how much memory this process may have.

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

/// The variables of a process in which a thread takes much more room than anything else, 1 GiB, and nothing else takes any in
/// advance or for a backtrace: so [`allow_memory`] can leave room for all but a thread.
pub const GREAT_THREADS: [(&str, &str); 3] =
    [("RUST_MIN_STACK", "1073741824"), ("MALLOC_ARENA_MAX", "1"), ("RUST_BACKTRACE", "0")];

/// Allows so many MiB of address space more than there are now; as many as the system does, if none are said.
pub fn allow_memory(more: Option<u64>) {
    let limit = getrlimit(Resource::As);
    let current = more.map_or(limit.maximum, |more| Some(in_use() + (more << 20)));
    setrlimit(Resource::As, Rlimit { current, ..limit }).expect("a soft limit up to the hard one can be set");
}

/// How much address space this process has, in bytes.
fn in_use() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").expect("Linux tells it");
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.strip_suffix("kB"));
    let kibibytes: u64 = size.and_then(|size| size.trim().parse().ok()).expect("a number of kB");
    kibibytes << 10
}

fn set(limit: Rlimit) {
    setrlimit(Resource::Nofile, limit).expect("a soft limit up to the hard one can be set");
}
