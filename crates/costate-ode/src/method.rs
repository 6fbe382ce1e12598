//! The registry of methods.

use crate::engine::{adams, auto, bdf, radau};
use crate::{
    DirkTableau, Error, GaussTableau, RockTableau, RosenbrockTableau, SymplecticTableau, Tableau,
    tableau,
};

/// A method of integration and what there is to know about it.
///
/// ```
/// use costate_ode::Method;
///
/// let tsit5 = Method::by_name("tsit5")?;
/// assert_eq!((tsit5.order, tsit5.adaptive, tsit5.stiff), (5, true, false));
/// # Ok::<(), costate_ode::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Method {
    /// The name by which programs and files choose it.
    pub name: &'static str,
    /// The name in prose.
    pub title: &'static str,
    /// Its order; the highest of them if it is variable.
    pub order: usize,
    /// Whether it chooses its order as it goes.
    pub variable_order: bool,
    /// The order of its dense output.
    pub dense_order: usize,
    /// Stages of a step; evaluations of f, less one if it is FSAL.
    pub stages: usize,
    /// Whether it chooses its steps by an error estimate; otherwise it takes constant steps.
    pub adaptive: bool,
    /// Whether it suits stiff problems.
    pub stiff: bool,
    /// Whether it solves M dy/dt = f(t, y).
    pub mass: bool,
    /// States held in memory during a step; implicit methods hold matrices besides.
    pub memory: usize,
    /// When to choose it.
    pub when: &'static str,
    /// Where it comes from, by key of REFERENCES.md.
    pub reference: &'static str,
    pub(crate) family: Family,
}

/// Which engine runs a method, with the data that engine needs.
///
/// ```
/// use costate_ode::{Family, Method};
/// assert!(matches!(Method::by_name("tsit5")?.family(), Family::Explicit(tableau) if tableau.order == 5));
/// # Ok::<(), costate_ode::Error>(())
/// ```
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Family {
    /// [`RungeKutta`](crate::RungeKutta).
    Explicit(&'static Tableau),
    /// [`Rosenbrock`](crate::Rosenbrock).
    Rosenbrock(&'static RosenbrockTableau),
    /// [`Dirk`](crate::Dirk); [`Imex`](crate::Imex) for systems in two parts if it has an explicit companion.
    Dirk(&'static DirkTableau),
    /// [`Radau`](crate::Radau).
    Radau,
    /// [`Bdf`](crate::Bdf).
    Bdf,
    /// [`Auto`](crate::Auto).
    Auto,
    /// [`Adams`](crate::Adams).
    Adams,
    /// [`Gauss`](crate::Gauss).
    Gauss(&'static GaussTableau),
    /// [`Rock`](crate::Rock).
    Rock(&'static RockTableau),
    /// [`Symplectic`](crate::Symplectic).
    Symplectic(&'static SymplecticTableau),
}

impl From<&'static Tableau> for Method {
    fn from(tableau: &'static Tableau) -> Self {
        Self {
            name: tableau.name,
            title: tableau.title,
            order: tableau.order,
            variable_order: false,
            dense_order: tableau.dense_order().min(tableau.order),
            stages: tableau.stages(),
            adaptive: tableau.embedded_order.is_some(),
            stiff: false,
            mass: false,
            memory: tableau.dense_len() + 4,
            when: tableau.when,
            reference: tableau.reference,
            family: Family::Explicit(tableau),
        }
    }
}

impl From<&&'static Tableau> for Method {
    fn from(tableau: &&'static Tableau) -> Self {
        Self::from(*tableau)
    }
}

impl From<&'static RosenbrockTableau> for Method {
    fn from(tableau: &'static RosenbrockTableau) -> Self {
        Self {
            name: tableau.name,
            title: tableau.title,
            order: tableau.order,
            variable_order: false,
            dense_order: tableau.dense_order,
            stages: tableau.stages(),
            adaptive: true,
            stiff: true,
            mass: true,
            memory: tableau.stages() + 9,
            when: tableau.when,
            reference: tableau.reference,
            family: Family::Rosenbrock(tableau),
        }
    }
}

impl From<&'static DirkTableau> for Method {
    fn from(tableau: &'static DirkTableau) -> Self {
        Self {
            name: tableau.name,
            title: tableau.title,
            order: tableau.order,
            variable_order: false,
            dense_order: tableau.dense_order(),
            stages: tableau.stages(),
            adaptive: tableau.embedded_order.is_some(),
            stiff: true,
            mass: false,
            memory: tableau.stages() + 12,
            when: tableau.when,
            reference: tableau.reference,
            family: Family::Dirk(tableau),
        }
    }
}

impl From<&'static GaussTableau> for Method {
    fn from(tableau: &'static GaussTableau) -> Self {
        Self {
            name: tableau.name,
            title: tableau.title,
            order: tableau.order,
            variable_order: false,
            dense_order: 3,
            stages: tableau.stages(),
            adaptive: false,
            stiff: true,
            mass: false,
            memory: 4 * tableau.stages() + 10,
            when: tableau.when,
            reference: tableau.reference,
            family: Family::Gauss(tableau),
        }
    }
}

impl From<&'static RockTableau> for Method {
    fn from(tableau: &'static RockTableau) -> Self {
        Self {
            name: tableau.name,
            title: tableau.title,
            order: tableau.order,
            variable_order: false,
            dense_order: tableau.order.min(3),
            // The fewest; as many as stability needs.
            stages: tableau.stages(0.0).unwrap_or_default(),
            adaptive: true,
            stiff: false,
            mass: false,
            memory: tableau.order + 13,
            when: tableau.when,
            reference: tableau.reference,
            family: Family::Rock(tableau),
        }
    }
}

impl From<&'static SymplecticTableau> for Method {
    fn from(tableau: &'static SymplecticTableau) -> Self {
        Self {
            name: tableau.name,
            title: tableau.title,
            order: tableau.order,
            variable_order: false,
            dense_order: tableau.order.min(3),
            stages: tableau.stages.len(),
            adaptive: false,
            stiff: false,
            mass: false,
            memory: 6,
            when: tableau.when,
            reference: tableau.reference,
            family: Family::Symplectic(tableau),
        }
    }
}

impl Method {
    /// Every method of this crate.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let explicit = tableau::tableaus()
            .iter()
            .map(|tableau| Self::from(*tableau));
        let rosenbrock = RosenbrockTableau::all()
            .iter()
            .map(|tableau| Self::from(*tableau));
        let dirk = DirkTableau::all()
            .iter()
            .map(|tableau| Self::from(*tableau));
        let symplectic = SymplecticTableau::all().iter();
        let symplectic = symplectic.map(|tableau| Self::from(*tableau));
        let rock = RockTableau::all()
            .iter()
            .map(|tableau| Self::from(*tableau));
        let gauss = GaussTableau::all()
            .iter()
            .map(|tableau| Self::from(*tableau));
        let others = [radau::METHOD, bdf::METHOD, adams::METHOD, auto::METHOD];
        explicit
            .chain(dirk)
            .chain(gauss)
            .chain(rosenbrock)
            .chain(others)
            .chain(rock)
            .chain(symplectic)
            .collect()
    }

    /// The method called `name`.
    ///
    /// # Errors
    /// [`Error::UnknownMethod`], which lists the names there are.
    pub fn by_name(name: &str) -> Result<Self, Error> {
        let all = Self::all();
        all.iter()
            .find(|method| method.name == name)
            .copied()
            .ok_or_else(|| Error::UnknownMethod {
                name: name.to_owned(),
                known: all
                    .iter()
                    .map(|method| method.name)
                    .collect::<Vec<_>>()
                    .join(", "),
            })
    }

    /// Which engine runs it.
    #[must_use]
    pub fn family(&self) -> Family {
        self.family
    }

    /// Its tableau, if it is an explicit Runge–Kutta method.
    #[must_use]
    pub fn tableau(&self) -> Option<&'static Tableau> {
        match self.family {
            Family::Explicit(tableau) => Some(tableau),
            _ => None,
        }
    }
}
