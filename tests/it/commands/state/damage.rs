//! Files of the state that are damaged, of another kind, or of a later version.

use super::*;
