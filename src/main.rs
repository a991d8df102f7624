//! argv to command to exit code.

fn main() -> std::process::ExitCode {
    newsagg::command::main()
}
