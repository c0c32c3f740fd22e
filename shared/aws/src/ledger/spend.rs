//! `UpdateItem`: a meter's conditional addition.

use std::collections::HashMap;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue, ReturnValuesOnConditionCheckFailure};
use fleet::ledger::{Item, Left, Reading, Spend};
use fleet::ports::LedgerError;

use super::attributes::{KEY, of_item, to_item};
use super::{DynamoDbTable, unavailable};

/// How often both forms are tried, where others' additions overtake.
const TRIES: usize = 4;

/// The field of [`Reading`] that is added to.
const SPENT: &str = "spent";

/// One form of an addition: DynamoDB's expressions know no maximum of two numbers.
struct Form {
    sum: &'static str,
    condition: &'static str,
}

/// To what is stored, if that is at the floor at least, and so much is left.
const ON: Form = Form {
    sum: "if_not_exists(#spent, :floor) + :amount",
    condition: "attribute_not_exists(#spent) OR #spent BETWEEN :floor AND :highest",
};

/// To the floor, if what is stored is behind it.
const ANEW: Form =
    Form { sum: ":floor + :amount", condition: "attribute_not_exists(#spent) OR #spent < :floor" };

/// How an addition ended.
enum Added {
    /// The meter stands there.
    To(i64),
    /// The condition did not hold of what is stored.
    Not(Option<i64>),
}

impl DynamoDbTable {
    /// Adds in one call, where the form that is tried first fits: a minute's meter goes on, and one that follows
    /// the clock is mostly behind it.
    pub(super) async fn add(&self, spend: &Spend) -> Result<Result<Left, Left>, LedgerError> {
        // More than there ever is: the conditions do not look at a meter that is not there.
        if let Err(left) = spend.apply(None) {
            return Ok(Err(left));
        }
        let forms = if spend.meter.minute().is_some() { [ON, ANEW] } else { [ANEW, ON] };
        for form in forms.iter().cycle().take(2 * TRIES) {
            match self.update(form, spend).await? {
                Added::To(sum) => return Ok(Ok(Left(spend.at_most.saturating_sub(sum)))),
                Added::Not(stored) => {
                    if let Err(left) = spend.apply(stored) {
                        return Ok(Err(left));
                    }
                }
            }
        }
        Err(LedgerError::Conflict)
    }

    async fn update(&self, form: &Form, spend: &Spend) -> Result<Added, LedgerError> {
        // What is stored of a meter, but for the key and the number itself.
        let mut stored = of_item(&Item::Meter(Reading { meter: spend.meter, spent: 0 }))?;
        let key = stored.remove(KEY).map(|key| HashMap::from([(KEY.to_owned(), key)]));
        stored.remove(SPENT);
        let mut request = self
            .client
            .update_item()
            .table_name(&self.name)
            .set_key(key)
            .condition_expression(form.condition)
            .expression_attribute_names("#spent", SPENT)
            .expression_attribute_values(":amount", number(spend.amount))
            .expression_attribute_values(":floor", number(spend.floor))
            .return_values(ReturnValue::AllNew)
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld);
        let mut sets = vec![format!("#spent = {}", form.sum)];
        for (place, (name, value)) in stored.into_iter().enumerate() {
            sets.push(format!("#field{place} = :field{place}"));
            request = request.expression_attribute_names(format!("#field{place}"), name);
            request = request.expression_attribute_values(format!(":field{place}"), value);
        }
        if form.condition.contains(":highest") {
            let highest = spend.at_most.saturating_sub(spend.amount);
            request = request.expression_attribute_values(":highest", number(highest));
        }
        match request.update_expression(format!("SET {}", sets.join(", "))).send().await {
            Ok(output) => {
                let sum = output.attributes().and_then(|it| it.get(SPENT)?.as_n().ok()?.parse().ok());
                sum.map(Added::To).ok_or_else(|| {
                    LedgerError::Unavailable(format!("the meter {} has no number", spend.meter))
                })
            }
            Err(error) => match error.as_service_error() {
                Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                    let stored = failed.item().cloned().map(to_item).transpose()?;
                    Ok(Added::Not(stored.and_then(|item| item.reading().map(|it| it.spent))))
                }
                _ => Err(unavailable(&error)),
            },
        }
    }
}

fn number(value: i64) -> AttributeValue {
    AttributeValue::N(value.to_string())
}
