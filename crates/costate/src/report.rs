//! What the program writes: tables of numbers, pictures, text for people.

pub(crate) mod csv;
pub(crate) mod found;
pub(crate) mod html;
pub(crate) mod json;
pub(crate) mod npy;
pub(crate) mod number;
pub(crate) mod plot;
pub(crate) mod starts;
pub(crate) mod table;
