//! MIT Kerberos' GSSAPI library (RFC 2743, RFC 2744). It is opened at run time, since not
//! every machine has it, and only clients that log in by GSSAPI need it.
//!
//! All that is unsafe about it is here. Outside are a name, a credential and a context,
//! which free what they own. The library may be called on any thread; one object is used
//! by one thread at a time, which `&mut` sees to.
#![allow(unsafe_code)]

use std::ffi::{CStr, CString, c_char, c_int, c_void};
use std::ptr;
use std::sync::OnceLock;

/// gss_OID_desc.
#[repr(C)]
struct Oid {
    length: u32,
    elements: *const c_void,
}

/// gss_OID_set_desc.
#[repr(C)]
struct OidSet {
    count: usize,
    elements: *const Oid,
}

/// gss_buffer_desc.
#[repr(C)]
struct Buffer {
    length: usize,
    value: *mut c_void,
}

/// gss_key_value_element_desc.
#[repr(C)]
struct KeyValue {
    key: *const c_char,
    value: *const c_char,
}

/// gss_key_value_set_desc.
#[repr(C)]
struct KeyValues {
    count: u32,
    elements: *const KeyValue,
}

/// An object of the library's.
type Handle = *mut c_void;

/// An object identifier, whose bytes are DER without tag and length.
macro_rules! oid {
    ($bytes:literal) => {
        Oid {
            length: $bytes.len() as u32,
            elements: $bytes.as_ptr().cast(),
        }
    };
}

/// `service@host`: 1.2.840.113554.1.2.1.4.
const HOSTBASED_SERVICE: Oid = oid!(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x04");
/// A principal: 1.2.840.113554.1.2.1.1.
const USER_NAME: Oid = oid!(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x01\x01");
/// Kerberos 5: 1.2.840.113554.1.2.2.
const KERBEROS: Oid = oid!(b"\x2a\x86\x48\x86\xf7\x12\x01\x02\x02");

const COMPLETE: u32 = 0;
const CONTINUE_NEEDED: u32 = 1;
/// The bits of errors, in the words of RFC 2744 calling and routine errors.
const ERRORS: u32 = 0xffff_0000;
/// GSS_S_FAILURE, which means nothing but that the minor status says more.
const UNSPECIFIED: u32 = 13 << 16;
const INITIATE: c_int = 1;
/// GSS_C_INDEFINITE: the longest lifetime that can be asked for.
const INDEFINITE: u32 = 0xffff_ffff;
/// GSS_C_MUTUAL_FLAG, GSS_C_SEQUENCE_FLAG and GSS_C_INTEG_FLAG: what wrapping needs.
const FLAGS: u32 = 2 | 8 | 32;
const GSS_CODE: c_int = 1;
const MECHANISM_CODE: c_int = 2;

/// The names of the files, as the dynamic linker knows them.
const GSSAPI: &CStr = c"libgssapi_krb5.so.2";
const KRB5: &CStr = c"libkrb5.so.3";

/// Declares the functions that are looked up, and the table of them.
macro_rules! functions {
    ($table:ident { $($name:ident: fn($($arg:ty),* $(,)?) -> $ret:ty;)* }) => {
        struct $table {
            $($name: unsafe extern "C" fn($($arg),*) -> $ret,)*
        }

        impl $table {
            /// # Safety
            /// `library` was opened, and its functions of these names have these types.
            unsafe fn of(library: Handle) -> Result<Self, String> {
                Ok($table {
                    $($name: {
                        let name = concat!(stringify!($name), "\0");
                        // SAFETY: a string with its end.
                        let found = unsafe { libc::dlsym(library, name.as_ptr().cast()) };
                        if found.is_null() {
                            return Err(concat!("it has no ", stringify!($name)).into());
                        }
                        // SAFETY: the caller says that it is this function.
                        unsafe {
                            std::mem::transmute::<
                                *mut c_void,
                                unsafe extern "C" fn($($arg),*) -> $ret,
                            >(found)
                        }
                    },)*
                })
            }
        }
    };
}

functions!(Gss {
    gss_import_name: fn(*mut u32, *const Buffer, *const Oid, *mut Handle) -> u32;
    gss_release_name: fn(*mut u32, *mut Handle) -> u32;
    gss_acquire_cred: fn(
        *mut u32, Handle, u32, *const OidSet, c_int, *mut Handle, *mut *mut OidSet, *mut u32,
    ) -> u32;
    gss_acquire_cred_from: fn(
        *mut u32, Handle, u32, *const OidSet, c_int, *const KeyValues, *mut Handle,
        *mut *mut OidSet, *mut u32,
    ) -> u32;
    gss_release_cred: fn(*mut u32, *mut Handle) -> u32;
    gss_init_sec_context: fn(
        *mut u32, Handle, *mut Handle, Handle, *const Oid, u32, u32, *mut c_void, *const Buffer,
        *mut *mut Oid, *mut Buffer, *mut u32, *mut u32,
    ) -> u32;
    gss_delete_sec_context: fn(*mut u32, *mut Handle, *mut Buffer) -> u32;
    gss_wrap: fn(*mut u32, Handle, c_int, u32, *const Buffer, *mut c_int, *mut Buffer) -> u32;
    gss_unwrap: fn(*mut u32, Handle, *const Buffer, *mut Buffer, *mut c_int, *mut u32) -> u32;
    gss_release_buffer: fn(*mut u32, *mut Buffer) -> u32;
    gss_display_status: fn(*mut u32, u32, c_int, *const Oid, *mut u32, *mut Buffer) -> u32;
});

functions!(Krb5 {
    krb5_init_context: fn(*mut Handle) -> i32;
    krb5_free_context: fn(Handle) -> ();
    krb5_cc_resolve: fn(Handle, *const c_char, *mut Handle) -> i32;
    krb5_cc_destroy: fn(Handle, Handle) -> i32;
});

/// The library, opened. It stays open.
pub struct Library {
    gss: Gss,
    /// To wipe a cache of tickets. None where it has another name.
    krb5: Option<Krb5>,
}

static LIBRARY: OnceLock<Result<Library, String>> = OnceLock::new();

/// An error names the library that is missing, and what to install.
pub fn library() -> Result<&'static Library, String> {
    LIBRARY
        .get_or_init(Library::open)
        .as_ref()
        .map_err(Clone::clone)
}

impl Library {
    fn open() -> Result<Self, String> {
        let opened = open(GSSAPI).and_then(|library| {
            // SAFETY: MIT's library, whose interface of this version does not change.
            unsafe { Gss::of(library) }
        });
        let gss = opened.map_err(|why| missing(GSSAPI, &why))?;
        // SAFETY: as above.
        let krb5 = open(KRB5).and_then(|library| unsafe { Krb5::of(library) });
        Ok(Library {
            gss,
            krb5: krb5.ok(),
        })
    }

    /// The name of the service at a host.
    pub fn service(&'static self, service: &str, host: &str) -> Result<Name, Failure> {
        self.name(&format!("{service}@{host}"), &HOSTBASED_SERVICE)
    }

    /// The name of a client, with or without its realm.
    pub fn principal(&'static self, principal: &str) -> Result<Name, Failure> {
        self.name(principal, &USER_NAME)
    }

    fn name(&'static self, text: &str, kind: &Oid) -> Result<Name, Failure> {
        let mut minor = 0;
        let mut handle = ptr::null_mut();
        let text = borrowed(text.as_bytes());
        // SAFETY: all pointers are to what lives here; the text is not changed.
        let major = unsafe {
            (self.gss.gss_import_name)(&raw mut minor, &raw const text, kind, &raw mut handle)
        };
        self.check(major, minor)?;
        Ok(Name {
            library: self,
            handle,
        })
    }

    /// What the process's environment has: a cache of tickets, as kinit fills it, or the
    /// client keytab that Kerberos itself is set up with.
    pub fn default_credential(&'static self) -> Result<Credential, Failure> {
        let mut minor = 0;
        let mut handle = ptr::null_mut();
        let mechanisms = OidSet {
            count: 1,
            elements: &raw const KERBEROS_OID.0,
        };
        // SAFETY: all pointers are to what lives here, or null where that may be.
        let major = unsafe {
            (self.gss.gss_acquire_cred)(
                &raw mut minor,
                ptr::null_mut(),
                INDEFINITE,
                &raw const mechanisms,
                INITIATE,
                &raw mut handle,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        self.check(major, minor)?;
        Ok(Credential {
            library: self,
            handle,
        })
    }

    /// A principal's, by its key in `keytab`. The ticket is in `cache`, from which the
    /// library takes it again; one whose time is half over is replaced.
    pub fn keytab_credential(
        &'static self,
        principal: &Name,
        keytab: &CStr,
        cache: &CStr,
    ) -> Result<Credential, Failure> {
        let elements = [
            KeyValue {
                key: c"client_keytab".as_ptr(),
                value: keytab.as_ptr(),
            },
            KeyValue {
                key: c"ccache".as_ptr(),
                value: cache.as_ptr(),
            },
        ];
        let store = KeyValues {
            count: 2,
            elements: elements.as_ptr(),
        };
        let mechanisms = OidSet {
            count: 1,
            elements: &raw const KERBEROS_OID.0,
        };
        let mut minor = 0;
        let mut handle = ptr::null_mut();
        // SAFETY: all pointers are to what lives here, or null where that may be.
        let major = unsafe {
            (self.gss.gss_acquire_cred_from)(
                &raw mut minor,
                principal.handle,
                INDEFINITE,
                &raw const mechanisms,
                INITIATE,
                &raw const store,
                &raw mut handle,
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        self.check(major, minor)?;
        Ok(Credential {
            library: self,
            handle,
        })
    }

    /// Wipes a cache of tickets in memory and frees it. Without libkrb5 it stays.
    pub fn destroy_cache(&self, cache: &CStr) {
        let Some(krb5) = &self.krb5 else {
            return;
        };
        let mut context = ptr::null_mut();
        let mut handle = ptr::null_mut();
        // SAFETY: all pointers are to what lives here. The cache is given up by its
        // destruction, the context after that.
        unsafe {
            if (krb5.krb5_init_context)(&raw mut context) != 0 {
                return;
            }
            if (krb5.krb5_cc_resolve)(context, cache.as_ptr(), &raw mut handle) == 0 {
                (krb5.krb5_cc_destroy)(context, handle);
            }
            (krb5.krb5_free_context)(context);
        }
    }

    fn check(&self, major: u32, minor: u32) -> Result<(), Failure> {
        if major & ERRORS == 0 {
            return Ok(());
        }
        let detail = self.words(minor, MECHANISM_CODE);
        let text = match (major & ERRORS == UNSPECIFIED, detail.is_empty()) {
            (true, false) => detail,
            (_, true) => self.words(major, GSS_CODE),
            _ => format!("{}: {detail}", self.words(major, GSS_CODE)),
        };
        Err(Failure { text })
    }

    /// A status in the library's words, of which there may be several sentences.
    fn words(&self, status: u32, kind: c_int) -> String {
        const MOST: usize = 8;
        let mut all: Vec<String> = Vec::new();
        let mut more = 0;
        for _ in 0..MOST {
            let mut minor = 0;
            let mut words = self.buffer();
            // SAFETY: all pointers are to what lives here.
            let major = unsafe {
                (self.gss.gss_display_status)(
                    &raw mut minor,
                    status,
                    kind,
                    &raw const KERBEROS_OID.0,
                    &raw mut more,
                    words.as_mut(),
                )
            };
            if major != COMPLETE {
                break;
            }
            all.push(String::from_utf8_lossy(words.bytes()).into_owned());
            if more == 0 {
                break;
            }
        }
        all.join(", ")
    }

    fn buffer(&self) -> Filled<'_> {
        Filled {
            library: self,
            buffer: Buffer {
                length: 0,
                value: ptr::null_mut(),
            },
        }
    }
}

/// An object identifier that other threads may look at.
struct Shared(Oid);

// SAFETY: its bytes are never changed.
unsafe impl Sync for Shared {}

static KERBEROS_OID: Shared = Shared(KERBEROS);

/// What the library says of a failure: both statuses in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub text: String,
}

fn open(name: &CStr) -> Result<Handle, String> {
    // SAFETY: a string with its end. What the library runs when it is loaded is trusted
    // as that of any other library of the system's.
    let library = unsafe { libc::dlopen(name.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
    if !library.is_null() {
        return Ok(library);
    }
    // SAFETY: called on the thread that had the error; the text lives until the next call.
    let why = unsafe { libc::dlerror() };
    if why.is_null() {
        return Err("no reason is told".into());
    }
    // SAFETY: a string with its end.
    let why = unsafe { CStr::from_ptr(why) };
    Err(why.to_string_lossy().into_owned())
}

fn missing(name: &CStr, why: &str) -> String {
    format!(
        "GSSAPI (`sasl.mechanisms`) needs the library {} of MIT Kerberos, which cannot be used \
         here: {why}. Install it (Debian and Ubuntu: libgssapi-krb5-2; Red Hat and Alpine: \
         krb5-libs), or log in by another mechanism",
        name.to_string_lossy()
    )
}

/// For the library to read.
fn borrowed(bytes: &[u8]) -> Buffer {
    Buffer {
        length: bytes.len(),
        value: bytes.as_ptr().cast_mut().cast(),
    }
}

/// A buffer that the library fills and frees.
struct Filled<'a> {
    library: &'a Library,
    buffer: Buffer,
}

impl Filled<'_> {
    fn as_mut(&mut self) -> *mut Buffer {
        &raw mut self.buffer
    }

    fn bytes(&self) -> &[u8] {
        if self.buffer.value.is_null() || self.buffer.length == 0 {
            return &[];
        }
        // SAFETY: the library has filled so many bytes, which it frees in `drop` only.
        unsafe { std::slice::from_raw_parts(self.buffer.value.cast(), self.buffer.length) }
    }
}

impl Drop for Filled<'_> {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: empty, or filled by the library; nobody else has it.
        unsafe { (self.library.gss.gss_release_buffer)(&raw mut minor, &raw mut self.buffer) };
    }
}

pub struct Name {
    library: &'static Library,
    handle: Handle,
}

// SAFETY: the library's objects are of no thread, and a name is never changed.
unsafe impl Send for Name {}
// SAFETY: as above.
unsafe impl Sync for Name {}

impl Drop for Name {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: the library made it, and nobody else has it.
        unsafe { (self.library.gss.gss_release_name)(&raw mut minor, &raw mut self.handle) };
    }
}

pub struct Credential {
    library: &'static Library,
    handle: Handle,
}

// SAFETY: the library's objects are of no thread.
unsafe impl Send for Credential {}

impl Drop for Credential {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: the library made it, and nobody else has it.
        unsafe { (self.library.gss.gss_release_cred)(&raw mut minor, &raw mut self.handle) };
    }
}

/// The client's end of a security context with a service.
pub struct Context {
    library: &'static Library,
    handle: Handle,
    credential: Credential,
    service: Name,
}

// SAFETY: the library's objects are of no thread, and it is used by `&mut` only.
unsafe impl Send for Context {}

impl Context {
    pub fn new(credential: Credential, service: Name) -> Self {
        Context {
            library: credential.library,
            handle: ptr::null_mut(),
            credential,
            service,
        }
    }

    /// Takes the service's token, gives the next for it, and says whether the context is
    /// made. The first step, which has no token, may have to ask the KDC for a ticket and
    /// wait for it; the others do not.
    pub fn step(&mut self, token: Option<&[u8]>) -> Result<(Vec<u8>, bool), Failure> {
        let mut minor = 0;
        let mut answer = self.library.buffer();
        let token = token.map(borrowed);
        let token = token.as_ref().map_or(ptr::null(), ptr::from_ref);
        // SAFETY: all pointers are to what lives here, or null where that may be. After a
        // failure the context is still the library's to delete, or null.
        let major = unsafe {
            (self.library.gss.gss_init_sec_context)(
                &raw mut minor,
                self.credential.handle,
                &raw mut self.handle,
                self.service.handle,
                &raw const KERBEROS_OID.0,
                FLAGS,
                0,
                ptr::null_mut(),
                token,
                ptr::null_mut(),
                answer.as_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        self.library.check(major, minor)?;
        let is_made = major & CONTINUE_NEEDED == 0;
        Ok((answer.bytes().to_vec(), is_made))
    }

    /// A message for the service, which can be read on the way, and not be changed.
    pub fn wrap(&mut self, message: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut minor = 0;
        let mut wrapped = self.library.buffer();
        let message = borrowed(message);
        // SAFETY: the context was made; all pointers are to what lives here, or null.
        let major = unsafe {
            (self.library.gss.gss_wrap)(
                &raw mut minor,
                self.handle,
                0,
                0,
                &raw const message,
                ptr::null_mut(),
                wrapped.as_mut(),
            )
        };
        self.library.check(major, minor)?;
        Ok(wrapped.bytes().to_vec())
    }

    /// A message of the service's, as it was before it was wrapped.
    pub fn unwrap(&mut self, wrapped: &[u8]) -> Result<Vec<u8>, Failure> {
        let mut minor = 0;
        let mut message = self.library.buffer();
        let wrapped = borrowed(wrapped);
        // SAFETY: the context was made; all pointers are to what lives here, or null.
        let major = unsafe {
            (self.library.gss.gss_unwrap)(
                &raw mut minor,
                self.handle,
                &raw const wrapped,
                message.as_mut(),
                ptr::null_mut(),
                ptr::null_mut(),
            )
        };
        self.library.check(major, minor)?;
        Ok(message.bytes().to_vec())
    }
}

impl Drop for Context {
    fn drop(&mut self) {
        let mut minor = 0;
        // SAFETY: null, or what the library made; nobody else has it.
        unsafe {
            (self.library.gss.gss_delete_sec_context)(
                &raw mut minor,
                &raw mut self.handle,
                ptr::null_mut(),
            );
        }
    }
}

/// A string for the library; a NUL in it is an error.
pub fn c_text(text: &str, property: &str) -> Result<CString, String> {
    CString::new(text).map_err(|_| format!("`{property}` has a NUL in it"))
}

#[cfg(all(test, not(loom)))]
mod tests {
    use super::*;

    #[test]
    fn a_missing_library_is_named() {
        let name = c"libgssapi_none.so.2";
        let text = missing(name, &open(name).unwrap_err());
        for part in [
            "libgssapi_none.so.2",
            "libgssapi-krb5-2",
            "`sasl.mechanisms`",
        ] {
            assert!(text.contains(part), "{text}");
        }
        // A library that is another one.
        // SAFETY: without the functions, none is called.
        let other = open(c"libc.so.6").and_then(|libc| unsafe { Gss::of(libc) });
        assert_eq!(other.err().as_deref(), Some("it has no gss_import_name"));
    }
}
