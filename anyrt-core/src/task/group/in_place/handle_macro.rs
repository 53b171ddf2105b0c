//! The macro that defines the handle of a group of either kind, with the methods that both kinds have.

macro_rules! in_place_group {
    (
        $(#[$docs:meta])* $name:ident, $boxed:ident, $(+ $send:ident)?
    ) => {
        $(#[$docs])*
        pub struct $name<'env, E> {
            group: Arc<InPlace<'env, E, $boxed<'env, ()>>>,
        }

        impl<'env, E: $($send +)? 'env> $name<'env, E> {
            /// Returns a builder for a child with a name or a context.
            ///
            /// # Examples
            ///
            /// ```
            /// # anyrt::run(async {
            /// let group = anyrt::scoped_task_group(async |tg| {
            ///     let task = tg.task().name("sum").spawn(async {});
            ///     assert_eq!(&*task.name(), "sum");
            /// });
            /// group.await.unwrap();
            /// # });
            /// ```
            pub fn task(&self) -> TaskBuilder<'_, $name<'env, E>> {
                TaskBuilder::of(self)
            }

            /// Starts a child and waits until it reports that it is ready. Returns the value that it reports
            /// (rule [G9](crate::rules#g9)).
            ///
            /// As [`TaskGroup::start`](super::TaskGroup::start). The child may borrow. The value that it
            /// passes to `started` and the error may not, and are `Send`.
            ///
            /// # Cancel safety
            ///
            /// As [`TaskGroup::start`](super::TaskGroup::start).
            ///
            /// # Errors
            ///
            /// The child's own error, if it fails before it is ready. The group does not receive it.
            ///
            /// # Panics
            ///
            /// As [`TaskGroup::start`](super::TaskGroup::start).
            ///
            /// # Examples
            ///
            /// ```
            /// # anyrt::run(async {
            /// let limit = 100;
            /// let group = anyrt::scoped_task_group(async |tg| {
            ///     let server = tg.start(async |ready| {
            ///         ready.started(8080 + limit); // The child borrows.
            ///         Ok::<_, std::io::Error>(())
            ///     });
            ///     server.await
            /// });
            /// assert_eq!(group.await.unwrap(), 8180);
            /// # });
            /// ```
            #[track_caller]
            pub fn start<V, Fut>(
                &self,
                child: impl FnOnce(Started<V>) -> Fut,
            ) -> impl Future<Output = Result<V, E>>
            where
                E: Send + 'static,
                V: Send + 'static,
                Fut: Future $(+ $send)? + 'env,
                Fut::Output: TaskOutput<E>,
                <Fut::Output as TaskOutput<E>>::Value: $($send +)? 'env,
            {
                self.task().start(child)
            }

            /// Starts a child and waits until it reports that it is ready. Returns the value that it reports,
            /// and the handle.
            ///
            #[doc = concat!("See [`start`](", stringify!($name), "::start), which this is but for what is returned.")]
            ///
            /// # Cancel safety
            ///
            /// As [`TaskGroup::start`](super::TaskGroup::start).
            ///
            /// # Errors
            ///
            /// [`StartError`](crate::error::StartError) if the child did not become ready.
            ///
            /// # Panics
            ///
            /// A panic of the child before it is ready continues here.
            ///
            /// # Examples
            ///
            /// ```
            /// # anyrt::run(async {
            /// let group = anyrt::scoped_task_group(async |tg| {
            ///     let server = tg.try_start(async |ready| {
            ///         ready.started(8080);
            ///         Ok::<_, std::io::Error>(())
            ///     });
            ///     let (port, handle) = server.await.unwrap();
            ///     handle.wait().await;
            ///     Ok(port)
            /// });
            /// assert_eq!(group.await.unwrap(), 8080);
            /// # });
            /// ```
            #[track_caller]
            pub fn try_start<V, Fut>(
                &self,
                child: impl FnOnce(Started<V>) -> Fut,
            ) -> impl Future<Output = StartOutput<V, Fut::Output, E>>
            where
                E: Send + 'static,
                V: Send + 'static,
                Fut: Future $(+ $send)? + 'env,
                Fut::Output: TaskOutput<E>,
                <Fut::Output as TaskOutput<E>>::Value: $($send +)? 'env,
            {
                self.task().try_start(child)
            }
        }

        impl<'env, E: $($send +)? 'env> TaskBuilder<'_, $name<'env, E>> {
            #[doc = concat!("Starts the child; see [`spawn`](", stringify!($name), "::spawn) of the group.")]
            ///
            /// # Panics
            ///
            /// If the group has ended.
            ///
            /// # Examples
            ///
            /// ```
            /// # anyrt::run(async {
            /// let words = ["to", "be"];
            /// let group = anyrt::scoped_task_group(async |tg| {
            ///     tg.task().name("counter").spawn(async { assert_eq!(words.len(), 2) });
            /// });
            /// group.await.unwrap();
            /// # });
            /// ```
            #[track_caller]
            pub fn spawn<F, T>(self, future: F) -> TaskHandle<T>
            where
                F: Future $(+ $send)? + 'env,
                F::Output: TaskOutput<E, Value = T>,
                T: $($send +)? 'env,
            {
                let group = self.group;
                match self.try_spawn(future) {
                    Ok(handle) => handle,
                    Err(_) => has_ended(&group.group.core),
                }
            }

            /// Starts the child, or returns the future if the group has ended.
            ///
            /// # Errors
            ///
            /// [`SpawnError`] with the future, which has not been polled.
            ///
            /// # Examples
            ///
            /// ```
            /// # anyrt::run(async {
            /// let mut kept = None;
            /// let group = anyrt::scoped_task_group(async |tg| kept = Some(tg));
            /// group.await.unwrap();
            /// let ended = kept.unwrap();
            /// assert!(ended.task().name("late").try_spawn(async {}).is_err());
            /// # });
            /// ```
            #[track_caller]
            pub fn try_spawn<F, T>(self, future: F) -> Result<TaskHandle<T>, SpawnError<F>>
            where
                F: Future $(+ $send)? + 'env,
                F::Output: TaskOutput<E, Value = T>,
                T: $($send +)? 'env,
            {
                let group = &self.group.group;
                if !group.core.enter() {
                    return Err(SpawnError(future));
                }
                let given = self.options.given(Location::caller());
                let (root, handle) = prepare(group, given, future, |_| ());
                group.push(Box::pin(root));
                Ok(handle)
            }

            #[doc = concat!("Starts the child and waits until it says that it is ready; see [`start`](", stringify!($name), "::start) of the group.")]
            ///
            /// # Cancel safety
            ///
            /// As [`TaskGroup::start`](super::TaskGroup::start).
            ///
            /// # Errors
            ///
            /// The child's own error, if it fails before it is ready. The group does not receive it.
            ///
            /// # Panics
            ///
            /// As [`TaskGroup::start`](super::TaskGroup::start).
            ///
            /// # Examples
            ///
            /// ```
            /// # anyrt::run(async {
            /// let group = anyrt::scoped_task_group(async |tg| {
            ///     let server = tg.task().name("server").start(async |ready| {
            ///         ready.started(8080);
            ///         Ok::<_, std::io::Error>(())
            ///     });
            ///     server.await
            /// });
            /// assert_eq!(group.await.unwrap(), 8080);
            /// # });
            /// ```
            #[track_caller]
            pub fn start<V, Fut>(
                self,
                child: impl FnOnce(Started<V>) -> Fut,
            ) -> impl Future<Output = Result<V, E>>
            where
                E: Send + 'static,
                V: Send + 'static,
                Fut: Future $(+ $send)? + 'env,
                Fut::Output: TaskOutput<E>,
                <Fut::Output as TaskOutput<E>>::Value: $($send +)? 'env,
            {
                let start = self.try_start(child);
                async move { expect_started(start.await) }
            }

            #[doc = concat!("Starts the child and waits until it says that it is ready; see [`try_start`](", stringify!($name), "::try_start) of the group.")]
            ///
            /// # Cancel safety
            ///
            /// As [`TaskGroup::start`](super::TaskGroup::start).
            ///
            /// # Errors
            ///
            /// [`StartError`](crate::error::StartError) if the child did not become ready.
            ///
            /// # Panics
            ///
            /// A panic of the child before it is ready continues here.
            ///
            /// # Examples
            ///
            /// ```
            /// # anyrt::run(async {
            /// let group = anyrt::scoped_task_group(async |tg| {
            ///     let server = tg.task().name("server").try_start(async |ready| {
            ///         ready.started(8080);
            ///         Ok::<_, std::io::Error>(())
            ///     });
            ///     let (_port, handle) = server.await.unwrap();
            ///     assert_eq!(&*handle.name(), "server");
            ///     Ok(())
            /// });
            /// group.await.unwrap();
            /// # });
            /// ```
            #[track_caller]
            pub fn try_start<V, Fut>(
                self,
                child: impl FnOnce(Started<V>) -> Fut,
            ) -> impl Future<Output = StartOutput<V, Fut::Output, E>>
            where
                E: Send + 'static,
                V: Send + 'static,
                Fut: Future $(+ $send)? + 'env,
                Fut::Output: TaskOutput<E>,
                <Fut::Output as TaskOutput<E>>::Value: $($send +)? 'env,
            {
                let group = self.group.group.clone();
                let core = group.core.clone();
                let spawn = move |given, child, before: &mut dyn FnMut(&_)| {
                    let (root, handle) = prepare(&group, given, child, |record| before(record));
                    group.push(Box::pin(root));
                    handle
                };
                start(core, self.options, child, spawn, Location::caller())
            }
        }

        impl<E> $name<'_, E> {
            /// Cancels the body and every child. This does not count as a failure (rule [G5](crate::rules#g5)).
            ///
            /// # Examples
            ///
            /// ```
            /// # anyrt::run(async {
            /// let group = anyrt::scoped_task_group(async |tg| {
            ///     tg.spawn(anyrt::sleep_forever());
            ///     tg.cancel();
            /// });
            /// assert!(group.await.is_ok());
            /// # });
            /// ```
            pub fn cancel(&self) {
                self.scope().cancel();
            }

            /// Returns the group's own scope: deadline, reason, shield.
            ///
            /// # Examples
            ///
            /// ```
            /// # anyrt::run(async {
            /// let group = anyrt::scoped_task_group(async |tg| {
            ///     tg.scope().cancel_with("enough");
            ///     anyrt::checkpoint().await;
            /// });
            /// assert!(group.await.unwrap_err().is_cancelled());
            /// # });
            /// ```
            pub fn scope(&self) -> CancelHandle {
                CancelHandle::new(self.group.core.node.clone())
            }

            /// Returns the name that the group was given, or else the location where it was opened.
            ///
            /// # Examples
            ///
            /// ```
            /// # anyrt::run(async {
            /// let group = anyrt::GroupOptions::new().name("uploads").run_scoped(async |tg| {
            ///     assert_eq!(&*tg.name(), "uploads");
            /// });
            /// group.await.unwrap();
            /// # });
            /// ```
            pub fn name(&self) -> Arc<str> {
                self.group.core.name()
            }

            /// Returns the number of children that are alive. A group inside with live tasks counts as one.
            ///
            /// # Examples
            ///
            /// ```
            /// # anyrt::run(async {
            /// let group = anyrt::scoped_task_group(async |tg| {
            ///     tg.spawn(anyrt::sleep_forever());
            ///     assert_eq!(tg.living(), 1);
            ///     tg.cancel();
            /// });
            /// group.await.unwrap();
            /// # });
            /// ```
            pub fn living(&self) -> usize {
                self.group.core.living()
            }

            /// Returns a snapshot of the group, for inspecting or printing.
            ///
            /// # Examples
            ///
            /// ```
            /// # anyrt::run(async {
            /// let group = anyrt::scoped_task_group(async |tg| {
            ///     tg.task().name("worker").spawn(anyrt::sleep_forever());
            ///     assert_eq!(&*tg.tree().tasks[0].task.name(), "worker");
            ///     tg.cancel();
            /// });
            /// group.await.unwrap();
            /// # });
            /// ```
            pub fn tree(&self) -> crate::task::GroupNode {
                crate::task::GroupNode::of(&self.group.core)
            }
        }

        impl<E> Clone for $name<'_, E> {
            fn clone(&self) -> Self {
                $name { group: self.group.clone() }
            }
        }

        impl<E> fmt::Debug for $name<'_, E> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.debug_tuple(stringify!($name)).field(&self.group.core).finish()
            }
        }
    };
}

pub(super) use in_place_group;
