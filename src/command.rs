//! What a user can ask for.

pub mod parse;

/// Runs the program.
pub fn main() -> std::process::ExitCode {
    // A stand-in until the arguments are read in earnest.
    let mut args = std::env::args().skip(1);
    let mut options = parse::ParseOptions::default();
    if args.next().as_deref() == Some("parse") {
        while let Some(arg) = args.next() {
            match arg.as_str() {
                "--kind" => options.kind = args.next(),
                "--base" => options.base = args.next(),
                "--content-type" => options.content_type = args.next(),
                _ => options.files.push(arg),
            }
        }
    }
    match parse::run(&options, &mut std::io::BufWriter::new(std::io::stdout().lock())) {
        Ok(true) => std::process::ExitCode::SUCCESS,
        _ => std::process::ExitCode::FAILURE,
    }
}
