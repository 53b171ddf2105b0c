//! The tasks: one accepts, and there is one for each connection.

use std::io;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anyrt::CancelScope;
use anyrt::net::{Ip, LocalAddress, ReceiveHalf, SendHalf, TcpStream};
use anyrt::stream::AttributesExt;
use anyrt::sync::Event;
use anyrt_examples::{Messages, Spare, accept_to_connect, limit_send_buffer, listen, print};

use crate::forward::{Carried, End, forward};
use crate::options::{Options, Target};
use crate::report::{Outcome, Report};

/// Forwards connections until it is stopped.
///
/// # Errors
///
/// Returns an error if it cannot start, or cannot accept any more.
pub(crate) async fn proxy(
    options: Options,
    stop: Arc<Event>,
    messages: Messages,
) -> io::Result<ExitCode> {
    let listener = listen(&options.listen)?;
    let mut lines = String::new();
    for listener in listener.listeners() {
        let address = listener.attribute::<LocalAddress>()?;
        lines += &format!("listening at {address}\n");
    }
    print(&lines)?;

    let route = Arc::new(Route {
        to: options.to,
        connect: options.connect,
        idle: options.idle,
    });
    anyrt::task_group(async |connections| {
        let handler = |client, spare| serve(client, spare, route.clone(), messages.clone());
        let max = options.max_connections;
        let accepting = accept_to_connect(listener, max, &connections, handler);
        let stopped = async {
            stop.wait().await;
            Ok(())
        };
        anyrt::race((stopped, accepting)).await?;
        connections.cancel();
        Ok::<_, io::Error>(())
    })
    .await?;
    messages.say(format_args!("stopped"));
    Ok(ExitCode::SUCCESS)
}

/// The target and the time limits of connections.
struct Route {
    to: Target,
    connect: Duration,
    idle: Option<Duration>,
}

/// Forwards a connection to its end, and logs the result, also if it is cancelled.
async fn serve(client: TcpStream, spare: Spare, route: Arc<Route>, messages: Messages) {
    anyrt::with_resource(
        Report::of(&client),
        async |mut report| report.outcome = relay(client, spare, &route, &report.carried).await,
        async |report| messages.say(format_args!("{report}")),
    )
    .await
}

async fn relay(client: TcpStream, spare: Spare, route: &Route, carried: &Carried) -> Outcome {
    let Route { to, connect, idle } = route;
    let target = match spare.connect(&to.host, to.port, *connect).await {
        Ok(target) => target,
        Err(error) => return Outcome::NotConnected(error),
    };

    // All bytes that are received, or that the system accepts for sending, move the deadline.
    let awake = CancelScope::new();
    let limit = awake.handle();
    let moved = || {
        if let Some(idle) = idle {
            limit.set_deadline(anyrt::now() + *idle);
        }
    };
    moved();
    let (client, target) = (End::of("client", client), End::of("target", target));
    match awake.run(forward(client, target, carried, moved)).await {
        Ok(Ok(())) => Outcome::Finished,
        Ok(Err(broken)) => Outcome::Broken(broken),
        Err(_) => Outcome::Idle,
    }
}

impl End<ReceiveHalf<Ip>, SendHalf<Ip>> {
    fn of(name: &'static str, stream: TcpStream) -> Self {
        limit_send_buffer(&stream);
        let (send, receive) = stream.into_split();
        End {
            name,
            receive,
            send,
        }
    }
}
