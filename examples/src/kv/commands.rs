//! What the commands do.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::io::{self, Read, Write};
use std::process::ExitCode;
use std::sync::Arc;

use anyrt::net::{LocalAddress, listen_tcp};
use anyrt::stream::AttributesExt;
use anyrt::sync::Event;
use anyrt::to_thread;
use anyrt_examples::kv::{self, Client, MAX_VALUE, Node, Timing};
use anyrt_examples::{Messages, listen, print};

use crate::options::{Request, RequestOptions, ServeOptions};

/// The exit status that a shell reports for a program that Ctrl-C ended.
const INTERRUPTED: u8 = 130;

/// Runs a node until it is stopped.
///
/// # Errors
///
/// Returns an error if it cannot start, or cannot write its journal.
pub(crate) async fn serve(
    options: ServeOptions,
    stop: Arc<Event>,
    messages: Messages,
) -> io::Result<ExitCode> {
    let ServeOptions { nodes, me, .. } = options;
    let listener = match options.listen {
        Some(address) => listen(&[address])?,
        None => {
            let address = &nodes[me];
            let (host, port) = address.rsplit_once(':').expect("it was checked");
            let port = port.parse().expect("it was checked");
            let host = host.trim_start_matches('[').trim_end_matches(']');
            listen_tcp(Some(host), port).await.map_err(|error| {
                io::Error::new(error.kind(), format!("cannot listen at {address}: {error}"))
            })?
        }
    };
    let node = Node::open(kv::Options {
        nodes,
        me,
        dir: options.dir,
        timing: Timing::default(),
        log: Arc::new(move |event| messages.say(format_args!("node {} {event}", me + 1))),
        bug: None,
    });
    let node = node.await?;
    let mut lines = String::new();
    for listener in listener.listeners() {
        let address = listener.attribute::<LocalAddress>()?;
        lines += &format!("listening at http://{address}/\n");
    }
    print(&lines)?;
    let stopped = async {
        stop.wait().await;
        Ok(())
    };
    anyrt::race((stopped, node.serve(listener))).await?;
    Ok(ExitCode::SUCCESS)
}

/// Carries out a request.
///
/// # Errors
///
/// Returns the error of standard input or output.
pub(crate) async fn request(
    options: RequestOptions,
    stop: Arc<Event>,
    messages: &Messages,
) -> io::Result<ExitCode> {
    let id = RandomState::new().build_hasher().finish();
    let client = Client::new(options.nodes, id).patience(options.timeout);
    let stopped = async {
        stop.wait().await;
        Ok(ExitCode::from(INTERRUPTED))
    };
    anyrt::race((stopped, carry_out(client, options.request, messages))).await
}

async fn carry_out(
    mut client: Client,
    request: Request,
    messages: &Messages,
) -> io::Result<ExitCode> {
    let done = match request {
        Request::Get { key } => match client.get(&key).await {
            Ok(Some(value)) => {
                write_value(&value)?;
                Ok(())
            }
            Ok(None) => {
                messages.say(format_args!("there is no key `{key}`"));
                return Ok(ExitCode::FAILURE);
            }
            Err(error) => Err(error),
        },
        Request::Put { key, value } if value == "-" => {
            let value = to_thread::run(read_value).await?;
            client.put(&key, &value).await
        }
        Request::Put { key, value } => client.put(&key, value.as_bytes()).await,
        Request::Delete { key } => client.delete(&key).await,
    };
    Ok(match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            messages.say(format_args!("{error}"));
            ExitCode::FAILURE
        }
    })
}

/// Reads standard input. One byte more than a value can have is enough to be refused.
fn read_value() -> io::Result<Vec<u8>> {
    let mut value = Vec::new();
    let input = io::stdin().lock();
    input.take(MAX_VALUE as u64 + 1).read_to_end(&mut value)?;
    Ok(value)
}

fn write_value(value: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(value)?;
    out.flush()
}
