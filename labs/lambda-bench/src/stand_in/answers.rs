//! The stand-in's answers: every request succeeds.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Mutex, MutexGuard, PoisonError};

use fleet::ledger::Item;
use serde_json::{Map, Value, json};

use crate::deployed::Parameter;

/// What Auto Scaling says of every group.
const GROUP: &str = "<DescribeAutoScalingGroupsResponse xmlns=\"http://autoscaling.amazonaws.com/doc/2011-01-01/\">\
    <DescribeAutoScalingGroupsResult><AutoScalingGroups><member><AutoScalingGroupName>group</AutoScalingGroupName>\
    <MinSize>0</MinSize><MaxSize>10</MaxSize><DesiredCapacity>0</DesiredCapacity></member></AutoScalingGroups>\
    </DescribeAutoScalingGroupsResult></DescribeAutoScalingGroupsResponse>";

/// What it answers from, and the calls so far.
#[derive(Debug)]
pub(super) struct Answers {
    parameters: Vec<Parameter>,
    /// All that the ledger's table has.
    items: Vec<Item>,
    calls: Mutex<BTreeMap<String, u64>>,
}

/// A request: the operation's name, and what it says.
#[derive(Debug)]
pub(super) struct AwsRequest {
    operation: String,
    asked: Value,
}

impl AwsRequest {
    /// AWS's JSON protocols name the operation in `X-Amz-Target`, after the service; its query protocol
    /// in the form that is the body, as `Action`; GitHub by the path's last part.
    pub(super) fn of(target: Option<&str>, path: &str, body: &[u8]) -> Self {
        let form = std::str::from_utf8(body).unwrap_or_default();
        let action = form.split('&').find_map(|field| field.strip_prefix("Action="));
        let last = |text: &str, between| text.rsplit(between).next().unwrap_or_default().to_owned();
        let operation = match (target, action) {
            (Some(target), _) => last(target, '.'),
            (None, Some(action)) => action.to_owned(),
            (None, None) => last(path, '/'),
        };
        Self { operation, asked: serde_json::from_slice(body).unwrap_or_default() }
    }
}

impl Answers {
    pub(super) fn new(parameters: Vec<Parameter>, items: Vec<Item>) -> Self {
        Self { parameters, items, calls: Mutex::default() }
    }

    /// How often an operation was called; resets all counts.
    pub(super) fn take_calls(&self, operation: &str) -> u64 {
        std::mem::take(&mut *self.calls()).remove(operation).unwrap_or_default()
    }

    fn calls(&self) -> MutexGuard<'_, BTreeMap<String, u64>> {
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn answer(&self, AwsRequest { operation, asked }: &AwsRequest) -> String {
        *self.calls().entry(operation.clone()).or_default() += 1;
        let answer = match operation.as_str() {
            "DescribeAutoScalingGroups" => return GROUP.to_owned(),
            "GetParametersByPath" => self.parameters_under(asked["Path"].as_str().unwrap_or_default()),
            "SendMessage" => json!({"MessageId": "00000000-0000-4000-8000-000000000000"}),
            "BatchGetItem" => json!({"Responses": self.items(asked), "UnprocessedKeys": {}}),
            "UpdateItem" => json!({"Attributes": {"spent": {"N": sum(asked)}}}),
            "RunTask" => json!({
                "tasks": [{"taskArn": "arn:aws:ecs:us-east-1:123456789012:task/ecs/0123456789abcdef"}],
                "failures": [],
            }),
            "deliveries" | "repos" => json!([]),
            "runners" => json!({"total_count": 0, "runners": []}),
            "installation" => json!({"id": 1}),
            "access_tokens" => {
                json!({"token": "ghs_bench", "expires_at": "2999-01-01T00:00:00Z", "permissions": {}})
            }
            "runner-groups" => {
                let groups = [json!({"id": 1, "name": "ecs"}), json!({"id": 2, "name": "fargate"})];
                json!({"total_count": 2, "runner_groups": groups})
            }
            "generate-jitconfig" => {
                let name = &asked["name"];
                let runner = json!({
                    "id": 7, "name": name, "os": "unknown", "status": "offline", "busy": false, "labels": [],
                });
                json!({"runner": runner, "encoded_jit_config": "e30="})
            }
            _ => json!({}),
        };
        answer.to_string()
    }

    fn parameters_under(&self, path: &str) -> Value {
        let path = Path::new(path);
        let found = self.parameters.iter().filter(|it| Path::new(&it.name).starts_with(path));
        let found = found.map(|it| json!({"Name": it.name, "Value": it.value, "Type": "String"}));
        json!({"Parameters": found.collect::<Vec<_>>()})
    }

    fn items(&self, asked: &Value) -> Value {
        let under = |key: &Value| {
            let key = key.pointer("/key/S")?.as_str()?;
            self.items.iter().find(|item| item.key().to_string() == key)
        };
        let tables = asked["RequestItems"].as_object().into_iter().flatten();
        let found = tables.map(|(table, request)| {
            let keys = request["Keys"].as_array().into_iter().flatten();
            (table.clone(), Value::Array(keys.filter_map(under).map(stored).collect()))
        });
        Value::Object(found.collect::<Map<String, Value>>())
    }
}

/// The value of a meter that was at its floor.
fn sum(asked: &Value) -> String {
    let values = &asked["ExpressionAttributeValues"];
    let number = |name: &str| values.get(name)?.get("N")?.as_str()?.parse::<i64>().ok();
    [":floor", ":amount"].into_iter().filter_map(number).sum::<i64>().to_string()
}

/// An item in DynamoDB's JSON.
fn stored(item: &Item) -> Value {
    fields(&serde_json::to_value(item).unwrap_or_default())
}

fn fields(object: &Value) -> Value {
    let fields = object.as_object().into_iter().flatten();
    Value::Object(fields.map(|(name, value)| (name.clone(), typed(value))).collect())
}

fn typed(value: &Value) -> Value {
    match value {
        Value::Number(number) => json!({"N": number.to_string()}),
        Value::Bool(flag) => json!({"BOOL": flag}),
        Value::Object(_) => json!({"M": fields(value)}),
        other => json!({"S": other}),
    }
}
