//! Sizes that a state in its type may have.

/// The most bytes that a state may hold in place: 8192 numbers of double precision. Larger ones are for the heap; steps move states through the stack.
const MOST: usize = 64 * 1024;

/// Checks the size of a state when code for it is made: a size that is not allowed does not compile.
pub(crate) struct Size<Y>(std::marker::PhantomData<Y>);

impl<Y> Size<Y> {
    /// Evaluated by whoever constructs something for states of this type.
    pub(crate) const ALLOWED: () = {
        assert!(
            size_of::<Y>() > 0,
            "a state needs at least one component: this array has none"
        );
        assert!(
            size_of::<Y>() <= MOST,
            "a state held in an array may have 64 KiB at most (8192 components of f64): take a Vec or a DVector for larger ones"
        );
    };
}
