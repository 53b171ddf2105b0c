//! The lists of all cases, and what is made of them. Nothing here but names.

#[cfg(unix)]
use anyrt_core::runtime::Descriptors;
use anyrt_core::runtime::{Enter, Net};

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

        fn backend() -> impl $crate::Enter<Runtime: $($crate::facets::$facet +)*> {
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
            buffered_streams: [
                exactly_so_many_bytes_are_received,
                memory_is_taken_as_bytes_come,
                a_delimiter_is_found_across_chunks,
                an_early_end_is_an_incomplete_read,
                a_delimiter_has_to_come_soon_enough,
                a_search_holds_no_more_than_was_allowed,
                a_search_is_linear,
                a_search_that_is_broken_off_goes_on,
                reading_begins_with_what_is_buffered,
                a_buffered_stream_closes_its_halves,
                buffered_operations_are_cancel_points,
            ],
            byte_streams: [
                memory_streams_keep_the_contract,
                memory_pipes_keep_the_contract,
                buffered_streams_keep_the_contract,
                stapled_streams_keep_the_contract,
                boxed_streams_keep_the_contract,
                sending_bytes_waits_when_the_room_is_used_up,
                a_byte_stream_needs_room,
                a_dropped_end_is_noticed_at_once,
                a_reset_connection_is_broken_for_the_peer,
                byte_operations_are_cancel_points,
                a_stapled_stream_consists_of_its_halves,
                attributes_are_found_through_wrappers,
                errors_pass_through_wrappers,
            ],
            byte_streams_everywhere: [
                a_byte_receive_loses_nothing,
                a_cancelled_byte_send_leaves_a_beginning,
                a_buffered_receive_loses_nothing,
                a_text_receive_loses_nothing,
                a_text_is_sent_whole_or_not_at_all,
            ],
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
            groups: [
                the_group_waits_for_every_child,
                the_group_gives_the_value_of_its_body,
                spawning_runs_nothing_on_the_spot,
                children_may_spawn_more_children,
                spawning_into_an_ended_group_is_refused,
                children_of_a_cancelled_group_run_up_to_their_first_wait,
                children_spawned_under_an_outer_cancellation_run_up_to_their_first_wait,
                a_loop_of_empty_groups_lets_others_run,
                locals_of_cancelled_children_are_gone_when_the_group_ends,
                a_child_spawned_behind_a_shield_is_cancelled_with_its_group,
                a_child_outlives_the_scope_it_was_spawned_in,
                an_interrupted_group_that_is_polled_again_says_so,
            ],
            groups_cancel: [
                cancelling_a_group_is_no_failure,
                a_group_whose_body_was_interrupted_gives_cancelled,
                cancelling_an_outer_group_cancels_every_descendant,
                children_are_cancelled_while_their_host_sits_in_a_shield,
                a_cancelled_host_waits_for_the_clean_up_of_its_children,
                an_empty_group_ends_though_it_is_cancelled,
                dropping_a_group_cancels_its_children,
                the_run_waits_for_children_of_a_dropped_group,
                a_group_that_was_never_polled_runs_nothing,
                the_body_is_dropped_before_the_children_are_waited_for,
                a_cancellation_from_a_thread_is_caught_where_it_belongs,
            ],
            groups_combine: [
                a_panic_in_a_gathering_continues_in_the_caller,
                as_completed_refuses_an_empty_set,
                a_losers_panic_is_not_lost,
                members_are_cancelled_with_their_caller,
            ],
            groups_failures: [
                a_failing_child_cancels_siblings_and_body,
                a_body_that_never_returns_is_ended_by_a_failure,
                a_failing_body_cancels_the_children,
                the_group_error_holds_every_error_once,
                the_group_error_tells_the_whole_story,
                cancelled_children_add_nothing_to_the_error,
                an_error_on_the_way_out_wins_over_the_cancellation,
                a_shielded_child_of_a_failed_group_runs_to_its_end,
                keep_going_reports_all_errors_at_the_end,
                borrowing_groups_keep_going_too,
                a_group_can_report_errors_to_a_callback,
            ],
            groups_handles: [
                a_handle_gives_the_value_of_its_task,
                a_shareable_value_can_be_read_more_than_once,
                the_handle_of_a_failed_task_says_so,
                cancelling_a_handle_cancels_that_task_alone,
                a_task_cancelled_before_it_ran_runs_to_its_first_wait,
                a_task_that_cancels_itself_stops_at_its_next_operation,
                wait_returns_however_the_task_ended,
                the_status_follows_the_life_of_the_task,
                dropping_a_handle_does_nothing,
                waiting_for_a_task_is_a_cancel_point,
                the_value_of_a_cancelled_task_is_a_panic,
                waiting_for_the_value_of_a_failed_task_is_cancelled,
                a_task_cancelled_alone_cleans_up,
                a_cancelled_task_that_completes_has_a_value,
                tasks_have_names_and_ids,
                unclaimed_values_are_dropped_with_their_handles,
            ],
            groups_in_place: [
                scoped_children_borrow_from_the_surroundings,
                local_children_need_not_be_send,
                a_scoped_group_works_inside_a_spawned_task,
                scoped_children_may_spawn_more,
                local_children_may_spawn_more,
                only_woken_children_are_polled,
                scoped_groups_take_children_from_other_threads,
                queued_children_are_freed_with_the_group,
                queued_local_children_are_freed_with_the_group,
                dropping_a_borrowing_group_drops_its_children,
                borrowing_children_clean_up_when_cancelled,
            ],
            groups_panics: [
                a_panic_of_a_child_continues_in_the_host,
                a_panic_of_the_body_waits_for_the_children,
                the_first_panic_wins,
                a_panic_in_a_destructor_is_the_childs_panic,
                a_panic_on_the_way_out_wins_over_the_cancellation,
            ],
            groups_scope: [
                cancelling_a_group_from_inside_takes_effect_at_once,
                the_scope_of_a_group_behaves_like_any_other,
                the_shield_of_a_group_covers_its_children,
                children_can_tell_why_they_are_cancelled,
            ],
            groups_start: [
                starting_into_an_ended_group_is_refused,
                start_waits_until_the_child_is_ready,
                a_failure_before_readiness_comes_out_of_start_alone,
                a_failure_after_readiness_goes_to_the_group,
                ending_without_readiness_is_an_error,
                a_panic_before_readiness_continues_in_the_host,
                a_startable_function_can_be_called_directly,
                start_can_give_a_handle,
            ],
            groups_start_scopes: [
                starting_in_a_cancelled_scope_runs_to_the_first_wait,
                a_child_started_in_a_cancelled_scope_may_still_fail,
                before_readiness_the_child_is_cancelled_with_its_caller,
                readiness_moves_the_child_from_the_caller_to_the_group,
                after_readiness_the_caller_cannot_cancel_the_child,
                readiness_takes_effect_in_the_same_step,
                a_pending_start_keeps_the_group_open,
                a_failing_sibling_interrupts_a_pending_start,
                dropping_a_pending_start_cancels_its_child,
            ],
            holds: [
                a_holder_kept_by_select_is_stranded,
                a_holder_kept_beside_a_foreign_wait_is_stranded,
                a_stranded_holder_does_not_take_others_with_it,
                holders_in_a_buffered_stream_do_not_hang,
                many_holders_all_clean_up_without_spinning,
                a_scope_is_not_held_by_its_sibling,
                a_panic_leaves_no_hold_behind,
                a_hold_that_begins_with_the_cancellation_is_told,
                what_is_beside_a_holder_stops_at_its_next_operation,
                the_rest_is_dropped_after_the_last_hold,
            ],
            holds_abort: [
                abort_ends_a_clean_up_that_never_ends,
                abort_ends_a_shielded_section,
                cancel_within_limits_the_clean_up,
                abort_reaches_the_children,
                cancel_within_limits_the_clean_up_of_children,
                a_run_can_limit_its_own_end,
            ],
            holds_adoption: [
                the_enclosing_group_waits_for_a_child_inside_poll,
                the_run_waits_for_a_child_inside_poll,
                an_adopted_childs_error_reaches_the_hook,
                an_adopted_childs_panic_continues_in_the_adopting_host,
                an_adopted_childs_panic_continues_out_of_the_run,
                adoption_goes_up_to_the_next_living_group,
            ],
            holds_groups: [
                a_stranded_groups_children_go_to_the_enclosing_group,
                groups_in_a_buffered_stream_do_not_hang,
                holds_in_collections_are_told_of_a_groups_cancellation,
                spawning_races_with_the_end_of_the_group,
                cancelling_tasks_that_are_polled_in_wake_does_not_deadlock,
                a_failure_among_tasks_that_are_polled_in_wake_does_not_deadlock,
                an_aborted_childs_panic_continues_in_the_host,
                an_aborted_child_counts_as_cancelled,
                limits_around_a_set_of_groups_do_not_hang,
            ],
            holds_memory: [
                a_million_shields_leave_nothing_behind,
                a_million_groups_leave_nothing_behind,
                many_groups_of_tasks_leave_nothing_behind,
            ],
            holds_moved: [
                operations_refused_in_a_step_complete_later,
                a_shield_that_began_in_a_step_is_waited_for,
                a_limit_that_began_in_a_step_holds_later,
                a_holder_follows_to_another_scope,
                a_scope_is_not_held_by_what_was_moved_out,
                a_shield_switched_on_too_late_changes_nothing,
                tasks_of_a_foreign_executor_go_on,
                deeply_nested_scopes_are_cancelled,
            ],
            holds_wake_ups: [
                a_wake_up_on_its_way_keeps_holders_from_being_stranded,
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
            memory_streams: [
                without_room_both_sides_wait,
                sending_waits_when_the_room_is_used_up,
                an_unbounded_stream_never_lets_a_sender_wait,
                trying_needs_room_or_somebody_who_waits,
                receiving_moves_a_waiting_sender_up,
                iterating_ends_with_the_last_sender,
                a_dropped_next_loses_nothing,
                the_end_comes_after_what_is_left,
                the_end_waits_for_what_was_handed_over,
                without_receivers_sending_is_broken,
                a_closed_handle_says_so,
                a_side_is_closed_when_its_last_clone_is,
                loops_of_ready_operations_yield,
                a_sender_is_a_sink,
                the_end_comes_behind_what_a_sink_took,
                two_halves_make_a_stream,
            ],
            memory_streams_everywhere: [
                a_send_happens_once_or_not_at_all,
                a_receive_loses_nothing,
                a_handed_object_survives_every_way_of_leaving,
                nothing_is_lost_under_stress,
                the_order_stays_under_stress,
            ],
            memory_streams_hand_over: [
                closing_a_handle_ends_what_waits_on_it,
                a_handle_can_be_closed_by_another_task,
                closing_takes_nothing_back,
                a_cancelled_call_leaves_nothing_behind,
                a_dropped_call_leaves_its_place,
                in_a_cancelled_scope_nothing_is_transferred,
                statistics_tell_the_same_from_either_side,
                who_waits_owns_what_comes,
                what_is_not_taken_is_passed_on_in_order,
                a_receiver_cancelled_with_its_object_keeps_or_returns_it,
                plain_calls_work_anywhere,
                waiters_are_served_in_order,
            ],
            operations: [
                ready_operations_are_cancel_points,
                ready_operations_see_cancellation_in_the_same_poll,
                a_second_cancellation_is_seen_in_the_same_poll,
                a_passed_deadline_stays_seen,
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
                a_prepared_child_can_be_refused,
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
            scopes: [
                cancelling_interrupts_the_wait,
                cancelling_is_idempotent,
                cancellation_is_level_triggered,
                a_body_that_never_waits_again_completes,
                waits_behind_a_cancelled_scope_are_unaffected,
                a_scope_cancelled_in_advance_runs_to_the_first_wait,
                only_what_is_inside_is_interrupted,
                the_cancelled_side_sees_reason_and_canceller,
                the_main_task_has_a_name_too,
                the_first_cause_wins,
                errors_pass_a_cancelled_scope,
                a_handle_outlives_its_scope,
            ],
            scopes_clean_up: [
                finally_cleans_up_however_the_body_ended,
                the_body_is_gone_when_the_clean_up_begins,
                a_cancelled_finally_may_still_complete,
                nested_clean_ups_run_inside_out,
                with_resource_gives_the_value_to_the_clean_up,
                destructors_run_outside_the_cancelled_scope,
                dropping_a_shield_or_finally_drops_what_is_in_it,
                a_panic_of_the_clean_up_continues,
                an_interrupted_finally_that_is_polled_again_panics,
            ],
            scopes_nested: [
                an_outer_cancellation_passes_the_inner_scope,
                the_outermost_cancelled_scope_catches,
                an_outer_cancellation_overtakes_an_inner_one,
                the_outermost_limit_reports,
                a_scope_inside_a_shield_catches_its_own,
                scopes_are_cancelled_across_tasks,
            ],
            scopes_operations: [
                cancellation_stays_when_foreign_futures_go_on,
                cancelling_from_inside_takes_effect_at_once,
                what_cannot_be_interrupted_runs_to_its_end,
                a_refused_operation_starts_when_the_scope_has_been_left,
                a_refused_operation_is_woken_when_the_scope_is_left,
                foreign_futures_are_polled_once_more,
                where_a_future_is_polled_counts,
            ],
            scopes_shield: [
                a_shield_keeps_outer_cancellation_out,
                a_running_shield_is_waited_for,
                a_shield_does_not_protect_from_within,
                a_limit_inside_ends_a_shielded_section,
                a_shield_can_be_switched,
                switching_a_shield_cancels_nothing,
                lifting_a_shield_lets_a_cancellation_through,
                clean_up_needs_a_shield,
                a_shielded_checkpoint_passes_when_cancelled,
            ],
            stress: [
                random_trees_keep_to_the_model,
            ],
            sync_conditions: [
                waiting_releases_the_lock,
                a_refused_wait_keeps_the_lock,
                notifications_wake_the_longest_waiting,
                wait_for_waits_for_its_predicate,
                a_condition_shares_its_mutex,
                a_notification_that_is_not_taken_goes_on,
                a_notification_is_never_lost,
            ],
            sync_events: [
                primitives_exist_before_the_run,
                primitives_may_be_statics,
                an_event_lets_everybody_through,
                a_waker_that_panics_is_not_the_last,
                an_event_counts_who_waits,
                a_wait_for_an_event_leaves_nothing_behind,
                a_resource_guard_names_the_action,
                a_promised_value_reaches_everybody,
                a_promise_is_settled_once,
                a_cancelled_wait_leaves_the_promise_alone,
                a_barrier_waits_for_all,
                a_wait_at_a_barrier_counts_once_or_not_at_all,
            ],
            sync_limiters: [
                a_borrower_has_one_token,
                each_acquisition_is_a_borrower,
                a_stale_token_does_no_harm,
                the_counts_of_a_limiter_add_up,
                the_total_may_be_zero_or_unlimited,
                the_total_can_be_changed_in_use,
                a_token_is_given_back_by_another_thread,
                a_token_is_never_lost,
            ],
            sync_locks: [
                a_mutex_has_one_holder,
                a_mutex_is_given_out_in_order,
                try_lock_does_not_wait,
                one_task_may_lock_twice,
                only_the_guard_releases,
                a_mutex_is_handed_over,
                locking_is_a_cancel_point,
                a_mutex_knows_its_users,
                a_lock_is_settled_or_cancelled,
                a_mutex_that_is_not_taken_goes_on,
                a_lock_is_never_lost,
                a_read_write_lock_is_never_lost,
                readers_and_writers_take_turns,
                readers_pass_when_a_writer_goes_away,
                a_panic_releases_the_lock,
            ],
            sync_semaphores: [
                permits_are_taken_and_given_back,
                the_number_of_permits_is_bounded,
                a_permit_is_handed_over,
                a_permit_that_is_not_taken_goes_on,
                a_permit_is_never_lost,
            ],
            sync_stress: [
                no_permit_is_lost_among_many_tasks,
                a_mutex_survives_a_storm,
                a_read_write_lock_survives_a_storm,
                a_limiter_survives_a_storm,
                no_notification_is_lost_in_a_storm,
                nobody_is_forgotten_in_a_storm,
            ],
            text_streams: [
                characters_are_joined,
                invalid_text_is_an_error,
                an_end_inside_of_a_character_is_an_error,
                invalid_text_is_replaced_if_asked_for,
                text_is_sent_as_utf_8,
                text_streams_are_object_streams,
                a_text_that_was_broken_off_is_finished_first,
                text_operations_are_cancel_points,
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
            tls: [
                encrypted_streams_keep_the_contract,
                bytes_go_both_ways_and_then_the_end,
                the_transport_may_hold_little,
                a_client_that_leaves_at_once_is_heard,
                an_encrypted_stream_can_be_encrypted_again,
                a_transport_that_takes_nothing_is_an_error,
                nothing_is_not_the_end,
                a_protocol_is_agreed_on,
                attributes_tell_of_the_encryption_and_the_transport,
                an_international_name_is_matched,
                a_connectable_can_be_wrapped,
                a_handshake_is_a_cancel_point,
                configurations_are_checked_at_once,
            ],
            tls_end: [
                the_end_is_said_again_and_again,
                a_cut_off_connection_is_broken,
                a_cut_off_connection_has_ended_if_relaxed,
                a_record_that_is_cut_off_is_not_received,
                bytes_that_were_changed_are_refused,
                an_error_of_the_transport_stays,
                unwrapping_gives_back_the_transport,
                what_follows_the_end_of_tls_is_given_back,
                unwrapping_goes_with_closing,
                both_sides_may_unwrap_at_once,
                unwrapping_loses_nothing_unnoticed,
                a_server_closes_after_its_client,
                one_direction_can_end,
                tls_1_2_refuses_to_end_one_direction,
                tls_1_2_ends_like_any_other,
            ],
            tls_everywhere: [
                a_cancelled_client_is_gone,
                a_cancelled_server_is_gone,
                a_cancelled_receive_loses_nothing,
            ],
            tls_listener: [
                a_client_that_fails_is_dropped_alone,
                a_silent_client_holds_up_nobody,
                a_handshake_has_its_time,
                handshakes_are_limited_in_number,
                a_cancelled_accept_loses_no_client,
                several_tasks_may_accept,
                handshakes_end_with_the_listener,
            ],
            tls_tickets: [
                tickets_come_with_the_first_answer,
                early_data_is_not_accepted,
            ],
            tls_trust: [
                an_unknown_authority_fails_the_handshake,
                another_name_fails_the_handshake,
                a_client_has_to_be_who_it_says,
                garbage_fails_the_handshake,
                leaving_fails_the_handshake,
                what_is_no_host_is_refused,
            ],
        }
    };
    (time, $then:ident, $arguments:tt) => {
        $crate::$then! { $arguments
            scopes_deadline: [
                the_effective_deadline_is_the_earliest_one,
                the_effective_deadline_of_a_cancelled_scope_is_past,
                a_deadline_can_be_set_while_the_scope_runs,
                a_deadline_can_be_moved_later,
                a_deadline_can_be_moved_by_another_task,
                a_deadline_may_be_infinite_or_past,
                an_expired_scope_runs_to_the_first_wait,
                a_length_counts_from_entry,
                readers_see_changes_of_the_same_poll,
                readers_see_changes_of_a_groups_scope,
                a_childs_deadline_follows_its_hosts,
                a_deadline_around_the_host_cancels_the_children,
                a_deadline_ends_a_loop_of_ready_operations,
                a_loop_of_ready_operations_lets_others_run,
                the_earlier_of_two_deadlines_fires,
            ],
            time: [
                the_clock_is_monotonic,
                timers_are_never_early,
                many_timers_complete,
                a_past_timer_completes_soon,
                distant_timers_stay_pending,
                timers_can_be_dropped,
                a_fresh_timer_can_be_moved,
                a_pending_timer_can_be_moved,
                a_completed_timer_can_be_moved,
                a_timer_that_wakes_may_have_fired,
                a_limit_that_is_polled_often_wakes_the_last,
            ],
            timeouts: [
                move_on_after_gives_up,
                the_handle_of_a_limited_scope_tells,
                a_body_in_time_gives_its_value,
                fail_after_gives_an_error,
                an_expired_limit_lets_the_body_run_to_its_first_wait,
                absolute_deadlines_work_alike,
                an_explicit_cancellation_is_no_timeout,
                an_outer_cancellation_makes_no_timeout,
                an_outer_limit_comes_first,
                a_timeout_says_its_reason,
                the_limit_counts_from_the_first_poll,
                a_sleep_is_never_too_short,
                sleeping_for_no_time_is_a_checkpoint,
                sleeping_forever_ends_by_cancellation,
                a_lent_group_is_cancelled_by_the_first_timeout,
                wait_for_leaves_the_future_running,
                wait_for_does_not_disturb_a_clean_up,
                a_timeout_waits_for_the_clean_up,
                a_dropped_limit_has_no_effect,
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
            file_streams: [
                a_file_is_received_up_to_its_end,
                the_position_in_a_file_can_be_moved,
                a_file_has_attributes,
                a_file_is_truncated_or_appended_to,
                a_closed_file_refuses_to_be_sent_to,
                a_failed_write_is_reported,
                file_operations_are_cancel_points,
                files_need_no_token,
                a_cancelled_receive_keeps_the_position,
                a_cancelled_seek_keeps_what_was_read,
                a_cancelled_send_leaves_a_beginning,
                a_begun_read_delivers_before_the_cancellation,
            ],
            portals_calls: [
                calls_run_in_the_run,
                panics_continue_in_the_calling_thread,
                calls_are_refused_where_they_cannot_work,
                calls_are_refused_in_the_runtimes_own_run,
                a_spawned_task_can_be_waited_for,
                a_started_task_says_when_it_is_ready,
                the_end_of_the_body_decides,
                the_error_of_a_cancelled_body_comes_out,
                a_cancelled_portal_cancels_its_tasks,
                a_dropped_portal_releases_its_threads,
                a_task_can_be_cancelled_by_its_handle,
                the_panic_of_a_detached_task_is_not_lost,
            ],
            portals_everywhere: [
                a_call_is_answered_wherever_its_portal_is_cancelled,
                what_is_held_open_is_closed_wherever_its_portal_is_cancelled,
                a_wait_for_the_stop_leaves_nothing_behind,
            ],
            portals_runs: [
                a_portal_can_have_a_run_of_its_own,
                the_thread_of_a_portal_can_be_named,
                a_panic_outside_ends_the_portals_run,
                a_portal_can_be_started_inside_another_run,
                a_resource_is_held_open,
                a_held_resource_is_closed_however_the_block_ends,
                a_resource_that_does_not_open_says_why,
                a_cancelled_task_can_wait_for_another_run,
                a_provider_shares_one_portal,
                a_stopped_portal_is_not_provided_again,
                a_provider_serves_many_threads,
                the_last_user_may_leave_inside_the_run,
                the_last_user_may_leave_on_a_worker_thread,
            ],
            threads_back: [
                a_thread_learns_that_its_caller_is_cancelled,
                a_thread_learns_of_a_deadline,
                only_worker_threads_can_check,
                a_handed_back_cancellation_is_one,
                a_late_shield_does_not_undo_what_was_told,
                a_handed_back_cancellation_is_no_group_error,
                only_the_callers_cancellation_counts,
                a_worker_thread_calls_into_its_task,
                failures_of_what_is_called_continue_in_the_thread,
                what_is_called_has_the_threads_context,
                a_foreign_thread_needs_a_token,
                the_end_of_a_run_releases_waiting_threads,
                a_task_cannot_wait_for_its_own_run,
                what_is_called_is_under_the_callers_scopes,
                what_is_called_can_cancel_its_caller,
                clean_up_in_what_is_called_is_waited_for,
                a_dropped_call_releases_its_thread,
            ],
            threads_calls: [
                values_errors_and_panics_come_back,
                a_call_in_a_cancelled_scope_never_runs,
                a_group_waits_for_the_functions_in_it,
                an_abandoned_function_goes_on_alone,
                an_abandonable_call_gives_its_value,
                the_panic_of_an_abandoned_function_is_not_lost,
                sequential_calls_use_one_thread,
                a_worker_thread_is_outside_of_tasks_and_scopes,
                a_name_lasts_for_one_call,
                a_shielded_call_is_not_told,
                a_runtime_of_a_functions_own_can_end,
                the_panic_of_what_a_function_leaves_continues,
                a_value_arrives_past_a_waker_that_panics,
            ],
            threads_everywhere: [
                a_call_is_waited_for_wherever_it_is_cancelled,
                an_abandoned_call_leaves_nothing_behind,
                what_is_called_back_ends_before_its_thread_goes_on,
            ],
            threads_limited: [
                a_limiter_is_never_exceeded,
                the_default_limiter_has_forty_tokens,
                the_default_limiter_can_be_adjusted,
                calls_queue_in_order,
                a_call_that_is_cancelled_in_the_queue_never_runs,
                a_token_that_comes_with_the_cancellation_goes_on,
                an_abandoned_function_keeps_its_token,
                a_full_limiter_loses_nothing_wherever_calls_are_cancelled,
                thousands_of_calls_lose_nothing,
            ],
        }
    };
    (net, $then:ident, $arguments:tt) => {
        $crate::$then! { $arguments
            net_connect: [
                both_families_can_be_connected_to,
                a_receive_ends_at_its_limit,
                a_refused_connection_is_an_error,
                each_failed_attempt_is_reported,
                an_unknown_name_is_another_error,
                the_families_take_turns,
                a_name_can_be_connected_to,
                the_local_address_can_be_chosen,
                the_local_address_decides_the_family,
                a_silent_address_is_left_behind,
                a_second_connection_is_closed,
                connecting_is_a_cancel_point,
                a_cancelled_connect_leaves_nothing_open,
                what_can_be_connected_to_is_a_value,
            ],
            net_connectables: [
                a_connectable_can_be_buffered,
                a_connectable_can_exchange_text,
                a_connectable_can_be_encrypted,
                wrapped_connectables_fail_as_what_is_inside,
                a_cancelled_handshake_leaves_nothing_open,
                the_host_is_the_name_by_default,
                explicit_settings_are_carried_through,
            ],
            net_contract: [
                tcp_streams_keep_the_contract,
                halves_keep_the_contract,
                encrypted_tcp_streams_keep_the_contract,
            ],
            net_datagrams: [
                packets_come_with_their_sender,
                packets_keep_their_borders,
                packets_that_came_together_are_all_received,
                a_connected_socket_hears_its_peer_alone,
                a_refused_packet_leaves_the_socket_usable,
                a_second_receive_is_busy,
                closing_a_socket_wakes_its_receiver,
                closing_a_connected_socket_wakes_its_receiver,
                closing_never_leaves_a_receiver_behind,
                exchanging_packets_is_a_cancel_point,
                no_packet_is_lost_wherever_receiving_is_cancelled,
                datagram_sockets_have_options,
            ],
            net_eyeballs: [
                attempts_begin_after_the_delay,
                a_failure_lets_the_next_attempt_begin,
                an_older_failure_hurries_nobody,
                losers_clean_up_before_the_return,
                of_several_successes_one_is_kept,
                without_success_all_errors_come_out,
                without_an_address_nothing_is_tried,
                a_panic_of_an_attempt_continues,
                nothing_is_left_wherever_it_is_cancelled,
            ],
            net_listeners: [
                a_listener_accepts_connections,
                connections_are_accepted_in_order,
                a_closed_listener_refuses_connections,
                a_listener_has_no_remote_address,
                a_second_accept_is_busy,
                accepting_is_a_cancel_point,
                no_connection_is_lost_wherever_accepting_is_cancelled,
                all_addresses_share_one_port,
                a_literal_address_has_one_listener,
                a_taken_port_is_one_clear_error,
                missing_families_are_left_out,
                foreign_addresses_are_errors,
                a_collision_is_tried_again,
                an_address_can_be_used_again,
                a_port_can_be_shared,
                an_ipv6_listener_leaves_ipv4_alone,
            ],
            net_lookup: [
                literal_addresses_are_themselves,
                a_name_has_addresses,
                an_unknown_name_has_none,
                an_address_has_names,
                looking_up_is_a_cancel_point,
            ],
            net_serve: [
                each_connection_has_a_handler,
                cancelling_a_server_cancels_its_handlers,
                handlers_can_outlive_their_server,
                a_panic_of_a_handler_continues_in_the_server,
                handlers_are_named_after_the_server,
                several_listeners_are_served_as_one,
                no_listener_is_preferred,
                a_thousand_connections_leave_nothing_behind,
            ],
            net_serve_failures: [
                aborted_connections_are_passed_over,
                a_lack_of_resources_pauses_the_server,
                a_pause_can_be_cancelled,
                a_broken_listener_ends_the_server,
                a_broken_listener_leaves_the_callers_handlers,
            ],
            net_streams: [
                a_connection_carries_bytes_both_ways,
                chunks_are_received_until_the_end,
                a_large_send_waits_until_all_is_written,
                the_peer_can_answer_after_the_end,
                sending_to_a_peer_that_has_gone_is_broken,
                sending_after_the_own_end_is_closed,
                closing_one_half_wakes_the_other,
                closing_one_half_wakes_another_task,
                halves_end_one_by_one,
                halves_can_be_reunited,
                what_was_sent_arrives_after_the_drop,
            ],
        }
    };
    (descriptors, $then:ident, $arguments:tt) => {
        $crate::$then! { $arguments
            net_adoption: [
                a_listener_can_be_adopted,
                a_udp_socket_can_be_adopted,
                unix_packets_can_be_adopted,
                an_adopted_socket_is_closed_by_its_owner,
                only_listeners_are_adopted_as_such,
                only_sockets_for_packets_are_adopted_as_such,
            ],
            net_connect_unix: [
                a_path_can_be_connected_to,
                a_missing_path_is_not_found,
                an_abstract_name_can_be_connected_to,
                a_full_queue_is_waited_for,
                connecting_to_a_path_is_a_cancel_point,
                a_path_is_a_connectable,
            ],
            net_descriptors: [
                attributes_agree_with_the_system,
                connections_do_not_delay,
                a_socket_can_be_adopted,
                a_socket_can_be_given_away,
                only_connections_are_adopted,
                urgent_data_keeps_nothing_back,
            ],
            net_readiness: [
                a_readable_descriptor_is_waited_for,
                a_writable_descriptor_is_waited_for,
                waiting_leaves_the_mode_alone,
                several_may_wait_for_one_descriptor,
                closing_releases_those_who_wait,
                files_are_refused,
                waiting_is_a_cancel_point,
                cancelled_waiters_leave_no_trace,
            ],
            net_unix: [
                unix_streams_keep_the_contract,
                a_path_connects_both_ways,
                a_missing_path_is_not_found,
                a_stale_file_is_replaced,
                other_files_are_left_alone,
                the_mode_of_the_file_can_be_chosen,
                abstract_names_need_no_file,
                tcp_and_unix_are_served_together,
                unix_packets_name_their_senders,
                connected_unix_packets,
                closing_a_unix_socket_wakes_its_receiver,
                a_full_receiver_is_waited_for,
                closing_a_unix_socket_wakes_its_sender,
            ],
            net_unix_passing: [
                descriptors_travel_with_a_message,
                what_follows_descriptors_is_received,
                received_descriptors_are_not_inherited,
                empty_messages_and_limits_are_refused,
                unwanted_descriptors_are_closed,
                a_long_message_is_sent_whole,
                passing_ends_as_bytes_do,
                passing_is_a_cancel_point,
                no_descriptor_is_lost_wherever_receiving_is_cancelled,
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

/// Every case that needs no sockets, for those who want to run them by a program.
#[must_use]
#[expect(
    clippy::vec_init_then_push,
    reason = "macros push one list after another"
)]
pub fn all<B: Enter>() -> Vec<Case<B>> {
    let mut list = Vec::new();
    crate::__cases! { spawn, __push, (list) }
    crate::__cases! { time, __push, (list) }
    crate::__cases! { blocking, __push, (list) }
    list
}

/// Every case about sockets.
#[must_use]
#[expect(
    clippy::vec_init_then_push,
    reason = "macros push one list after another"
)]
pub fn net<B: Enter<Runtime: Net>>() -> Vec<Case<B>> {
    let mut list = Vec::new();
    crate::__cases! { net, __push, (list) }
    list
}

/// Every case about sockets of the operating system, and its descriptors.
#[cfg(unix)]
#[must_use]
#[expect(
    clippy::vec_init_then_push,
    reason = "macros push one list after another"
)]
pub fn descriptors<B: Enter<Runtime: Descriptors>>() -> Vec<Case<B>> {
    let mut list = Vec::new();
    crate::__cases! { descriptors, __push, (list) }
    list
}

/// The names of all cases.
#[must_use]
#[expect(
    clippy::vec_init_then_push,
    reason = "macros push one list after another"
)]
pub fn names() -> Vec<&'static str> {
    let mut list = Vec::new();
    crate::__cases! { spawn, __names, (list) }
    crate::__cases! { time, __names, (list) }
    crate::__cases! { blocking, __names, (list) }
    crate::__cases! { net, __names, (list) }
    crate::__cases! { descriptors, __names, (list) }
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
