//! An ODE in the place of residual blocks, Table 1 of \[Chen2018\] in small: handwritten digits of 8 × 8 pixels, and the memory of a gradient as the depth grows.
//!
//! Image → 3 × 3 convolution to 24 channels → means over 2 × 2 → body → relu, means over 2 × 2 → linear → ten classes. The body is three residual blocks h + f_k(h), or the flow of dh/dt = f(h) over
//! three units of time, one for each block; f is two convolutions with tanh between, so that the blocks have three times the parameters. AdamW on the cross-entropy of batches of 64 images, each moved
//! a little at random, the same for both. Each fifth of the images is tested by a training on the others.
//!
//! `--digits=FILE` names the images, a line each of 64 numbers from 0 to 16 and the digit, as `benches/peers/training/digits.py` writes them; without it both learn made-up patterns.

mod memory;
mod moved;
mod net;

use crate::{Setting, falling, milliseconds};
use costate_benches::cpu_seconds;
use costate_neural_ode::Error;
use costate_neural_ode::train::optimizer::Adam;
use costate_neural_ode::train::training::Training;
use net::{B, Body, CLASSES, Model, PIXELS, T};
use rand::{RngExt, SeedableRng, rngs::Xoshiro256PlusPlus, seq::SliceRandom};
use std::ops::ControlFlow::Continue;

const FOLDS: usize = 5;

/// An image with values from 0 to 1, and its class.
type Image = (Vec<T>, usize);

/// The images of a file.
fn read(path: &std::path::Path) -> Result<Vec<Image>, String> {
    let text = std::fs::read_to_string(path).map_err(|e| format!("{}: {e}", path.display()))?;
    let mut images = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let values: Result<Vec<T>, _> = line.split(',').map(|x| x.trim().parse()).collect();
        match values {
            Ok(mut values)
                if values.len() == PIXELS + 1 && (0.0..CLASSES as T).contains(&values[PIXELS]) =>
            {
                let class = values.pop().map_or(0, |class| class as usize);
                images.push((values.into_iter().map(|x| x / 16.0).collect(), class));
            }
            _ => {
                let expected = "64 numbers from 0 to 16 and a digit, with commas between";
                return Err(format!("{}:{}: not {expected}", path.display(), number + 1));
            }
        }
    }
    Ok(images)
}

/// Patterns with noise, ten of them.
fn patterns(count: usize) -> Vec<Image> {
    let mut random = Xoshiro256PlusPlus::seed_from_u64(5);
    let patterns: Vec<Vec<T>> = (0..CLASSES)
        .map(|_| (0..PIXELS).map(|_| random.random()).collect())
        .collect();
    let mut image = |i: usize| {
        let noisy = |x: &T| x + 0.3 * (random.random::<T>() - 0.5);
        (
            patterns[i % CLASSES].iter().map(noisy).collect(),
            i % CLASSES,
        )
    };
    (0..count).map(&mut image).collect()
}

/// A batch: the images, and a 1 for the class of each.
fn batch(images: impl Iterator<Item = Image>) -> Vec<T> {
    let mut data = vec![0.0; B * (PIXELS + CLASSES)];
    for (b, (image, class)) in images.enumerate() {
        data[b * PIXELS..(b + 1) * PIXELS].copy_from_slice(&image);
        data[B * PIXELS + b * CLASSES + class] = 1.0;
    }
    data
}

/// Trains on some images; how many of the others are read wrongly, and the processor time of an iteration in milliseconds.
fn learn(
    body: Body,
    train: &[&Image],
    test: &[&Image],
    iterations: u64,
) -> Result<(usize, f64), Error> {
    let mut model = Model::new(body)?;
    let mut training = Training::new(model.initial(1), Adam::decoupled(0.005, 0.1));
    let begin = cpu_seconds();
    training.run(
        &falling(iterations, 0.01),
        |k, theta, g| {
            let mut random = Xoshiro256PlusPlus::seed_from_u64(k);
            let data = batch((0..B).map(|_| {
                let (image, class) = train[random.random_range(0..train.len())];
                (moved::moved(image, &mut random), *class)
            }));
            model.gradient(&data, theta, g)
        },
        |_| Continue(()),
    );
    let each = milliseconds(begin, iterations);
    let mut wrong = 0;
    for images in test.chunks(B) {
        let logits = model.logits(
            &batch(images.iter().map(|image| (*image).clone())),
            &training.theta,
        )?;
        let read = logits.chunks(CLASSES).map(|row| {
            let best = (0..CLASSES).max_by(|i, j| row[*i].total_cmp(&row[*j]));
            best.expect("ten of them")
        });
        wrong += read
            .zip(images)
            .filter(|(read, (_, class))| read != class)
            .count();
    }
    Ok((wrong, each))
}

/// Prints the tables.
pub(crate) fn run(setting: &Setting) -> Result<(), Error> {
    let mut images = match &setting.digits {
        Some(path) => read(path).unwrap_or_else(|error| {
            eprintln!("{error}");
            std::process::exit(2)
        }),
        None => patterns(200),
    };
    images.shuffle(&mut Xoshiro256PlusPlus::seed_from_u64(7));
    let (folds, iterations) = (
        setting.scaled(FOLDS as u64, FOLDS as u64),
        setting.scaled(16_000, 40),
    );
    println!("| body | parameters | wrong of | | ms an iteration |");
    println!("|---|---|---|---|---|");
    for body in [Body::Residual, Body::Ode] {
        let (mut wrong, mut count, mut each) = (0, 0, 0.0);
        for fold in 0..folds as usize {
            let of = |tested: bool| {
                let chosen = images
                    .iter()
                    .enumerate()
                    .filter(|(i, _)| (i % FOLDS == fold) == tested);
                chosen.map(|(_, image)| image).collect::<Vec<_>>()
            };
            count += of(true).len();
            let (more, time) = learn(body, &of(false), &of(true), iterations)?;
            (wrong, each) = (wrong + more, each + time / folds as f64);
        }
        let share = 100.0 * wrong as f64 / count as f64;
        println!(
            "| {} | {} | {wrong} of {count} | {share:.2} % | {each:.2} |",
            body.name(),
            body.parameters(),
        );
        assert!(share < 20.0);
    }
    memory::table(if setting.reduced {
        &[4, 16]
    } else {
        &[8, 32, 128, 512]
    })
}
