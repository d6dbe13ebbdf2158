//! The program: everything is in the library.

fn main() -> std::process::ExitCode {
    lp2rc::cli::run()
}
