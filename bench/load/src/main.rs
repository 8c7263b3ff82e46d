//! The load generator's program: see the library.

#![forbid(unsafe_code)]

use std::io::{Write, stdout};
use std::process::ExitCode;

use clap::Parser;

fn main() -> ExitCode {
    let options = load::Options::parse();
    let report = load::run(&options, &mut stdout()).and_then(|report| {
        writeln!(stdout(), "{}", serde_json::to_string(&report)?)?;
        Ok(report)
    });
    match report {
        Ok(report) if report.errors == 0 => ExitCode::SUCCESS,
        Ok(report) => {
            for error in &report.first_errors {
                eprintln!("load: {error}");
            }
            eprintln!("load: {} errors", report.errors);
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("load: {error:#}");
            ExitCode::FAILURE
        }
    }
}
