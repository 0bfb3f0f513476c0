//! The layout that clang gives each record, per architecture, and the promise
//! that Rust gives it the same: a difference does not compile. Each record is
//! also a test of its name, so that a test run shows what was held.

/// `record: size, align { field: offset, ... }` for every record.
macro_rules! layout {
    ($($record:ident: $size:literal, $align:literal {
        $($field:ident: $offset:literal,)*
    })*) => {
        use crate::bindings::*;
        use core::mem::{align_of, offset_of, size_of};

        $(const _: () = {
            assert!(size_of::<$record>() == $size, concat!("size of ", stringify!($record)));
            assert!(align_of::<$record>() == $align, concat!("alignment of ", stringify!($record)));
            $(assert!(
                offset_of!($record, $field) == $offset,
                concat!("offset of ", stringify!($record), "::", stringify!($field))
            );)*
        };)*

        #[cfg(test)]
        mod record {
            use super::*;
            $(#[test]
            #[allow(non_snake_case)]
            fn $record() {
                assert_eq!(size_of::<super::$record>(), $size, "size");
                assert_eq!(align_of::<super::$record>(), $align, "alignment");
                $(assert_eq!(
                    offset_of!(super::$record, $field),
                    $offset,
                    concat!("offset of ", stringify!($field))
                );)*
            })*
        }
    };
}

#[cfg(target_arch = "aarch64")]
mod aarch64;
#[cfg(target_arch = "arm")]
mod arm;
#[cfg(target_arch = "x86_64")]
mod x86_64;
