use super::{ObjectReceiveStream, ObjectSendStream};

/// Two streams of one direction each, made into one of both.
///
/// Ending the sending half with [`send_eof`](ObjectSendStream::send_eof) leaves the other open;
/// dropping the whole closes both.
#[derive(Debug)]
pub struct StapledObjectStream<S, R> {
    send_stream: S,
    receive_stream: R,
}

impl<S, R> StapledObjectStream<S, R> {
    /// Sends into the one, and receives from the other.
    pub fn new(send_stream: S, receive_stream: R) -> StapledObjectStream<S, R> {
        StapledObjectStream {
            send_stream,
            receive_stream,
        }
    }

    /// The half that is sent into.
    pub fn send_stream(&self) -> &S {
        &self.send_stream
    }

    /// The half that is received from.
    pub fn receive_stream(&self) -> &R {
        &self.receive_stream
    }

    /// Both halves, apart again: for sending, and for receiving.
    pub fn into_parts(self) -> (S, R) {
        (self.send_stream, self.receive_stream)
    }
}

impl<S: Send, R: ObjectReceiveStream> ObjectReceiveStream for StapledObjectStream<S, R> {
    type Item = R::Item;
    type ReceiveError = R::ReceiveError;

    fn receive(&mut self) -> impl Future<Output = Result<R::Item, R::ReceiveError>> + Send {
        self.receive_stream.receive()
    }
}

impl<S: ObjectSendStream<T>, R: Send, T> ObjectSendStream<T> for StapledObjectStream<S, R> {
    type SendError = S::SendError;

    fn send(&mut self, item: T) -> impl Future<Output = Result<(), S::SendError>> + Send {
        self.send_stream.send(item)
    }

    fn send_eof(&mut self) -> impl Future<Output = Result<(), S::SendError>> + Send {
        self.send_stream.send_eof()
    }
}
