//! What the API server, or the way to it, says of a failure.

use std::error::Error;

/// An error as a person is told it: the API server's own words, or the innermost cause.
pub fn words(error: &kube::Error) -> String {
    match error {
        kube::Error::Api(status) if !status.message.is_empty() => status.message.clone(),
        other => {
            let mut cause: &dyn Error = other;
            while let Some(inner) = cause.source() {
                cause = inner;
            }
            cause.to_string()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[test]
    fn the_innermost_cause_or_the_server_speaks() {
        let refused = io::Error::from(io::ErrorKind::ConnectionRefused);
        let way = kube::Error::Service(Box::new(kube::Error::ReadEvents(refused)));
        assert_eq!(words(&way), "connection refused");
        let status = kube::core::Status {
            message: "no such thing".to_owned(),
            code: 404,
            ..kube::core::Status::default()
        };
        assert_eq!(words(&kube::Error::Api(Box::new(status))), "no such thing");
    }
}
