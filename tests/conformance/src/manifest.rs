//! The lists of all cases, and what is made of them. Nothing here but names.

use anyrt_core::runtime::Enter;

use crate::harness::Case;

/// Mounts the suite: one test for each case of the facets that are listed.
///
/// `runtime` is an expression that makes a backend; it is evaluated anew for each case. Several
/// suites in one file sit in modules of their own.
#[macro_export]
macro_rules! suite {
    (
        runtime: $runtime:expr,
        facets: [$($facet:ident),* $(,)?]
        $(, known_failures: [$($name:literal => $why:literal),* $(,)?])? $(,)?
    ) => {
        const KNOWN_FAILURES: &[(&str, &str)] = &[$($(($name, $why)),*)?];

        fn backend() -> impl $crate::Enter {
            $runtime
        }

        #[::core::prelude::v1::test]
        fn known_failures_are_cases() {
            $crate::check_known_failures(KNOWN_FAILURES);
        }

        $( $crate::__cases! { $facet, __tests, () } )*
    };
}

/// Hands the cases of one facet to another macro.
///
/// A case is listed under the facet that it is about. Spawning, time and blocking calls are what
/// core cannot do without, so a case of any facet may use all three.
#[doc(hidden)]
#[macro_export]
macro_rules! __cases {
    (spawn, $then:ident, $arguments:tt) => {
        $crate::$then! { $arguments
            combine: [
                gathered_results_keep_their_order,
                gathering_nothing_gives_nothing,
                members_may_borrow,
                gather_does_not_look_at_values,
                a_failed_member_cancels_the_others,
                try_gather_gives_the_values,
                a_concurrent_map_keeps_order_and_limit,
                a_failed_item_ends_the_map,
                completed_results_come_as_they_are_ready,
                a_race_cancels_its_losers_and_waits,
                foreign_losers_are_dropped,
                races_take_tuples_arrays_and_lists,
                a_race_waits_for_shielded_losers,
                a_cancelled_race_waits_for_everybody,
                ties_are_decided_fairly,
                a_panic_in_a_race_continues_in_the_caller,
                the_first_success_wins,
                without_a_success_all_errors_come_out,
                a_limit_reaches_the_members,
                dropped_combinators_drop_their_members,
            ],
            context: [
                unset_variables_have_no_value,
                a_child_starts_with_a_snapshot,
                the_snapshot_is_the_spawners,
                borrowing_children_have_contexts_too,
                changes_stay_in_the_task,
                many_tasks_do_not_mix_their_values,
                a_task_can_be_given_a_context,
                a_worker_thread_sees_the_callers_context,
                code_called_back_sees_the_threads_context,
                calls_from_outside_carry_the_threads_context,
                tasks_from_outside_start_with_the_threads_context,
                the_main_task_inherits_from_outside,
                a_value_can_be_set_for_one_future,
                a_dropped_scope_leaves_no_value,
                a_run_variable_is_shared_by_the_run,
                a_later_run_starts_unset,
                runs_side_by_side_have_their_own_values,
                two_run_variables_are_two,
                a_run_variable_outside_a_run_is_an_error,
            ],
            entry: [
                run_gives_the_value_of_main,
                run_hands_errors_through,
                a_panic_continues_in_the_caller,
                a_run_in_a_run_is_refused,
                a_run_in_a_child_is_refused,
                the_current_backend_has_a_name,
                outside_there_is_nothing_to_ask,
                spawning_without_a_runtime_names_the_fix,
                the_clock_is_monotonic_across_tasks,
                deadlines_are_on_the_runs_clock,
                groups_work_in_the_runtimes_own_run,
                scopes_work_in_the_runtimes_own_run,
                children_dropped_outside_a_run_are_cancelled,
                the_run_waits_for_adopted_children,
                the_end_of_a_run_can_be_limited,
                the_runtime_is_found_inside,
                runs_follow_one_another,
                the_handle_of_an_ended_run_is_refused,
            ],
            everywhere: [
                a_clean_up_runs_once_wherever_it_is_cancelled,
                a_lent_resource_is_never_lost,
                a_shielded_section_runs_to_its_end,
                nothing_runs_between_nested_scopes,
                children_never_outlive_a_cancelled_group,
                borrowing_children_never_outlive_a_cancelled_group,
                a_starting_child_is_ended_or_handed_over,
                a_race_waits_for_its_losers,
                gathered_members_clean_up,
                a_thread_call_runs_to_its_end,
            ],
            introspection: [
                the_main_task_has_a_name,
                a_child_is_named_after_its_spawn_site,
                a_child_can_be_named,
                ids_are_unique_in_the_run,
                the_main_task_has_no_parent,
                the_parent_is_the_host_of_the_group,
                the_tree_lists_living_tasks_only,
                pending_cancellation_follows_scopes_and_shields,
                pending_cancellation_stops_at_a_shielded_scope,
                pending_cancellation_is_seen_by_children,
                all_tasks_blocked_waits_for_busy_tasks,
                timers_and_threads_count_as_waiting,
                several_may_wait_until_all_are_blocked,
                waiting_until_all_are_blocked_can_be_cancelled,
                the_tree_shows_who_belongs_to_whom,
                the_tree_can_be_walked,
                parents_are_known_after_the_end,
                the_tree_says_who_cancelled_and_why,
                free_ports_can_be_bound,
            ],
            low_level: [
                a_checkpoint_yields_once,
                checkpoints_let_other_tasks_run,
                a_checkpoint_is_cancelled_with_its_scope,
                checkpoint_if_cancelled_keeps_its_turn,
                checkpoint_if_cancelled_observes_cancellation,
                a_shielded_checkpoint_yields_once,
                shielded_checkpoints_let_other_tasks_run,
                a_shielded_checkpoint_is_never_cancelled,
                a_pending_checkpoint_is_cancelled_too,
                the_token_is_equal_within_a_run,
                the_token_differs_between_runs,
            ],
            operations: [
                ready_operations_are_cancel_points,
                ready_operations_see_cancellation_in_the_same_poll,
                operations_pass_in_a_shield,
                loops_of_ready_operations_yield,
                a_few_ready_operations_do_not_yield,
                a_busy_task_does_not_starve_others,
                a_busy_task_meets_its_deadline,
                the_budget_is_renewed_with_each_turn,
                a_settled_outcome_is_delivered,
                no_outcome_is_lost_to_the_budget,
                a_refused_operation_starts_when_its_scope_is_left,
                a_refused_operation_is_woken_when_its_scope_is_left,
                a_pending_operation_survives_the_scope_it_was_lent_to,
                structural_futures_do_start_when_cancelled,
                only_what_is_inside_is_cancelled,
            ],
            options: [
                try_spawn_gives_the_future_back,
                spawning_late_panics_and_names_the_way_out,
                a_failed_group_takes_no_children,
                a_cancelled_group_starts_its_children,
                a_group_counts_its_living_children,
                siblings_survive_where_the_group_keeps_going,
                a_group_that_keeps_going_gives_its_value,
                an_error_of_the_body_is_reported_with_the_others,
                a_panic_ends_a_group_that_keeps_going,
                a_group_that_keeps_going_can_be_cancelled,
                errors_can_be_reported_one_by_one,
            ],
            stress: [
                random_trees_keep_to_the_model,
            ],
            uniform: [
                dropping_a_handle_does_nothing,
                handles_may_be_dropped_at_any_time,
                no_child_runs_inside_spawn,
                a_child_inside_poll_ends_before_the_enclosing_group,
                a_child_inside_poll_ends_before_the_run,
                a_panic_that_nobody_awaits_is_not_lost,
                a_late_panic_is_not_lost,
                the_panic_of_an_adopted_child_is_not_lost,
            ],
        }
    };
    (time, $then:ident, $arguments:tt) => {
        $crate::$then! { $arguments
            time: [
                the_clock_is_monotonic,
                timers_are_never_early,
                many_timers_complete,
                a_past_timer_completes_at_once,
                distant_timers_stay_pending,
                timers_can_be_dropped,
                a_fresh_timer_can_be_moved,
                a_pending_timer_can_be_moved,
                a_completed_timer_can_be_moved,
            ],
        }
    };
    (blocking, $then:ident, $arguments:tt) => {
        $crate::$then! { $arguments
            blocking: [
                functions_run_on_another_thread,
                functions_run_although_nobody_waits,
                functions_end_although_nobody_waits,
                the_runtime_is_found_in_the_function,
                functions_run_side_by_side,
                many_functions_all_run,
                to_thread_gives_the_value,
                a_panic_in_a_thread_continues_in_the_caller,
                a_refused_call_does_not_run,
                a_begun_call_delivers_before_the_cancellation,
                a_dropped_call_goes_on,
                a_worker_thread_can_call_back,
            ],
        }
    };
}

/// One `#[test]` for each case.
#[doc(hidden)]
#[macro_export]
macro_rules! __tests {
    (() $($module:ident: [$($case:ident),* $(,)?],)*) => { $(
        mod $module { $(
            #[::core::prelude::v1::test]
            fn $case() {
                $crate::run_case(
                    concat!(stringify!($module), "::", stringify!($case)),
                    super::KNOWN_FAILURES,
                    super::backend,
                    $crate::cases::$module::$case,
                );
            }
        )* }
    )* };
}

/// The name of each case.
#[doc(hidden)]
#[macro_export]
macro_rules! __names {
    (($list:ident) $($module:ident: [$($case:ident),* $(,)?],)*) => { $($(
        $list.push(concat!(stringify!($module), "::", stringify!($case)));
    )*)* };
}

/// One element of a list for each case.
#[doc(hidden)]
#[macro_export]
macro_rules! __push {
    (($list:ident) $($module:ident: [$($case:ident),* $(,)?],)*) => { $($(
        $list.push(Case {
            name: concat!(stringify!($module), "::", stringify!($case)),
            run: $crate::cases::$module::$case,
        });
    )*)* };
}

/// Every case, for those who want to run them by a program.
#[must_use]
pub fn all<B: Enter>() -> Vec<Case<B>> {
    let mut list = Vec::new();
    crate::__cases! { spawn, __push, (list) }
    crate::__cases! { time, __push, (list) }
    crate::__cases! { blocking, __push, (list) }
    list
}

/// The names of all cases.
#[must_use]
pub fn names() -> Vec<&'static str> {
    let mut list = Vec::new();
    crate::__cases! { spawn, __names, (list) }
    crate::__cases! { time, __names, (list) }
    crate::__cases! { blocking, __names, (list) }
    list
}

/// A known failure that is no case is a misspelt one.
#[doc(hidden)]
pub fn check_known_failures(known_failures: &[(&str, &str)]) {
    let names = names();
    for (known, _) in known_failures {
        assert!(
            names.contains(known),
            "`known_failures` lists {known}, which is no case"
        );
    }
}
