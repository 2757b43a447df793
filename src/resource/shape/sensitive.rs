//! Which values nobody may be shown.

use crate::engine::Node;
use crate::resource::secret::{Hidden, hidden};

/// Whether the value at the node must not be shown, all of it or a part. Maps and lists never are.
pub(super) fn is_sensitive(node: Node<'_>) -> bool {
    hidden(node) != Hidden::Nothing
}
