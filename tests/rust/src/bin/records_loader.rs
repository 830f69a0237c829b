//! Loads rows with a checkpoint and tells how far it is, so that a test can kill it at a place of its choice. One argument:
//! the order, see [`xano_metadata_tests::loader`].

#[tokio::main]
async fn main() {
    xano_metadata_tests::loader::run(&std::env::args().nth(1).expect("an argument")).await;
}
