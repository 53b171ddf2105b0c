//! The generator behind a seed.

/// SplitMix64, frozen: a seed names a run, so the values for a seed may never change.
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    /// Creates the stream of one purpose. Streams of one seed are independent, so that one more draw for a
    /// purpose does not shift the others.
    pub(crate) fn stream(seed: u64, purpose: u64) -> Rng {
        let mut rng = Rng(seed ^ purpose.wrapping_mul(0xd6e8_feb8_6659_fd93));
        rng.next();
        rng
    }

    #[inline]
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// Returns a number below `n`, which is not zero.
    #[inline]
    pub(crate) fn below(&mut self, n: u64) -> u64 {
        // The upper half of the product is below `n`. It is uniform up to a bias of `n` in 2 to the 64.
        ((u128::from(self.next()) * u128::from(n)) >> 64) as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_values_of_a_seed_never_change() {
        let mut rng = Rng::stream(7, 1);
        let values: Vec<u64> = (0..4).map(|_| rng.below(1000)).collect();
        assert_eq!(values, FROZEN);
    }

    const FROZEN: [u64; 4] = [477, 896, 870, 332];

    #[test]
    fn a_draw_for_one_purpose_does_not_shift_another() {
        let mut alone = Rng::stream(7, 2);
        let mut other = Rng::stream(7, 1);
        let mut beside = Rng::stream(7, 2);
        other.next();
        assert_eq!(alone.next(), beside.next());
    }
}
