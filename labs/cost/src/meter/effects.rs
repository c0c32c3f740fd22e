//! What an effect on the ledger or the queue uses.

use anyhow::Result;
use fleet::ledger::{Item, Key, Put};
use sandbox::{Effect, EffectOf, FunctionName};

use super::CostMeter;
use crate::item::{WriteUnits, list_units, read_units, write_units};
use crate::usage::{Tally, Usage, UsedBy};

/// The units of adding to a meter: a key and a number or two, in no listing. A refused one counts too.
const A_METER: WriteUnits = WriteUnits { table: 1.0, index: 0.0 };

impl CostMeter {
    /// An effect on the ledger or the queue.
    pub(super) fn effect(&self, effect: &Effect<'_>) {
        let ledger = &self.0.assumed.ledger;
        let part = UsedBy::Function(self.by());
        let used = match effect.of {
            EffectOf::Read(keys, items) => {
                read_units(keys, items, ledger).map(|reads| Usage { reads, ..Usage::default() })
            }
            EffectOf::ReadEventual(keys, items) => {
                read_units(keys, items, ledger).map(|reads| Usage { reads: reads / 2.0, ..Usage::default() })
            }
            EffectOf::Listed(listing, keys) => {
                Ok(Usage { reads: list_units(listing, keys, ledger), ..Usage::default() })
            }
            EffectOf::Written(before, puts, written) => self.written(before, puts, written.is_ok()),
            EffectOf::Spent(spend, _) => Ok(self.tell_written(&Key::Meter(spend.meter), A_METER)),
            EffectOf::Sent(body) => {
                Ok(Usage { queue_requests: self.queue_requests(body.len()), ..Usage::default() })
            }
        };
        if !matches!(effect.of, EffectOf::Sent(_)) {
            self.0.is_ledger_used.set(true);
        }
        match used {
            Ok(used) => self.add(part, used),
            Err(problem) => *self.0.problem.borrow_mut() = Some(problem),
        }
    }

    /// Whose effect it is. Outside every function's step it is an event of ECS, which counts for the launcher.
    fn by(&self) -> FunctionName {
        self.0.log.by().unwrap_or(FunctionName::Launcher)
    }

    /// Items are written, all or none.
    fn written(&self, before: &[Option<Item>], puts: &[Put], is_written: bool) -> Result<Usage> {
        let mut total = Usage::default();
        for (before, put) in before.iter().zip(puts) {
            let in_transaction = puts.len() > 1;
            let units =
                write_units(before.as_ref(), put, in_transaction, is_written, &self.0.assumed.ledger)?;
            total = total + self.tell_written(&put.key(), units);
        }
        Ok(total)
    }

    /// Units are written of an item of this key.
    fn tell_written(&self, key: &Key, units: WriteUnits) -> Usage {
        let kind = key.to_string();
        let kind = kind.split_once('#').map_or(kind.as_str(), |(kind, _)| kind).to_owned();
        let mut written = self.0.written.borrow_mut();
        *written.entry((Tally::Write(kind.clone()), self.by())).or_default() += units.table;
        *written.entry((Tally::IndexWrite(kind), self.by())).or_default() += units.index;
        Usage { writes: units.table, index_writes: units.index, ..Usage::default() }
    }

    /// The number of requests that the queue bills for this many bytes.
    pub(super) fn queue_requests(&self, bytes: usize) -> f64 {
        let unit = usize::try_from(self.0.assumed.queue.bytes_a_request).unwrap_or(usize::MAX).max(1);
        f64::from(u32::try_from(bytes.div_ceil(unit).max(1)).unwrap_or(u32::MAX))
    }
}
