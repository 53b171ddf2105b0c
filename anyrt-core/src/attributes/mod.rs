//! Typed attributes of streams, which are found through any number of wrappers.

mod error;

use std::any::Any;
use std::io;

pub use self::error::AttributeError;

/// A property that a stream can have, such as the address of its peer.
///
/// Implement it for a type that is never constructed: only its name and the type of its value matter. Other
/// crates can define more attributes.
///
/// # Examples
///
/// ```
/// use anyrt::stream::{Attribute, Attributes, AttributesExt, Request};
///
/// /// The number of attempts until the stream was open.
/// struct Attempts;
/// impl Attribute for Attempts {
///     type Value = u32;
///     const NAME: &'static str = "attempts";
/// }
///
/// struct Retried<S>(S, u32);
/// impl<S: Attributes> Attributes for Retried<S> {
///     fn provide(&self, demand: &mut Request<'_>) {
///         demand.provide::<Attempts>(|| self.1);
///         self.0.provide(demand);
///     }
/// }
///
/// struct Nothing;
/// impl Attributes for Nothing {}
///
/// assert_eq!(Retried(Nothing, 3).attribute::<Attempts>(), Ok(3));
/// let error = Nothing.attribute::<Attempts>().unwrap_err();
/// assert!(error.is_missing());
/// assert_eq!(error.to_string(), "there is no attribute `attempts` here");
/// ```
pub trait Attribute: 'static {
    /// The type of the value.
    type Value: 'static;
    /// The name in error messages.
    const NAME: &'static str;
}

/// A type that has attributes.
///
/// # Contract
///
/// 1. A wrapper MUST provide its own attributes first, and then pass the demand on to the inner stream: the
///    outermost answer counts, even if it is a failure to read the attribute.
/// 2. [`provide`](Attributes::provide) MUST NOT block.
pub trait Attributes {
    /// Answers the demand, if this type has the attribute. By default there are no attributes.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{Attribute, Attributes, AttributesExt, Request};
    ///
    /// struct Attempts;
    /// impl Attribute for Attempts {
    ///     type Value = u32;
    ///     const NAME: &'static str = "attempts";
    /// }
    ///
    /// struct Retried<S>(S, u32);
    /// impl<S: Attributes> Attributes for Retried<S> {
    ///     fn provide(&self, demand: &mut Request<'_>) {
    ///         demand.provide::<Attempts>(|| self.1);
    ///         self.0.provide(demand); // the attributes of the wrapped stream
    ///     }
    /// }
    ///
    /// let (stream, _peer) = anyrt::stream::memory_byte_stream(16);
    /// assert_eq!(Retried(stream, 3).attribute::<Attempts>(), Ok(3));
    /// ```
    fn provide(&self, demand: &mut Request<'_>) {
        let _ = demand;
    }
}

/// Methods to read attributes.
pub trait AttributesExt: Attributes {
    /// Returns the value of an attribute.
    ///
    /// # Errors
    ///
    /// - [Missing](AttributeError::is_missing) if the stream does not have the attribute.
    /// - The error of the operating system if it has the attribute and reading it failed, such as the
    ///   address of a peer that has reset the connection.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::net::{RemoteAddress, TcpListener, connect_tcp};
    /// use anyrt::stream::AttributesExt;
    ///
    /// # anyrt::run(async {
    /// let listener = TcpListener::bind(([127, 0, 0, 1], 0))?;
    /// let address = listener.local_addr()?;
    /// let stream = connect_tcp("127.0.0.1", address.port()).await?;
    /// assert_eq!(stream.attribute::<RemoteAddress>()?, address.into());
    /// # Ok::<_, Box<dyn std::error::Error>>(())
    /// # }).unwrap();
    /// ```
    fn attribute<A: Attribute>(&self) -> Result<A::Value, AttributeError> {
        let mut answer = Answer::<A>(None);
        self.provide(&mut Request(&mut answer));
        match answer.0 {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(AttributeError::failed(A::NAME, error)),
            None => Err(AttributeError::missing(A::NAME)),
        }
    }

    /// Returns the value of an attribute, or `default` if it is missing or could not be read.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{Attribute, AttributesExt, memory_byte_stream};
    ///
    /// struct Attempts;
    /// impl Attribute for Attempts {
    ///     type Value = u32;
    ///     const NAME: &'static str = "attempts";
    /// }
    ///
    /// let (stream, _peer) = memory_byte_stream(16);
    /// assert_eq!(stream.attribute_or::<Attempts>(1), 1);
    /// ```
    fn attribute_or<A: Attribute>(&self, default: A::Value) -> A::Value {
        self.attribute::<A>().unwrap_or(default)
    }
}

impl<S: Attributes + ?Sized> AttributesExt for S {}

/// A request for one attribute. Only its sender knows which one.
#[derive(Debug)]
pub struct Request<'a>(&'a mut dyn Any);

/// The place for the answer.
struct Answer<A: Attribute>(Option<io::Result<A::Value>>);

impl Request<'_> {
    /// Provides a value, if this attribute is requested and there is no answer yet.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{Attribute, Attributes, AttributesExt, Request};
    ///
    /// struct Name;
    /// impl Attribute for Name {
    ///     type Value = String;
    ///     const NAME: &'static str = "name";
    /// }
    ///
    /// struct Device;
    /// impl Attributes for Device {
    ///     fn provide(&self, demand: &mut Request<'_>) {
    ///         // The function is called only if the name is requested.
    ///         demand.provide::<Name>(|| "tty0".to_owned());
    ///     }
    /// }
    ///
    /// assert_eq!(Device.attribute::<Name>().unwrap(), "tty0");
    /// ```
    pub fn provide<A: Attribute>(&mut self, value: impl FnOnce() -> A::Value) -> &mut Self {
        self.provide_result::<A>(|| Ok(Some(value())))
    }

    /// Provides a value that may be missing.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{Attribute, Attributes, AttributesExt, Request};
    ///
    /// struct Name;
    /// impl Attribute for Name {
    ///     type Value = &'static str;
    ///     const NAME: &'static str = "name";
    /// }
    ///
    /// struct Device(Option<&'static str>);
    /// impl Attributes for Device {
    ///     fn provide(&self, demand: &mut Request<'_>) {
    ///         demand.provide_option::<Name>(|| self.0);
    ///     }
    /// }
    ///
    /// assert_eq!(Device(Some("tty0")).attribute::<Name>(), Ok("tty0"));
    /// assert!(Device(None).attribute::<Name>().unwrap_err().is_missing());
    /// ```
    pub fn provide_option<A: Attribute>(
        &mut self,
        value: impl FnOnce() -> Option<A::Value>,
    ) -> &mut Self {
        self.provide_result::<A>(|| Ok(value()))
    }

    /// Provides a value that may be missing, or may fail to be read.
    ///
    /// A failure is an answer too: the demand is not passed on to the inner stream.
    ///
    /// # Examples
    ///
    /// ```
    /// use anyrt::stream::{Attribute, Attributes, AttributesExt, Request};
    /// use std::fs;
    ///
    /// struct Size;
    /// impl Attribute for Size {
    ///     type Value = u64;
    ///     const NAME: &'static str = "size";
    /// }
    ///
    /// struct Named(&'static str);
    /// impl Attributes for Named {
    ///     fn provide(&self, demand: &mut Request<'_>) {
    ///         demand.provide_result::<Size>(|| Ok(Some(fs::metadata(self.0)?.len())));
    ///     }
    /// }
    ///
    /// assert!(Named("Cargo.toml").attribute::<Size>().unwrap() > 0);
    /// assert!(Named("missing").attribute::<Size>().unwrap_err().io_error().is_some());
    /// ```
    pub fn provide_result<A: Attribute>(
        &mut self,
        value: impl FnOnce() -> io::Result<Option<A::Value>>,
    ) -> &mut Self {
        if let Some(Answer(answer @ None)) = self.0.downcast_mut::<Answer<A>>() {
            *answer = value().transpose();
        }
        self
    }
}

impl<S: Attributes + ?Sized> Attributes for Box<S> {
    fn provide(&self, demand: &mut Request<'_>) {
        (**self).provide(demand);
    }
}

impl<S: Attributes + ?Sized> Attributes for &mut S {
    fn provide(&self, demand: &mut Request<'_>) {
        (**self).provide(demand);
    }
}
