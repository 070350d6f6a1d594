//! Does what it is told in a Dagger session: one operation a line, and one line for its outcome.

use dagger_sdk::core::gql_client::GraphQlExtension;
use dagger_sdk::core::graphql_client::GraphQLError;
use dagger_sdk::errors::DaggerError;
use dagger_sdk::{connect, Query};
use futures::future::{join_all, FutureExt, LocalBoxFuture};
use serde_json::{json, Value};
use tokio::io::{stdin, AsyncBufReadExt, BufReader};

async fn perform(client: &Query, operation: &Value) -> Result<Value, DaggerError> {
    let text = |name: &str| operation[name].as_str().unwrap_or_default().to_owned();
    let list = |name: &str| operation[name].as_array().cloned().unwrap_or_default();
    let container = || client.container().from(text("image"));
    match text("do").as_str() {
        "run" => {
            let args = list("args");
            let args: Vec<_> = args.iter().filter_map(Value::as_str).collect();
            Ok(container().with_exec(args).stdout().await?.into())
        }
        "publish" => Ok(container().publish(text("address")).await?.into()),
        "version" => Ok(client.version().await?.into()),
        "all" => {
            let each = list("each");
            let outcomes = join_all(each.iter().map(|one| outcome_of(client, one))).await;
            Ok(outcomes.into())
        }
        unknown => panic!("unknown operation {unknown}"),
    }
}

fn outcome_of<'a>(client: &'a Query, operation: &'a Value) -> LocalBoxFuture<'a, Value> {
    async move {
        match perform(client, operation).await {
            Ok(value) => json!({ "value": value }),
            Err(error) => json!({ "error": failure_of(&error) }),
        }
    }
    .boxed_local()
}

fn failure_of(error: &DaggerError) -> Value {
    let (message, fields) = match error {
        DaggerError::Query(GraphQLError::DomainError { message, fields }) => (message, fields),
        DaggerError::Query(GraphQLError::HttpError(message)) => {
            return json!({ "type": "HttpError", "message": message })
        }
        other => return json!({ "type": "DaggerError", "message": other.to_string() }),
    };
    match fields.first().and_then(|first| first.extensions.as_ref()) {
        Some(GraphQlExtension::ExecError { exit_code, stdout, stderr, .. }) => json!({
            "type": "ExecError",
            "message": message,
            "exitCode": exit_code,
            "stdout": stdout,
            "stderr": stderr,
        }),
        // Other extensions are not kept.
        _ => json!({ "type": "DomainError", "message": message }),
    }
}

fn tell(outcome: Value) {
    println!("{outcome}");
}

#[tokio::main]
async fn main() {
    let ended = connect(|client| async move {
        tell(json!({ "value": "connected" }));
        let mut lines = BufReader::new(stdin()).lines();
        while let Some(line) = lines.next_line().await? {
            tell(outcome_of(&client, &serde_json::from_str(&line)?).await);
        }
        Ok(())
    })
    .await;
    if let Err(error) = ended {
        let message = format!("{:#}", eyre::Report::from(error));
        tell(json!({ "error": { "type": "ConnectError", "message": message } }));
    }
}
