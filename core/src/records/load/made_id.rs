//! Ids for rows of tables whose ids are UUIDs.
//!
//! The loader makes them, so that it can find its rows again. They follow from the job's random name and the row's place, so
//! that a job that goes on makes the same ones.

use ring::digest::{SHA256, digest};
use ring::rand::{SecureRandom as _, SystemRandom};

use super::trail::hex;
use crate::error::Error;

/// A random name for a job.
pub(super) fn job_name() -> Result<String, Error> {
    let mut bytes = [0; 16];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Error::internal("The system gives no random numbers."))?;
    Ok(hex(&bytes))
}

/// The id of a row as JSON text, in the form of a random UUID.
pub(super) fn made_id(job: &str, row: u64) -> String {
    let hash = digest(&SHA256, format!("{job} {row}").as_bytes());
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&hash.as_ref()[..16]);
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let text = hex(&bytes);
    let parts = [&text[..8], &text[8..12], &text[12..16], &text[16..20], &text[20..]];
    format!("\"{}\"", parts.join("-"))
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn ids_look_random_and_repeat() {
        let job = job_name().expect("a name");
        assert_ne!(job, job_name().expect("another"));
        let ids: HashSet<String> = (1..=1000).map(|row| made_id(&job, row)).collect();
        assert_eq!(ids.len(), 1000);
        assert_eq!(made_id(&job, 7), made_id(&job, 7));
        for id in ids {
            assert_eq!((id.len(), &id[15..16]), (38, "4"), "{id}");
            assert!("89ab".contains(&id[20..21]), "{id}");
        }
    }
}
