//! The native module `ssmbak._native`: the library for Python, as calls that take and return JSON.
//!
//! The Python package around it (`python/ssmbak`) has the classes. Here are the runtime, which outlives no process, the session,
//! which knows the way to AWS, and the operations.

mod calls;
mod operations;
mod runtime;
mod session;
mod versions;

use pyo3::prelude::*;

#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    // A defect becomes an exception. What it says by itself might quote what it was about.
    std::panic::set_hook(Box::new(|_| ()));
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<session::Session>()?;
    module.add_function(wrap_pyfunction!(calls::calls, module)?)?;
    module.add_function(wrap_pyfunction!(calls::clear_calls, module)?)
}
