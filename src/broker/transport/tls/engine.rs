//! OpenSSL engines (`ssl.engine.location`), which later versions of OpenSSL have given up
//! for providers.
//!
//! Their functions are looked for in the OpenSSL that is in use when an engine is asked for,
//! so that the library also runs with one that has none.

#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_void};
use std::ptr;

use foreign_types_shared::ForeignType;
use libc::{c_char, c_int};
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::x509::X509;
use openssl_sys as ffi;

use super::errors::words;

/// An `ENGINE`.
type Raw = *mut c_void;

type ById = unsafe extern "C" fn(*const c_char) -> Raw;
type Command = unsafe extern "C" fn(Raw, *const c_char, *const c_char, c_int) -> c_int;
type OfEngine = unsafe extern "C" fn(Raw) -> c_int;
type LoadCertificate = unsafe extern "C" fn(
    Raw,
    *mut ffi::SSL,
    *mut ffi::stack_st_X509_NAME,
    *mut *mut ffi::X509,
    *mut *mut ffi::EVP_PKEY,
    *mut *mut c_void,
    *mut c_void,
    *mut c_void,
) -> c_int;

/// The functions, as openssl/engine.h declares them.
struct Functions {
    by_id: ById,
    command: Command,
    init: OfEngine,
    free: OfEngine,
    load_certificate: LoadCertificate,
}

impl Functions {
    fn find() -> Option<Self> {
        // SAFETY: functions of these names have these types in every OpenSSL that has them.
        unsafe {
            let library = library()?;
            let find = |name: &CStr| {
                let found = libc::dlsym(library, name.as_ptr());
                (!found.is_null()).then_some(found)
            };
            let functions = (|| {
                Some(Functions {
                    by_id: std::mem::transmute::<Raw, ById>(find(c"ENGINE_by_id")?),
                    command: std::mem::transmute::<Raw, Command>(find(c"ENGINE_ctrl_cmd_string")?),
                    init: std::mem::transmute::<Raw, OfEngine>(find(c"ENGINE_init")?),
                    free: std::mem::transmute::<Raw, OfEngine>(find(c"ENGINE_free")?),
                    load_certificate: std::mem::transmute::<Raw, LoadCertificate>(find(
                        c"ENGINE_load_ssl_client_cert",
                    )?),
                })
            })();
            libc::dlclose(library);
            functions
        }
    }
}

/// The shared object that has OpenSSL's functions, which stays loaded.
///
/// # Safety
/// None: `unsafe` for its calls.
unsafe fn library() -> Option<Raw> {
    let function: unsafe extern "C" fn() -> std::ffi::c_ulong = ffi::ERR_get_error;
    // SAFETY: plain data, for which zeros are a value; the address of a function.
    unsafe {
        let mut info: libc::Dl_info = std::mem::zeroed();
        if libc::dladdr(function as *const c_void, &raw mut info) == 0 || info.dli_fname.is_null() {
            return None;
        }
        let library = libc::dlopen(info.dli_fname, libc::RTLD_LAZY | libc::RTLD_NOLOAD);
        (!library.is_null()).then_some(library)
    }
}

/// An engine that is loaded and works.
pub struct Engine {
    raw: Raw,
    functions: Functions,
}

// SAFETY: OpenSSL locks its engines; what is done here is done while a context is made.
unsafe impl Send for Engine {}
// SAFETY: as above.
unsafe impl Sync for Engine {}

impl Drop for Engine {
    fn drop(&mut self) {
        // SAFETY: `load` got it, and it is given back once.
        unsafe { (self.functions.free)(self.raw) };
    }
}

fn failed(step: &str) -> String {
    let why = words(&ErrorStack::get());
    format!("OpenSSL engine initialization failed in {step}: {why}")
}

/// Loads the shared object at `location`, known as `id`.
pub fn load(id: &str, location: &str) -> Result<Engine, String> {
    openssl::init();
    drop(ErrorStack::get());
    let Some(functions) = Functions::find() else {
        return Err(
            "OpenSSL engine initialization failed in ENGINE_by_id: the OpenSSL in use has no \
             engines (ssl.engine.location); ssl.providers is what has replaced them"
                .into(),
        );
    };
    let c_id = CString::new(id).unwrap_or_default();
    let path = CString::new(location).unwrap_or_default();
    // SAFETY: C strings that outlive the calls, and an engine that is live once it is not null.
    unsafe {
        let mut raw = (functions.by_id)(c_id.as_ptr());
        if raw.is_null() {
            raw = (functions.by_id)(c"dynamic".as_ptr());
        }
        if raw.is_null() {
            return Err(failed("ENGINE_by_id"));
        }
        let engine = Engine { raw, functions };
        let steps = [
            (c"SO_PATH", path.as_ptr()),
            (c"LIST_ADD", c"1".as_ptr()),
            (c"LOAD", ptr::null()),
        ];
        for (name, value) in steps {
            if (engine.functions.command)(raw, name.as_ptr(), value, 0) == 0 {
                let name = name.to_string_lossy();
                return Err(failed(&format!("ENGINE_ctrl_cmd_string {name}")));
            }
        }
        if (engine.functions.init)(raw) == 0 {
            return Err(failed("ENGINE_init"));
        }
        Ok(engine)
    }
}

impl Engine {
    /// The client's certificate and key. `data` is the application's, for the engine.
    pub fn certificate(&self, data: usize) -> Result<(X509, PKey<Private>), String> {
        let (mut cert, mut key) = (ptr::null_mut(), ptr::null_mut());
        // SAFETY: a live engine, places for what is new and ours afterwards, and a pointer
        // that the application promises to be what its engine expects.
        unsafe {
            let done = (self.functions.load_certificate)(
                self.raw,
                ptr::null_mut(),
                ptr::null_mut(),
                &raw mut cert,
                &raw mut key,
                ptr::null_mut(),
                ptr::null_mut(),
                ptr::with_exposed_provenance_mut(data),
            );
            let cert = (!cert.is_null()).then(|| X509::from_ptr(cert));
            let key = (!key.is_null()).then(|| PKey::from_ptr(key));
            let missing = match (cert, key) {
                (Some(cert), Some(key)) if done != -1 => return Ok((cert, key)),
                (None, _) => "certificate",
                _ => "private key",
            };
            let why = words(&ErrorStack::get());
            Err(format!(
                "The OpenSSL engine of ssl.engine.location has no {missing} for the client: {why}"
            ))
        }
    }
}
