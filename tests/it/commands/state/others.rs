//! Others who use the same state, and machines with little to spare.

use super::*;
