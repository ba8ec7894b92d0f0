//! Rules of the C boundary, in one place: owned strings, status codes and panics.
//!
//! Every export runs inside `guard`, so no panic of this crate or of its dependencies crosses into
//! C++; it becomes `Code::Internal` with the panic's message.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::sync::Once;

/// Values of `rb_code` in bridge.h.
#[repr(i32)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    Ok = 0,
    InvalidArgument = 1,
    ResourceExhausted = 2,
    DataLoss = 3,
    Internal = 4,
}

#[derive(Debug)]
pub struct Failure {
    pub code: Code,
    pub message: String,
}

pub type Outcome<T> = Result<T, Failure>;

impl Failure {
    pub fn new(code: Code, message: impl ToString) -> Self {
        Failure {
            code,
            message: message.to_string(),
        }
    }
    pub fn invalid(message: impl ToString) -> Self {
        Failure::new(Code::InvalidArgument, message)
    }
    pub fn exhausted(message: impl ToString) -> Self {
        Failure::new(Code::ResourceExhausted, message)
    }
    pub fn data_loss(message: impl ToString) -> Self {
        Failure::new(Code::DataLoss, message)
    }
    pub fn internal(message: impl ToString) -> Self {
        Failure::new(Code::Internal, message)
    }
}

/// `rb_string`: bytes owned by this crate until `rb_string_free`.
#[repr(C)]
pub struct RbString {
    data: *mut u8,
    len: usize,
}

impl From<String> for RbString {
    fn from(text: String) -> Self {
        let bytes = Box::leak(text.into_bytes().into_boxed_slice());
        RbString {
            data: bytes.as_mut_ptr(),
            len: bytes.len(),
        }
    }
}

/// `rb_ids`: token ids owned by this crate until `rb_ids_free`.
#[repr(C)]
pub struct RbIds {
    data: *mut u32,
    len: usize,
}

impl From<Vec<u32>> for RbIds {
    fn from(ids: Vec<u32>) -> Self {
        let ids = Box::leak(ids.into_boxed_slice());
        RbIds {
            data: ids.as_mut_ptr(),
            len: ids.len(),
        }
    }
}

/// # Safety
/// `text` came from this crate and is freed once.
#[no_mangle]
pub unsafe extern "C" fn rb_string_free(text: RbString) {
    if !text.data.is_null() {
        drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(
            text.data, text.len,
        )));
    }
}

/// # Safety
/// `ids` came from this crate and is freed once.
#[no_mangle]
pub unsafe extern "C" fn rb_ids_free(ids: RbIds) {
    if !ids.data.is_null() {
        drop(Box::from_raw(std::ptr::slice_from_raw_parts_mut(
            ids.data, ids.len,
        )));
    }
}

/// A slice from C; the pointer may be null when `len` is 0.
///
/// # Safety
/// `data` points to `len` readable values that outlive the call.
pub unsafe fn slice<'a, T>(data: *const T, len: usize) -> &'a [T] {
    if len == 0 {
        &[]
    } else {
        std::slice::from_raw_parts(data, len)
    }
}

/// As `slice`, for writing.
///
/// # Safety
/// `data` points to `len` writable values that outlive the call and nobody else uses.
pub unsafe fn slice_mut<'a, T>(data: *mut T, len: usize) -> &'a mut [T] {
    if len == 0 {
        &mut []
    } else {
        std::slice::from_raw_parts_mut(data, len)
    }
}

/// Compiles only for types that C++ may share between threads.
pub const fn assert_shareable<T: Send + Sync>() {}

/// Text from C.
///
/// # Safety
/// As for `slice`.
pub unsafe fn text<'a>(data: *const u8, len: usize) -> Outcome<&'a str> {
    std::str::from_utf8(slice(data, len)).map_err(|e| {
        Failure::invalid(format!(
            "text is not valid UTF-8 at byte {}",
            e.valid_up_to()
        ))
    })
}

fn panic_text(payload: &(dyn std::any::Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| payload.downcast_ref::<&str>().copied());
    format!(
        "internal error: {}",
        text.unwrap_or("panic without a message")
    )
}

/// A panic's message may quote a prompt, so it is returned to the caller and never printed.
fn silence_panics() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| std::panic::set_hook(Box::new(|_| {})));
}

pub fn catch<T>(body: impl FnOnce() -> Outcome<T>) -> Outcome<T> {
    silence_panics();
    catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|payload| Err(Failure::internal(panic_text(&*payload))))
}

/// Runs the body of an export: the status code is returned, the message goes to `error`.
///
/// # Safety
/// `error` is null or points to a writable `RbString`.
pub unsafe fn guard(error: *mut RbString, body: impl FnOnce() -> Outcome<()>) -> i32 {
    match catch(body) {
        Ok(()) => Code::Ok as i32,
        Err(failure) => {
            if !error.is_null() {
                error.write(failure.message.into());
            }
            failure.code as i32
        }
    }
}

/// Frees a boxed object; a panicking destructor is swallowed.
///
/// # Safety
/// `object` is null or came from `Box::into_raw` and is freed once.
pub unsafe fn free<T>(object: *mut T) {
    if !object.is_null() {
        let _ = catch(|| {
            drop(Box::from_raw(object));
            Ok(())
        });
    }
}
