//! A client that queries several mirrors, one after the other but without waiting long for each, and uses
//! the first good answer. The others are cancelled, and have closed their connections by then.

use std::cell::Cell;
use std::time::Duration;

use anyrt::GroupError;

const STAGGER: Duration = Duration::from_millis(5);

/// A mirror that answers after a while, or fails, and counts its connections.
struct Mirror<'a> {
    delay: Duration,
    answer: Result<u32, &'static str>,
    open: &'a Cell<i32>,
}

impl Mirror<'_> {
    async fn ask(&self) -> Result<u32, &'static str> {
        self.open.set(self.open.get() + 1);
        let answering = async {
            anyrt::sleep(self.delay).await;
            self.answer
        };
        anyrt::finally(answering, async || {
            anyrt::checkpoint().await;
            self.open.set(self.open.get() - 1);
        })
        .await
    }
}

async fn first_answer(mirrors: &[Mirror<'_>]) -> Result<u32, GroupError<&'static str>> {
    let attempts = mirrors.iter().zip(0..).map(async |(mirror, number)| {
        anyrt::sleep(STAGGER * number).await;
        mirror.ask().await
    });
    anyrt::race_ok(attempts).await
}

fn mirrors<'a, const N: usize>(
    answers: [(u64, Result<u32, &'static str>); N],
    open: &'a Cell<i32>,
) -> [Mirror<'a>; N] {
    answers.map(|(milliseconds, answer)| Mirror {
        delay: Duration::from_millis(milliseconds),
        answer,
        open,
    })
}

#[anyrt::test]
async fn the_first_good_answer_wins() {
    let open = Cell::new(0);
    let answers = [(3_600_000, Ok(1)), (0, Err("refused")), (10, Ok(3))];
    let answer = first_answer(&mirrors(answers, &open)).await;
    assert_eq!(answer.unwrap(), 3);
    assert_eq!(open.get(), 0, "connections are closed");
}

#[anyrt::test]
async fn without_a_good_answer_every_error_is_told() {
    let open = Cell::new(0);
    let error = first_answer(&mirrors([(0, Err("refused")), (0, Err("gone"))], &open)).await;
    assert_eq!(error.unwrap_err().errors(), ["refused", "gone"]);
}

#[anyrt::test]
async fn a_limit_closes_connections_too() {
    let open = Cell::new(0);
    let mirrors = mirrors([(3_600_000, Ok(1)), (3_600_000, Ok(2))], &open);
    let limit = Duration::from_millis(30);
    assert!(
        anyrt::move_on_after(limit, first_answer(&mirrors))
            .await
            .is_none()
    );
    assert_eq!(open.get(), 0, "connections are closed");
}
