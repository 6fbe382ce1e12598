//! The tape's speed against its yardsticks, side by side in one run: kernels beside std, matrix products beside other libraries, networks
//! beside the processor's peak and a field written by hand, the food chain beside native code.
//!
//! `OPENBLAS=/path/to/libopenblas.so OPENBLAS_NUM_THREADS=1 taskset -c 0 cargo run --release --features jit [kernels matmul spiral shapes chain]`

mod food_chain;
mod kernels;
mod matmul;
mod measure;
mod networks;
mod openblas;
mod peak;
mod shapes;
mod spiral;
// The part of it that is measured here is plain Rust; its own tests run where it lives.
#[path = "../../src/yardstick.rs"]
#[allow(dead_code)]
mod yardstick;

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    println!("# The tape beside its yardsticks\n");
    let features = if cfg!(feature = "jit") {
        " --features jit"
    } else {
        ""
    };
    let words = [
        "taskset -c 0 cargo run --release",
        features,
        " ",
        &arguments.join(" "),
    ];
    println!("`{}`\n", words.concat().trim_end());
    println!("in `benches/tape`; {}\n", measure::machine());
    let peak = peak::Peak::measure();
    println!("{peak}\n");
    let wanted = |name: &str| arguments.is_empty() || arguments.iter().any(|a| a == name);
    if wanted("kernels") {
        kernels::table();
    }
    if wanted("matmul") {
        matmul::table();
    }
    if wanted("spiral") {
        spiral::table(&peak);
    }
    if wanted("shapes") {
        shapes::table(&peak);
    }
    if wanted("chain") {
        food_chain::table();
    }
}
