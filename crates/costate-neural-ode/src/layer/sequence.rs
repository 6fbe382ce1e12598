//! Layers one after another, as tuples.

use super::{Layer, Parameter, pieces, under};
use costate_tape::{Scalar, Var};
use rand::Rng;

/// A tuple of layers is a layer: each takes what the one before it gives. Longer ones are tuples of tuples. (There is no other way to count types than a macro.)
macro_rules! sequence {
    ($($name:ident $number:tt),+) => {
        impl<$($name: Layer),+> Layer for ($($name,)+) {
            fn parameters(&self) -> Vec<Parameter> {
                let mut all = Vec::new();
                $(all.extend(under(stringify!($number), self.$number.parameters()));)+
                all
            }

            #[track_caller]
            fn apply<'t, T: Scalar>(&self, x: Var<'t, T>, theta: Var<'t, T>) -> Var<'t, T> {
                self.apply_at(x, Var::from_f64(0.0), theta)
            }

            #[track_caller]
            fn apply_at<'t, T: Scalar>(&self, x: Var<'t, T>, t: Var<'t, T>, theta: Var<'t, T>) -> Var<'t, T> {
                let theta = pieces(theta, &[$(self.$number.parameter_len()),+]);
                $(let x = self.$number.apply_at(x, t, theta[$number]);)+
                x
            }

            #[track_caller]
            fn apply_combination<'t, T: Scalar>(&self, x: Var<'t, T>, t: Var<'t, T>, w: &[Var<'t, T>], theta: &[Var<'t, T>]) -> Var<'t, T> {
                let lengths = [$(self.$number.parameter_len()),+];
                let theta: Vec<_> = theta.iter().map(|theta| pieces(*theta, &lengths)).collect();
                $(
                    let own: Vec<_> = theta.iter().map(|theta| theta[$number]).collect();
                    let x = self.$number.apply_combination(x, t, w, &own);
                )+
                x
            }

            fn initialize(&self, random: &mut dyn Rng, theta: &mut [f64]) {
                let rest = theta;
                $(
                    let (own, rest) = rest.split_at_mut(self.$number.parameter_len());
                    self.$number.initialize(random, own);
                )+
                let _ = rest;
            }
        }
    };
}

sequence!(A 0, B 1);
sequence!(A 0, B 1, C 2);
sequence!(A 0, B 1, C 2, D 3);
sequence!(A 0, B 1, C 2, D 3, E 4);
sequence!(A 0, B 1, C 2, D 3, E 4, F 5);
