//! Random trees of groups, scopes, shields and clean-ups: all rules at once.

use anyrt_core::runtime::Enter;

/// G1, G3, G4, C2, C6, C8, C10: every task ends before its group, every clean-up that began has
/// finished when its scope ends, and every error arrives once, in a few hundred random trees.
pub fn random_trees_keep_to_the_model<B: Enter>(backend: &B) {
    crate::stress::stress_by_environment(backend);
}
