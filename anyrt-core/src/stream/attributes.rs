//! Typed attributes: what is known of a stream, asked for through every layer of wrapping.

use std::any::Any;

use crate::error::MissingAttribute;

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
///    the outermost answer counts.
/// 2. [`provide`](Attributes::provide) MUST NOT block.
pub trait Attributes {
    /// Answers the demand as far as it can; by default there is nothing to say.
    fn provide(&self, demand: &mut Demand<'_>) {
        let _ = demand;
    }
}

/// Asking for attributes.
pub trait AttributesExt: Attributes {
    /// What is known of this kind.
    ///
    /// # Errors
    ///
    /// [`MissingAttribute`] if nothing is.
    fn attribute<A: Attribute>(&self) -> Result<A::Value, MissingAttribute> {
        let mut answer = Answer::<A>(None);
        self.provide(&mut Demand(&mut answer));
        answer.0.ok_or(MissingAttribute::new(A::NAME))
    }

    /// What is known of this kind, or else this.
    fn attribute_or<A: Attribute>(&self, default: A::Value) -> A::Value {
        self.attribute::<A>().unwrap_or(default)
    }
}

impl<S: Attributes + ?Sized> AttributesExt for S {}

/// A question for one attribute, of a kind that only the asker knows.
#[derive(Debug)]
pub struct Demand<'a>(&'a mut dyn Any);

/// Where the answer is put.
struct Answer<A: Attribute>(Option<A::Value>);

impl Demand<'_> {
    /// Answers, if this is what is asked for and nobody has answered yet.
    pub fn provide<A: Attribute>(&mut self, value: impl FnOnce() -> A::Value) -> &mut Self {
        self.try_provide::<A>(|| Some(value()))
    }

    /// Answers with what may turn out not to be known.
    pub fn try_provide<A: Attribute>(
        &mut self,
        value: impl FnOnce() -> Option<A::Value>,
    ) -> &mut Self {
        if let Some(Answer(answer @ None)) = self.0.downcast_mut::<Answer<A>>() {
            *answer = value();
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
