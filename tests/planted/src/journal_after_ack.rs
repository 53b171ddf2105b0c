//! A server that writes entries to a journal and acknowledges them.
//!
//! **Bug**: it acknowledges an entry before the entry is in the journal. A crash in between loses what the
//! client believes to be safe.
//!
//! **Found by** a crash at a time that the seed draws. FIFO finds it too, since the crash is not a matter of the
//! order.

use std::io;

use anyrt::fs::{File, OpenOptions};
use anyrt::net::TcpStream;
use anyrt::stream::{BufferedByteStream, ByteSendStreamExt};
use anyrt::{fail_after, net::connect_tcp};

use crate::Version;
use crate::support::{PORT, listen, ms, receive_number, simulation};

const JOURNAL: &str = "/journal";

async fn append(journal: &mut File, entry: u64) -> io::Result<()> {
    journal.write_all(&entry.to_be_bytes()).await?;
    journal.sync_data().await
}

async fn serve(stream: TcpStream, journal: &mut File, version: Version) -> io::Result<()> {
    let mut stream = BufferedByteStream::new(stream);
    loop {
        let entry = receive_number(&mut stream).await?;
        if version.is_buggy() {
            stream.send(&entry.to_be_bytes()).await?;
            append(journal, entry).await?;
        } else {
            append(journal, entry).await?;
            stream.send(&entry.to_be_bytes()).await?;
        }
    }
}

/// Runs the program.
///
/// # Panics
///
/// If an entry was acknowledged and is not in the journal.
pub async fn run(version: Version) {
    let server = simulation().host("server").start(move || async move {
        let options = OpenOptions::new().append(true).create(true);
        let mut journal = options.open(JOURNAL).await.expect("the disk has no faults");
        let listener = listen();
        while let Ok((stream, _)) = listener.accept().await {
            // Ends with the connection.
            drop(serve(stream, &mut journal, version).await);
        }
    });
    let disk = server.disk();
    let group = anyrt::task_group(async |tg| {
        tg.spawn(async move {
            // 0 is a day without a crash.
            let moment = simulation().choose(100);
            if moment > 0 {
                anyrt::sleep(ms(10 + moment)).await;
                server.restart().await;
            }
        });
        let mut acknowledged = Vec::new();
        let mut entry = 0_u64;
        while entry < 8 {
            let Ok(Ok(stream)) = fail_after(ms(500), connect_tcp("server", PORT)).await else {
                anyrt::sleep(ms(10)).await;
                continue;
            };
            let mut stream = BufferedByteStream::new(stream);
            let append = async {
                while entry < 8 {
                    stream.send(&entry.to_be_bytes()).await?;
                    acknowledged.push(receive_number(&mut stream).await?);
                    entry += 1;
                }
                std::io::Result::Ok(())
            };
            // Without an answer, an entry is sent again on a new connection.
            drop(fail_after(ms(500), append).await);
        }
        // The last entry is written.
        anyrt::sleep(ms(20)).await;
        let journal = disk.read(JOURNAL).expect("it was synced");
        let journal: Vec<u64> = journal
            .chunks_exact(8)
            .map(|entry| u64::from_be_bytes(entry.try_into().expect("eight bytes")))
            .collect();
        for entry in acknowledged {
            assert!(
                journal.contains(&entry),
                "entry {entry} was acknowledged and is not in the journal {journal:?}"
            );
        }
    });
    group.await.expect("no task fails");
}
