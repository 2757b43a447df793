//! What holds where the file of the artefact door says nothing.

use super::{
    ActionKind, ActionSettings, LimitSettings, SweepSettings, VerdictSettings, WorkSettings,
};

impl Default for SweepSettings {
    fn default() -> Self {
        Self { interval_seconds: 3600, calls_per_second: 10 }
    }
}

impl Default for ActionSettings {
    fn default() -> Self {
        Self {
            dry_run: true,
            deny: vec![ActionKind::Quarantine, ActionKind::Author, ActionKind::Chat],
            warn: vec![ActionKind::Author],
            issue_for: Vec::new(),
        }
    }
}

impl Default for VerdictSettings {
    fn default() -> Self {
        Self { keep_days: 365 }
    }
}

impl Default for WorkSettings {
    fn default() -> Self {
        Self {
            workers: 4,
            lease_seconds: 60,
            settle_milliseconds: 2_000,
            attempts: 12,
            backoff_milliseconds: 2_000,
        }
    }
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self {
            file_bytes: 8 << 30,
            unpacked_bytes: 16 << 30,
            entries: 50_000,
            ratio: 200,
            fetch_seconds: 900,
            inspect_seconds: 120,
            memory_bytes: 512 << 20,
        }
    }
}
