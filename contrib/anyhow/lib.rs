//! No backtraces: neither in errors nor from panics.
//!
//! `http-types` keeps its errors in a crate of this name. The one on crates.io takes a backtrace with each, and so
//! brings readers of ELF, of DWARF and of mangled names: 190 kB that could tell nothing, for the release binary has neither
//! symbols nor unwind tables (`contrib/link`). This is the part of it that `http-types` asks for.

use std::any::Any;
use std::error::Error as StdError;
use std::fmt::{self, Debug, Display};

type Boxed = Box<dyn StdError + Send + Sync>;

/// Any error, or any message.
pub struct Error(Box<dyn Held>);

impl Error {
    /// A message that is an error.
    pub fn msg<M: Display + Debug + Send + Sync + 'static>(message: M) -> Error {
        Error(Box::new(Message(message)))
    }

    /// What it was made of.
    pub fn downcast_ref<E: Display + Debug + Send + Sync + 'static>(&self) -> Option<&E> {
        self.0.origin().downcast_ref()
    }

    /// What it was made of, to change.
    pub fn downcast_mut<E: Display + Debug + Send + Sync + 'static>(&mut self) -> Option<&mut E> {
        self.0.origin_mut().downcast_mut()
    }

    /// What it was made of, or itself.
    ///
    /// # Errors
    /// The error, if it was made of something else.
    pub fn downcast<E: Display + Debug + Send + Sync + 'static>(self) -> Result<E, Error> {
        if !self.0.origin().is::<E>() {
            return Err(self);
        }
        self.0
            .into_origin()
            .downcast()
            .map(|origin| *origin)
            .map_err(|_| Error::msg("another error"))
    }
}

impl<E: StdError + Send + Sync + 'static> From<E> for Error {
    fn from(error: E) -> Error {
        Error(Box::new(Cause(error)))
    }
}

impl From<Error> for Boxed {
    fn from(error: Error) -> Boxed {
        error.0.into_error()
    }
}

impl AsRef<dyn StdError + Send + Sync> for Error {
    fn as_ref(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self.0.error()
    }
}

impl AsRef<dyn StdError> for Error {
    fn as_ref(&self) -> &(dyn StdError + 'static) {
        self.0.error()
    }
}

impl Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(self.0.error(), f)
    }
}

impl Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(self.0.error(), f)
    }
}

/// What an error is made of, and as what it is found again.
trait Held: Send + Sync {
    fn error(&self) -> &(dyn StdError + Send + Sync + 'static);
    fn into_error(self: Box<Self>) -> Boxed;
    fn origin(&self) -> &dyn Any;
    fn origin_mut(&mut self) -> &mut dyn Any;
    fn into_origin(self: Box<Self>) -> Box<dyn Any>;
}

struct Cause<E>(E);

impl<E: StdError + Send + Sync + 'static> Held for Cause<E> {
    fn error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        &self.0
    }

    fn into_error(self: Box<Self>) -> Boxed {
        Box::new(self.0)
    }

    fn origin(&self) -> &dyn Any {
        &self.0
    }

    fn origin_mut(&mut self) -> &mut dyn Any {
        &mut self.0
    }

    fn into_origin(self: Box<Self>) -> Box<dyn Any> {
        Box::new(self.0)
    }
}

struct Message<M>(M);

impl<M: Display + Debug> Display for Message<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Display::fmt(&self.0, f)
    }
}

impl<M: Display + Debug> Debug for Message<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Debug::fmt(&self.0, f)
    }
}

impl<M: Display + Debug> StdError for Message<M> {}

impl<M: Display + Debug + Send + Sync + 'static> Held for Message<M> {
    fn error(&self) -> &(dyn StdError + Send + Sync + 'static) {
        self
    }

    fn into_error(self: Box<Self>) -> Boxed {
        self
    }

    fn origin(&self) -> &dyn Any {
        &self.0
    }

    fn origin_mut(&mut self) -> &mut dyn Any {
        &mut self.0
    }

    fn into_origin(self: Box<Self>) -> Box<dyn Any> {
        Box::new(self.0)
    }
}

/// A panic of the release binary says where it was and what it said. Its list of frames would be `<unknown>` alone; here
/// it is empty, and the linker leaves out what would read it. In place of libgcc's
/// <https://refspecs.linuxbase.org/LSB_5.0.0/LSB-Core-generic/LSB-Core-generic/baselib--unwind-backtrace.html>:
/// it calls nobody and says `_URC_END_OF_STACK`.
#[cfg(all(not(debug_assertions), target_os = "linux"))]
#[unsafe(no_mangle)]
extern "C" fn _Unwind_Backtrace(_each: *const (), _argument: *mut ()) -> i32 {
    5
}

/// What the personality of a panic asks for, and nobody calls where a panic aborts. LLVM's libunwind, which a static
/// program links (contrib/cross), has both in one object with its own `_Unwind_Backtrace`, which would be there twice.
#[cfg(all(not(debug_assertions), target_os = "linux", target_env = "musl"))]
#[unsafe(no_mangle)]
extern "C" fn _Unwind_GetTextRelBase(_context: *mut ()) -> usize {
    0
}

/// As [`_Unwind_GetTextRelBase`].
#[cfg(all(not(debug_assertions), target_os = "linux", target_env = "musl"))]
#[unsafe(no_mangle)]
extern "C" fn _Unwind_GetDataRelBase(_context: *mut ()) -> usize {
    0
}
