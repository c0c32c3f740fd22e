//! AWS and GitHub on one port, with what a story plants: DynamoDB, ECS and CloudWatch Logs by their JSON protocols, the
//! Parameter Store not at all.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

use fleet::ledger::{Item, Listing};
use serde_json::{Map, Value, json};

/// What is there to be read.
#[derive(Debug, Default)]
pub(super) struct AccountContents {
    pub(super) items: Vec<Item>,
    /// ECS's tasks, as `DescribeTasks` describes them.
    pub(super) tasks: Vec<Value>,
    /// The functions' log lines.
    pub(super) lines: Vec<String>,
    /// GitHub's job.
    pub(super) job: Value,
    /// Whether ECS refuses.
    pub(super) refuses_ecs: bool,
}

/// Serves it until the test ends, and gives the URL.
pub(super) fn serve(world: AccountContents) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let world = Arc::new(world);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let world = Arc::clone(&world);
            thread::spawn(move || answer(stream, &world));
        }
    });
    url
}

fn answer(mut stream: TcpStream, world: &AccountContents) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut length, mut target, mut line) = (0, String::new(), String::new());
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
    line.clear();
    while reader.read_line(&mut line).unwrap() > 2 {
        if let Some((name, value)) = line.split_once(':') {
            match name.to_lowercase().as_str() {
                "content-length" => length = value.trim().parse().unwrap(),
                "x-amz-target" => value.trim().clone_into(&mut target),
                _ => {}
            }
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let request = serde_json::from_slice(&body).unwrap_or(Value::Null);
    let (status, answer) =
        if target.is_empty() { github(world, &path) } else { aws(world, &target, &request) };
    let answer = answer.to_string();
    let head = "content-type: application/json\r\nconnection: close";
    let _ =
        write!(stream, "HTTP/1.1 {status} -\r\n{head}\r\ncontent-length: {}\r\n\r\n{answer}", answer.len());
}

fn github(world: &AccountContents, path: &str) -> (u16, Value) {
    let job = world.job["id"].as_u64().unwrap_or_default();
    if path.ends_with(&format!("/actions/jobs/{job}")) {
        return (200, world.job.clone());
    }
    match path.trim_start_matches('/').split('/').count() {
        3 => (200, json!({"full_name": "octo-org/storefront", "private": true})),
        _ => (404, json!({"message": "Not Found"})),
    }
}

fn aws(world: &AccountContents, target: &str, request: &Value) -> (u16, Value) {
    let (service, operation) = target.rsplit_once('.').unwrap();
    if service.starts_with("AmazonEC2ContainerService") && world.refuses_ecs {
        return (
            400,
            json!({"__type": "AccessDeniedException", "message": "not authorized to perform: ecs:ListTasks"}),
        );
    }
    let answer = match operation {
        "ListTables" => json!({"TableNames": ["orders", "mayfly-Storage-1ABC-LedgerTable-2DEF"]}),
        "BatchGetItem" => batch(world, request),
        "Query" => query(world, request),
        "ListTasks" => {
            json!({"taskArns": world.tasks.iter().map(|task| &task["taskArn"]).collect::<Vec<_>>()})
        }
        "DescribeTasks" => json!({"tasks": world.tasks, "failures": []}),
        "DescribeLogGroups" => json!({"logGroups": [{"logGroupName": "mayfly-LauncherLogs-1ABC"}]}),
        "FilterLogEvents" => {
            let event = |line: &String| json!({"timestamp": 1_791_190_800_000_u64, "message": line});
            json!({"events": world.lines.iter().map(event).collect::<Vec<_>>()})
        }
        other => return (400, json!({"__type": "UnknownOperationException", "message": other})),
    };
    (200, answer)
}

fn batch(world: &AccountContents, request: &Value) -> Value {
    let (table, wanted) = request["RequestItems"].as_object().unwrap().iter().next().unwrap();
    let keys: Vec<&str> =
        wanted["Keys"].as_array().unwrap().iter().filter_map(|it| it["key"]["S"].as_str()).collect();
    let found = world.items.iter().filter(|item| keys.contains(&item.key().to_string().as_str()));
    let found: Vec<Value> = found.map(attributes).collect();
    json!({"Responses": {table: found}, "UnprocessedKeys": {}})
}

fn query(world: &AccountContents, request: &Value) -> Value {
    let listing = request["ExpressionAttributeValues"][":listing"]["S"].as_str().unwrap();
    let listed =
        world.items.iter().filter(|item| Listing::of(item).is_some_and(|(of, _)| of.to_string() == listing));
    let keys: Vec<Value> = listed.map(|item| json!({"key": {"S": item.key().to_string()}})).collect();
    json!({"Items": keys, "Count": keys.len()})
}

/// An item as DynamoDB's JSON has it.
fn attributes(item: &Item) -> Value {
    let Value::Object(mut fields) = serde_json::to_value(item).unwrap() else {
        panic!("an item is an object")
    };
    fields.insert("key".to_owned(), item.key().to_string().into());
    fields.insert("format".to_owned(), 1.into());
    fields.into_iter().map(|(name, value)| (name, attribute(value))).collect::<Map<_, _>>().into()
}

fn attribute(value: Value) -> Value {
    match value {
        Value::Null => json!({"NULL": true}),
        Value::Bool(it) => json!({"BOOL": it}),
        Value::Number(it) => json!({"N": it.to_string()}),
        Value::String(it) => json!({"S": it}),
        Value::Array(it) => json!({"L": it.into_iter().map(attribute).collect::<Vec<_>>()}),
        Value::Object(it) => {
            json!({"M": it.into_iter().map(|(name, it)| (name, attribute(it))).collect::<Map<_, _>>()})
        }
    }
}
