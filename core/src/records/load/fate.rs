//! What became of rows whose answer got lost, where the server numbers them: pure matching.
//!
//! Such rows carry nothing that identifies them. What is known: the highest id from before they were sent, the ids of
//! everything that was answered, and the records that are there now. A batch that arrived stands there whole and in its
//! order; one that did not has left no row at all. Everything between, such as a stranger's record that equals one of its
//! rows, cannot be told apart by looking, and is said to be so.
//!
//! Equal rows are interchangeable: whichever batch a record is counted for, the table holds the same in the end.

use std::cmp::Reverse;

/// A row or a record for comparison: a hash for each column that can be compared, 0 where it is no evidence.
pub(super) type Print = Box<[u64]>;

/// Rows that went out in one request, in their order.
#[derive(Debug)]
pub(super) struct Sent {
    /// Their ids are higher than this.
    pub(super) after: i64,
    pub(super) rows: Vec<Print>,
}

/// A record that is there and that no answer told of.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) id: i64,
    pub(super) print: Print,
}

/// What became of a request's rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// They are there, with these ids.
    There(Vec<i64>),
    /// None of them is.
    Absent,
    /// It cannot be told: these records may be some of them.
    Unclear(Vec<i64>),
}

/// Decides for all lost requests together, from every record that came up since the first of them, by rising id.
pub(super) fn decide(sent: &[Sent], found: &[Found]) -> Vec<Fate> {
    let mut table = Table {
        found,
        claimed: vec![false; found.len()],
    };
    let mut fates: Vec<Option<Vec<usize>>> = sent.iter().map(|_| None).collect();
    // Long ones first: a short one could take what a long one needs, hardly the other way round.
    let mut order: Vec<usize> = (0..sent.len()).collect();
    order.sort_by_key(|place| Reverse(sent[*place].rows.len()));
    for search in [Table::run, Table::in_order] {
        for place in &order {
            if fates[*place].is_none() {
                fates[*place] = search(&table, &sent[*place]);
                for taken in fates[*place].iter().flatten() {
                    table.claimed[*taken] = true;
                }
            }
        }
    }
    let decide = |(place, fate): (usize, Option<Vec<usize>>)| match fate {
        Some(taken) => Fate::There(taken.iter().map(|at| found[*at].id).collect()),
        None => match table.resembling(&sent[place]) {
            none if none.is_empty() => Fate::Absent,
            some => Fate::Unclear(some),
        },
    };
    fates.into_iter().enumerate().map(decide).collect()
}

struct Table<'f> {
    found: &'f [Found],
    claimed: Vec<bool>,
}

impl Table<'_> {
    fn from(&self, after: i64) -> usize {
        self.found.partition_point(|record| record.id <= after)
    }

    fn is(&self, place: usize, row: &Print) -> bool {
        !self.claimed[place] && likeness(row, &self.found[place].print).is_some_and(|columns| columns > 0)
    }

    /// The rows as records with ids one behind the other.
    fn run(&self, sent: &Sent) -> Option<Vec<usize>> {
        let last_start = self.found.len().checked_sub(sent.rows.len())?;
        (self.from(sent.after)..=last_start)
            .find(|start| {
                let follows = |offset: usize| {
                    offset == 0 || self.found[start + offset].id == self.found[start + offset - 1].id.saturating_add(1)
                };
                let mut rows = sent.rows.iter().enumerate();
                rows.all(|(offset, row)| follows(offset) && self.is(start + offset, row))
            })
            .map(|start| (start..start + sent.rows.len()).collect())
    }

    /// The rows in their order, with others between them.
    fn in_order(&self, sent: &Sent) -> Option<Vec<usize>> {
        let mut places = self.from(sent.after)..self.found.len();
        sent.rows
            .iter()
            .map(|row| places.find(|place| self.is(*place, row)))
            .collect()
    }

    /// Ids of records that nobody claimed and that equal one of the rows.
    fn resembling(&self, sent: &Sent) -> Vec<i64> {
        (self.from(sent.after)..self.found.len())
            .filter(|place| !self.claimed[*place])
            .filter(|place| {
                sent.rows
                    .iter()
                    .any(|row| likeness(row, &self.found[*place].print).is_some())
            })
            .map(|place| self.found[place].id)
            .collect()
    }
}

/// In how many columns the record is what was sent. None when it differs in one.
pub(super) fn likeness(row: &Print, record: &Print) -> Option<usize> {
    let compared = row
        .iter()
        .zip(record)
        .filter(|(sent, stored)| **sent != 0 && **stored != 0);
    compared
        .into_iter()
        .try_fold(0, |columns, (sent, stored)| (sent == stored).then_some(columns + 1))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn print(value: u64) -> Print {
        Box::new([value])
    }

    fn sent(after: i64, rows: &[u64]) -> Sent {
        let rows = rows.iter().copied().map(print).collect();
        Sent { after, rows }
    }

    fn found(records: &[(i64, u64)]) -> Vec<Found> {
        let one = |(id, value): &(i64, u64)| Found {
            id: *id,
            print: print(*value),
        };
        records.iter().map(one).collect()
    }

    #[test]
    fn whole_batches_are_found_and_none_means_none() {
        let table = found(&[(5, 1), (6, 2), (7, 9), (8, 3), (9, 4)]);
        let lost = [sent(4, &[3, 4]), sent(4, &[1, 2]), sent(4, &[5, 6])];
        assert_eq!(
            decide(&lost, &table),
            [Fate::There(vec![8, 9]), Fate::There(vec![5, 6]), Fate::Absent]
        );
    }

    #[test]
    fn a_run_is_preferred_to_scattered_records() {
        let table = found(&[(5, 1), (7, 1), (8, 2)]);
        assert_eq!(decide(&[sent(4, &[1, 2])], &table), [Fate::There(vec![7, 8])]);
        let scattered = found(&[(5, 1), (6, 7), (8, 2)]);
        assert_eq!(decide(&[sent(4, &[1, 2])], &scattered), [Fate::There(vec![5, 8])]);
    }

    #[test]
    fn halves_and_strangers_cannot_be_decided() {
        let half = found(&[(5, 1), (6, 7)]);
        assert_eq!(decide(&[sent(4, &[1, 2])], &half), [Fate::Unclear(vec![5])]);
        let swapped = found(&[(5, 2), (6, 1)]);
        assert_eq!(decide(&[sent(4, &[1, 2])], &swapped), [Fate::Unclear(vec![5, 6])]);
    }

    #[test]
    fn what_was_there_before_is_nobodys() {
        assert_eq!(decide(&[sent(6, &[1, 2])], &found(&[(5, 1), (6, 2)])), [Fate::Absent]);
    }

    #[test]
    fn equal_rows_are_counted_not_told_apart() {
        let lost = [sent(0, &[1, 1]), sent(0, &[1, 1]), sent(0, &[1])];
        let table = found(&[(1, 1), (2, 1), (3, 1)]);
        // Three of five are there; whose they are does not matter, but how many are to be sent again does.
        assert_eq!(
            decide(&lost, &table),
            [Fate::There(vec![1, 2]), Fate::Absent, Fate::There(vec![3])]
        );
    }

    #[test]
    fn rows_without_evidence_are_decided_by_an_empty_table_only() {
        let blank = || [sent(0, &[0, 0])];
        assert_eq!(decide(&blank(), &[]), [Fate::Absent]);
        assert_eq!(decide(&blank(), &found(&[(1, 5), (2, 6)])), [Fate::Unclear(vec![1, 2])]);
    }

    #[test]
    fn columns_that_were_not_given_do_not_matter() {
        let row: Print = Box::new([3, 0]);
        let lost = [Sent {
            after: 0,
            rows: vec![row],
        }];
        let record = Found {
            id: 1,
            print: Box::new([3, 8]),
        };
        assert_eq!(decide(&lost, &[record]), [Fate::There(vec![1])]);
    }

    /// Rows, and whether they arrived.
    type Request = (Vec<u64>, bool);

    /// Requests that were lost, of which some arrived, and strangers' records between.
    fn world(values: u64, strangers: u64) -> impl Strategy<Value = (Vec<Request>, Vec<u64>, u64)> {
        let request = (prop::collection::vec(1..=values, 1..6), any::<bool>());
        (
            prop::collection::vec(request, 1..6),
            prop::collection::vec(1000..=1000 + strangers, 0..8),
            any::<u64>(),
        )
    }

    /// What the table holds when requests arrive side by side, each in its own order.
    fn interleave(requests: &[Request], strangers: &[u64], seed: u64, mixed: bool) -> Vec<(i64, u64)> {
        let mut random = fastrand::Rng::with_seed(seed);
        let mut queues: Vec<Vec<u64>> = requests
            .iter()
            .filter(|(_, arrived)| *arrived)
            .map(|(rows, _)| rows.clone())
            .collect();
        queues.extend(strangers.iter().map(|stranger| vec![*stranger]));
        for queue in &mut queues {
            queue.reverse();
        }
        let mut table = Vec::new();
        let mut id = 10;
        while !queues.is_empty() {
            let place = random.usize(..queues.len());
            loop {
                id += if random.u8(..10) == 0 { 3 } else { 1 };
                table.extend(queues[place].pop().map(|value| (id, value)));
                if mixed || queues[place].is_empty() {
                    break;
                }
            }
            queues.retain(|queue| !queue.is_empty());
        }
        table
    }

    /// Sends again what is said to be absent; none when a job would have stopped.
    fn settle(requests: &[Request], table: &[(i64, u64)]) -> Option<Vec<u64>> {
        let lost: Vec<Sent> = requests.iter().map(|(rows, _)| sent(10, rows)).collect();
        let mut values: Vec<u64> = table.iter().map(|(_, value)| *value).collect();
        for (fate, (rows, _)) in decide(&lost, &found(table)).iter().zip(requests) {
            match fate {
                Fate::There(ids) => assert_eq!(ids.len(), rows.len()),
                Fate::Absent => values.extend(rows),
                Fate::Unclear(_) => return None,
            }
        }
        values.sort_unstable();
        Some(values)
    }

    fn wanted(requests: &[Request], strangers: &[u64]) -> Vec<u64> {
        let ours = requests.iter().flat_map(|(rows, _)| rows.iter());
        let mut values: Vec<u64> = ours.chain(strangers).copied().collect();
        values.sort_unstable();
        values
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]

        /// Rows of few values, so that batches resemble each other; strangers that resemble nobody.
        #[test]
        fn nothing_is_lost_or_doubled((requests, strangers, seed) in world(4, 5), mixed in any::<bool>()) {
            let table = interleave(&requests, &strangers, seed, mixed);
            if let Some(values) = settle(&requests, &table) {
                prop_assert_eq!(values, wanted(&requests, &strangers));
            }
        }

        /// Rows that are all different can always be decided.
        #[test]
        fn different_rows_are_always_decided((requests, strangers, seed) in world(4, 5), mixed in any::<bool>()) {
            let mut next = 0;
            let requests: Vec<_> = requests.iter().map(|(rows, arrived)| {
                let fresh = rows.iter().map(|_| { next += 1; next }).collect::<Vec<u64>>();
                (fresh, *arrived)
            }).collect();
            let table = interleave(&requests, &strangers, seed, mixed);
            prop_assert_eq!(settle(&requests, &table), Some(wanted(&requests, &strangers)));
        }

        /// A stranger's record that equals a row, while the row's batch is not there, stops the job or does no harm.
        #[test]
        fn a_stranger_like_a_row_is_never_taken_for_a_batch(rows in prop::collection::vec(1_u64..50, 2..6), place in 0_usize..6) {
            let stranger = rows[place % rows.len()];
            let table = [(11, stranger)];
            prop_assert_eq!(settle(&[(rows, false)], &table), None);
        }
    }
}
