//! Every gradient method against every other, against dual numbers, differences and closed forms.

mod agreement;
mod closed;
mod contract;
mod differences;
mod duals;
mod fields;
mod house;
mod identities;
mod oracle;
mod promises;
mod resnet;
mod rest;
mod tableaus;
mod together;
