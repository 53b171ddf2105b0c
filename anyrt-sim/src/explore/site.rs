//! The function of the program in a stack of calls.

/// The beginnings of the names of functions that are not the program's.
const FOREIGN: [&str; 12] = [
    "std::", "core::", "alloc::", "<std::", "<core::", "<alloc::", "anyrt", "<anyrt", "__rust",
    "<&", "_", "rust_",
];

/// Returns the innermost function of the program in the text of a stack, with its line if the stack has lines.
pub(super) fn of(stack: &str) -> Option<String> {
    let mut lines = stack.lines().map(str::trim).peekable();
    while let Some(line) = lines.next() {
        let Some((number, function)) = line.split_once(": ") else {
            continue;
        };
        let is_frame = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit());
        if !is_frame || FOREIGN.iter().any(|foreign| function.starts_with(foreign)) {
            continue;
        }
        let mut function = function;
        while let Some(outer) = function.strip_suffix("::{{closure}}") {
            function = outer;
        }
        let place = lines.peek().and_then(|next| next.strip_prefix("at "));
        return Some(match place {
            Some(place) => format!("{function} at {place}"),
            None => function.to_owned(),
        });
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_innermost_function_of_the_program_is_found() {
        let stack = "\
   0: std::backtrace::Backtrace::force_capture
             at /rustc/library/std/src/backtrace.rs:1:1
   1: anyrt_core::engine::operation::Operation::begin_slowly
   2: <anyrt_core::time::sleep::Sleep<R> as core::future::future::Future>::poll
   3: bank::transfer::{{closure}}::{{closure}}
             at ./src/bank.rs:12:30
   4: bank::main::{{closure}}
";
        assert_eq!(
            of(stack).as_deref(),
            Some("bank::transfer at ./src/bank.rs:12:30")
        );
        let bare =
            "   0: core::ops::function\n   1: bank::transfer::{{closure}}\n   2: bank::main\n";
        assert_eq!(of(bare).as_deref(), Some("bank::transfer"));
        assert_eq!(of("   0: core::ops::function\n"), None);
    }
}
