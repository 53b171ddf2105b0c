//! How rough the simulated world is, in one word.

use std::ops::Range;
use std::time::Duration;

/// How rough the simulated world is: faults that occur by chance, as the seed decides.
///
/// Frequencies are of a thousand: 1,000 is each time.
///
/// # Examples
///
/// ```
/// use anyrt::sim::{Config, Faults};
///
/// let mut faults = Faults::rough();
/// faults.duplication = 0;
/// let config = Config::new(7).faults(faults);
/// # drop(config);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Faults {
    /// The time that a packet takes between hosts: at least the start of the range, and less than its end.
    pub latency: Range<Duration>,
    /// Lost packets between hosts. A lost packet of a stream is sent again later.
    pub loss: u32,
    /// Datagrams between hosts that arrive twice.
    pub duplication: u32,
    /// Calls on streams and files that transfer fewer bytes than they could.
    pub short_transfers: u32,
    /// The time that operations of a disk take, other than syncs.
    pub disk_latency: Range<Duration>,
    /// The time that syncs of a disk take.
    pub sync_latency: Range<Duration>,
    /// Reads, writes and syncs of a disk that fail with `EIO`.
    pub disk_errors: u32,
    /// Writes that were not synced, of which a crash keeps all or a part. The others are lost.
    pub torn_writes: u32,
}

impl Faults {
    /// Returns a world without faults, as it is by default: packets take 1 to 10 milliseconds, operations of a
    /// disk up to 100 microseconds, and syncs up to 5 milliseconds.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Faults;
    ///
    /// assert_eq!(Faults::calm().loss, 0);
    /// ```
    pub fn calm() -> Faults {
        Faults {
            latency: Duration::from_millis(1)..Duration::from_millis(10),
            loss: 0,
            duplication: 0,
            short_transfers: 0,
            disk_latency: Duration::from_micros(10)..Duration::from_micros(100),
            sync_latency: Duration::from_micros(500)..Duration::from_millis(5),
            disk_errors: 0,
            torn_writes: 0,
        }
    }

    /// Returns a world as on a bad day: packets take up to 100 milliseconds, one in a hundred is lost, and a
    /// call in ten transfers less than it could. Syncs take up to 50 milliseconds, and a crash keeps parts of
    /// what was not synced.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::{Config, Faults};
    ///
    /// assert!(Faults::rough().loss > Faults::calm().loss);
    /// assert!(Config::new(7).faults(Faults::rough()).run(async {}).result.is_ok());
    /// ```
    pub fn rough() -> Faults {
        Faults {
            latency: Duration::from_millis(1)..Duration::from_millis(100),
            loss: 10,
            duplication: 5,
            short_transfers: 100,
            disk_latency: Duration::from_micros(10)..Duration::from_millis(1),
            sync_latency: Duration::from_millis(1)..Duration::from_millis(50),
            disk_errors: 0,
            torn_writes: 300,
        }
    }

    /// Returns a world that a program has to survive, not to work well in: packets take up to two seconds, one
    /// in ten is lost, and every second call transfers less than it could. Syncs take up to a second, and one
    /// in two hundred reads, writes and syncs of a disk fails.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::sim::Faults;
    ///
    /// let faults = Faults::hostile();
    /// assert!(faults.latency.end > Faults::rough().latency.end);
    /// ```
    pub fn hostile() -> Faults {
        Faults {
            latency: Duration::from_micros(100)..Duration::from_secs(2),
            loss: 100,
            duplication: 50,
            short_transfers: 500,
            disk_latency: Duration::from_micros(10)..Duration::from_millis(10),
            sync_latency: Duration::from_millis(1)..Duration::from_secs(1),
            disk_errors: 5,
            torn_writes: 600,
        }
    }
}

impl Default for Faults {
    fn default() -> Faults {
        Faults::calm()
    }
}
