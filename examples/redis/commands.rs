//! The commands: a table of what there is, and the way from a request to its answer.

mod keys;
mod server;
mod set;

use examples::resp::{Request, encode};

use crate::failure::Failure;
use crate::reply::{Answer, Reply};
use crate::store::Store;

type Outcome<'a> = Result<Reply<'a>, Failure>;

/// A command, as COMMAND describes it.
pub(crate) struct Command {
    name: &'static str,
    /// How many arguments there are, with the name; negative: at least so many.
    arity: i64,
    flags: &'static [&'static str],
    /// The first argument that is a key, the last, and the step between; -1 is the last of all.
    keys: (i64, i64, i64),
    run: for<'a> fn(&Store, Request<'a>) -> Outcome<'a>,
}

impl Command {
    /// Its description, as clients read it.
    pub(crate) fn describe(&self, out: &mut Vec<u8>) {
        let (first, last, step) = self.keys;
        encode::array(out, 6);
        encode::bulk(out, self.name.as_bytes());
        encode::integer(out, self.arity);
        encode::array(out, self.flags.len());
        self.flags.iter().for_each(|flag| encode::simple(out, flag));
        [first, last, step].into_iter().for_each(|place| encode::integer(out, place));
    }
}

const NO_KEY: (i64, i64, i64) = (0, 0, 0);
const ONE_KEY: (i64, i64, i64) = (1, 1, 1);
const ALL_KEYS: (i64, i64, i64) = (1, -1, 1);

static COMMANDS: [Command; 12] = [
    Command { name: "get", arity: 2, flags: &["readonly", "fast"], keys: ONE_KEY, run: keys::get },
    Command { name: "set", arity: -3, flags: &["write", "denyoom"], keys: ONE_KEY, run: set::set },
    Command { name: "del", arity: -2, flags: &["write"], keys: ALL_KEYS, run: keys::del },
    Command { name: "incr", arity: 2, flags: &["write", "denyoom", "fast"], keys: ONE_KEY, run: keys::incr },
    Command { name: "mget", arity: -2, flags: &["readonly", "fast"], keys: ALL_KEYS, run: keys::mget },
    Command { name: "expire", arity: -3, flags: &["write", "fast"], keys: ONE_KEY, run: keys::expire },
    Command { name: "ttl", arity: 2, flags: &["readonly", "fast"], keys: ONE_KEY, run: keys::ttl },
    Command { name: "ping", arity: -1, flags: &["fast"], keys: NO_KEY, run: server::ping },
    Command { name: "echo", arity: 2, flags: &["fast"], keys: NO_KEY, run: server::echo },
    Command { name: "command", arity: -1, flags: &[], keys: NO_KEY, run: server::command },
    Command { name: "config", arity: -2, flags: &["admin"], keys: NO_KEY, run: server::config },
    Command { name: "quit", arity: -1, flags: &["fast"], keys: NO_KEY, run: server::quit },
];

/// Does what a client asks for.
pub(crate) fn answer<'a>(store: &Store, request: Request<'a>) -> Answer<'a> {
    let name = request.get(0).unwrap_or_default();
    let Some(command) = find(name) else {
        // A web page may make a browser send requests to loopback, as the body of a request of its own. As in Redis,
        // what such a request begins with ends the connection before any of them.
        if name.eq_ignore_ascii_case(b"post") || name.eq_ignore_ascii_case(b"host:") {
            return Answer::Nothing;
        }
        return Answer::Reply(Failure::unknown_command(request).into());
    };
    let outcome = if fits(command.arity, request) {
        (command.run)(store, request)
    } else {
        Err(Failure::Arity(command.name))
    };
    let reply = outcome.unwrap_or_else(Reply::from);
    if command.name == "quit" { Answer::Last(reply) } else { Answer::Reply(reply) }
}

fn find(name: &[u8]) -> Option<&'static Command> {
    COMMANDS.iter().find(|command| name.eq_ignore_ascii_case(command.name.as_bytes()))
}

fn fits(arity: i64, request: Request<'_>) -> bool {
    let count = i64::try_from(request.count()).unwrap_or(i64::MAX);
    if arity < 0 { count >= -arity } else { count == arity }
}
