//! Weeks in simulated time: who is asked when, what is shown, what it costs the disk.
