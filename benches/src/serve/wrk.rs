//! The load generator `wrk`.

use std::io::{self, ErrorKind};
use std::process::Command;

/// Runs `wrk` for `seconds` seconds. Returns the number of requests per second.
///
/// # Errors
///
/// Returns an error if it is not installed, if a connection failed, or if a response was not the file.
pub(super) fn ask(url: &str, seconds: usize, connections: usize) -> io::Result<f64> {
    let output = Command::new("wrk")
        .args(["--threads", "1", "--connections", &connections.to_string()])
        .args(["--duration", &format!("{seconds}s"), url])
        .output()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                io::Error::new(error.kind(), "`wrk` is not installed, which this needs")
            }
            _ => error,
        })?;
    let report = String::from_utf8_lossy(&output.stdout);
    read(&report).ok_or_else(|| {
        let complaints = String::from_utf8_lossy(&output.stderr);
        io::Error::other(format!("`wrk` says: {complaints}{report}"))
    })
}

/// Returns the requests per second, if every response was correct.
fn read(report: &str) -> Option<f64> {
    if report.contains("Socket errors") || report.contains("Non-2xx") {
        return None;
    }
    let mut lines = report.lines();
    let rate = lines.find_map(|line| line.strip_prefix("Requests/sec:"))?;
    rate.trim().parse().ok()
}

#[cfg(test)]
mod tests {
    use super::read;

    const REPORT: &str = "\
Running 1s test @ http://127.0.0.1:8000/a
  1 threads and 64 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency     1.26ms  812.31us  14.19ms   83.42%
    Req/Sec    51.40k     2.27k   54.60k    70.00%
  51167 requests in 1.00s, 61.63MB read
";

    #[test]
    fn the_rate_is_read() {
        let report = format!("{REPORT}Requests/sec:  51093.04\nTransfer/sec:     61.54MB\n");
        assert_eq!(read(&report), Some(51093.04));
    }

    #[test]
    fn what_went_wrong_is_no_rate() {
        for trouble in [
            "",
            "  Socket errors: connect 0, read 3, write 0, timeout 0\nRequests/sec:  51093.04\n",
            "  Non-2xx or 3xx responses: 51167\nRequests/sec:  51093.04\n",
        ] {
            assert_eq!(read(&format!("{REPORT}{trouble}")), None);
        }
    }
}
