use dagger_sdk::connect;
use dagger_sdk::errors::{ConnectError, DaggerError};

#[tokio::main]
async fn main() -> eyre::Result<()> {
    let ended = connect(|client| async move {
        let container = client.container().from("alpine:3");
        print!("{}", container.with_exec(vec!["echo", "built"]).stdout().await?);
        Ok(())
    })
    .await;

    if let Err(ConnectError::DaggerContext(error)) = &ended {
        if let Some(DaggerError::Query(told)) = error.downcast_ref() {
            let text = told.to_string();
            if let Some((_, circuit)) = text.split_once("circuit open: ") {
                // registry:docker.io, retry in 42s
                eprintln!("down: {circuit}");
                std::process::exit(75);
            }
        }
    }
    Ok(ended?)
}
