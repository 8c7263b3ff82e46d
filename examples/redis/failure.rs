//! What a command answers when it cannot be done, in the words of Redis.

use examples::resp::Request;

use crate::memory::Full;

/// How much of a client's own words comes back to it.
const QUOTED: usize = 128;

#[derive(Debug)]
pub(crate) enum Failure {
    /// Too few arguments, or too many.
    Arity(&'static str),
    Syntax,
    NotAnInteger,
    Overflow,
    /// Not after now, or further off than can be counted.
    ExpireTime(&'static str),
    OutOfMemory,
    /// The text about a command, subcommand or option that is not known.
    Unknown(Vec<u8>),
}

impl Failure {
    pub(crate) fn unknown_command(request: Request<'_>) -> Failure {
        let mut arguments = vec![];
        for argument in request.iter().skip(1) {
            if arguments.len() >= QUOTED {
                break;
            }
            let most = QUOTED - arguments.len();
            arguments.push(b'\'');
            arguments.extend_from_slice(&argument[..argument.len().min(most)]);
            arguments.extend_from_slice(b"' ");
        }
        let name = quoted(request, 0);
        Failure::Unknown(
            [b"ERR unknown command '", name, b"', with args beginning with: ", &arguments].concat(),
        )
    }

    /// The word after `command` is none of its own; `command` is in capitals.
    pub(crate) fn unknown_subcommand(request: Request<'_>, command: &str) -> Failure {
        let name = quoted(request, 1);
        Failure::Unknown(
            [b"ERR unknown subcommand '", name, b"'. Try ", command.as_bytes(), b" HELP."].concat(),
        )
    }

    pub(crate) fn unsupported_option(request: Request<'_>, index: usize) -> Failure {
        Failure::Unknown([b"ERR Unsupported option ", quoted(request, index)].concat())
    }

    pub(crate) fn text(&self) -> Vec<u8> {
        match self {
            Failure::Arity(command) => {
                format!("ERR wrong number of arguments for '{command}' command").into()
            }
            Failure::Syntax => b"ERR syntax error".into(),
            Failure::NotAnInteger => b"ERR value is not an integer or out of range".into(),
            Failure::Overflow => b"ERR increment or decrement would overflow".into(),
            Failure::ExpireTime(command) => format!("ERR invalid expire time in '{command}' command").into(),
            Failure::OutOfMemory => b"OOM command not allowed when used memory > 'maxmemory'.".into(),
            Failure::Unknown(text) => text.clone(),
        }
    }
}

impl From<Full> for Failure {
    fn from(Full: Full) -> Failure {
        Failure::OutOfMemory
    }
}

fn quoted(request: Request<'_>, index: usize) -> &[u8] {
    let word = request.get(index).unwrap_or_default();
    &word[..word.len().min(QUOTED)]
}
