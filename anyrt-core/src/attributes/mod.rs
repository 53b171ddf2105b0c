//! Typed attributes: what is known of a stream, asked for through every layer of wrapping.

mod error;

use std::any::Any;
use std::io;

pub use self::error::AttributeError;

/// A kind of thing that can be known of a stream, such as the address of its peer.
///
/// It is a type that is never made: what counts is its name and the type of its value. Anybody can
/// define more.
///
/// # Examples
///
/// ```
/// use anyrt_core::stream::{Attribute, Attributes, AttributesExt, Demand};
///
/// /// How often the stream was tried before it was there.
/// struct Attempts;
/// impl Attribute for Attempts {
///     type Value = u32;
///     const NAME: &'static str = "attempts";
/// }
///
/// struct Retried<S>(S, u32);
/// impl<S: Attributes> Attributes for Retried<S> {
///     fn provide(&self, demand: &mut Demand<'_>) {
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
    /// What is known.
    type Value: 'static;
    /// What it is called in messages.
    const NAME: &'static str;
}

/// Something that has attributes.
///
/// # Contract
///
/// 1. A wrapper MUST offer its own attributes first, and then pass the demand on to what it wraps:
///    the outermost answer counts, also if it is that reading the attribute failed.
/// 2. [`provide`](Attributes::provide) MUST NOT block.
pub trait Attributes {
    /// Answers the demand as far as it can; by default there is nothing to say.
    fn provide(&self, demand: &mut Demand<'_>) {
        let _ = demand;
    }
}

/// Asking for attributes.
pub trait AttributesExt: Attributes {
    /// Returns the value of an attribute.
    ///
    /// # Errors
    ///
    /// - [Missing](AttributeError::is_missing) if the stream does not have the attribute.
    /// - The error of the operating system if it has the attribute and reading it failed, such as the
    ///   address of a peer that has reset the connection.
    fn attribute<A: Attribute>(&self) -> Result<A::Value, AttributeError> {
        let mut answer = Answer::<A>(None);
        self.provide(&mut Demand(&mut answer));
        match answer.0 {
            Some(Ok(value)) => Ok(value),
            Some(Err(error)) => Err(AttributeError::failed(A::NAME, error)),
            None => Err(AttributeError::missing(A::NAME)),
        }
    }

    /// Returns the value of an attribute, or `default` if it is missing or could not be read.
    fn attribute_or<A: Attribute>(&self, default: A::Value) -> A::Value {
        self.attribute::<A>().unwrap_or(default)
    }
}

impl<S: Attributes + ?Sized> AttributesExt for S {}

/// A question for one attribute, of a kind that only the asker knows.
#[derive(Debug)]
pub struct Demand<'a>(&'a mut dyn Any);

/// Where the answer is put.
struct Answer<A: Attribute>(Option<io::Result<A::Value>>);

impl Demand<'_> {
    /// Answers, if this is what is asked for and nobody has answered yet.
    pub fn provide<A: Attribute>(&mut self, value: impl FnOnce() -> A::Value) -> &mut Self {
        self.provide_result::<A>(|| Ok(Some(value())))
    }

    /// Answers with a value that may turn out to be missing.
    pub fn provide_option<A: Attribute>(
        &mut self,
        value: impl FnOnce() -> Option<A::Value>,
    ) -> &mut Self {
        self.provide_result::<A>(|| Ok(value()))
    }

    /// Answers with a value that may turn out to be missing, and that may fail to be read.
    ///
    /// A failure is an answer: what is wrapped is not asked any more.
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
    fn provide(&self, demand: &mut Demand<'_>) {
        (**self).provide(demand);
    }
}

impl<S: Attributes + ?Sized> Attributes for &mut S {
    fn provide(&self, demand: &mut Demand<'_>) {
        (**self).provide(demand);
    }
}
