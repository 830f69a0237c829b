//! Our side: the typed face as its documentation shows it.

use xano_metadata::{Client, ClientOptions, Error, Instance};

use crate::Outcome;

pub fn client(url: &str) -> Result<Instance, Error> {
    let client = Client::new(ClientOptions {
        token: Some("bench".into()),
        max_concurrency: 32,
        ..ClientOptions::default()
    })?;
    client.instance_at(url, None).map(Instance::over)
}

pub async fn calls(instance: &Instance, calls: usize, at_once: usize) -> Outcome {
    let mut tasks = Vec::new();
    for _ in 0..at_once {
        let instance = instance.clone();
        tasks.push(tokio::spawn(async move {
            for _ in 0..calls / at_once {
                let me = instance.me().await?;
                assert_eq!(me.name, "Robin Example");
            }
            Ok::<_, Error>(())
        }));
    }
    for task in tasks {
        task.await??;
    }
    Ok(())
}
