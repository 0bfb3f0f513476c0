//! Finding, naming and opening cameras, and agreeing with the driver on what it will deliver.
//!
//! [`selector`] is how a person says which camera; `discover` looks through the nodes; [`Identity`] is how the same
//! camera is known again under another number. `negotiate` sets input, TV standard, format, rate and controls and finds out
//! what was granted. [`error`] describes what went wrong and what to do. [`list`] is `picam list`.

pub(crate) mod controls;
mod difference;
pub(crate) mod discover;
pub mod error;
pub mod identity;
pub mod list;
pub(crate) mod modes;
pub(crate) mod negotiate;
pub mod selector;
pub mod standard;

pub use difference::Difference;
pub use error::DeviceError;
pub use identity::Identity;
pub use selector::Selector;
pub use standard::Standard;
