//! What the crate `openssl` has no safe form of, or one that asks for passwords on the
//! terminal or leaves them in memory.

#![allow(unsafe_code)]

use std::cell::Cell;
use std::ffi::c_void;
use std::marker::PhantomData;
use std::mem::ManuallyDrop;
use std::ops::{Deref, DerefMut};
use std::ptr;
use std::sync::Once;

use foreign_types_shared::{ForeignType, ForeignTypeRef};
use libc::{c_char, c_int};
use openssl::error::ErrorStack;
use openssl::pkey::{PKey, Private};
use openssl::ssl::{SslContextBuilder, SslRef};
use openssl::stack::{Stack, StackRef};
use openssl::x509::{X509, X509Name, X509VerifyResult};
use openssl_sys as ffi;
use zeroize::Zeroizing;

use super::ending;

unsafe extern "C" {
    fn SSL_CTX_set_cert_cb(
        ctx: *mut ffi::SSL_CTX,
        callback: Option<unsafe extern "C" fn(*mut ffi::SSL, *mut c_void) -> c_int>,
        arg: *mut c_void,
    );
    fn SSL_get_client_CA_list(ssl: *const ffi::SSL) -> *mut ffi::stack_st_X509_NAME;
    fn SSL_certs_clear(ssl: *mut ffi::SSL);
    fn OPENSSL_atexit(handler: extern "C" fn()) -> c_int;
}

extern "C" fn on_end() {
    ending::end();
}

/// Has OpenSSL say when it ends. Called once it is set up, as often as one likes.
pub fn watch_end() {
    static WATCHED: Once = Once::new();
    WATCHED.call_once(|| {
        // SAFETY: a function that stays where it is: OpenSSL keeps loaded what it is in.
        unsafe { OPENSSL_atexit(on_end) };
    });
}

/// Something of OpenSSL's, which is not freed once OpenSSL has ended.
pub struct Kept<T>(ManuallyDrop<T>);

impl<T> Kept<T> {
    pub fn new(value: T) -> Self {
        Kept(ManuallyDrop::new(value))
    }
}

impl<T> Deref for Kept<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl<T> DerefMut for Kept<T> {
    fn deref_mut(&mut self) -> &mut T {
        &mut self.0
    }
}

impl<T> Drop for Kept<T> {
    fn drop(&mut self) {
        if let Some(_used) = ending::enter() {
            // SAFETY: this is the end of the owner, which nobody uses afterwards.
            unsafe { ManuallyDrop::drop(&mut self.0) };
        }
    }
}

/// A password on its way to OpenSSL, which wipes its own copy.
pub struct Password<'a> {
    text: Option<&'a str>,
    asked: Cell<bool>,
}

impl<'a> Password<'a> {
    pub fn new(text: Option<&'a str>) -> Self {
        Password {
            text,
            asked: Cell::new(false),
        }
    }

    /// It was needed, and there is none.
    pub fn is_missing(&self) -> bool {
        self.asked.get() && self.text.is_none()
    }

    pub fn was_asked(&self) -> bool {
        self.asked.get()
    }

    fn as_user_data(&self) -> *mut c_void {
        ptr::from_ref(self).cast_mut().cast()
    }
}

/// OpenSSL's pem_password_cb. Without one, OpenSSL would ask on the terminal.
unsafe extern "C" fn tell_password(
    buf: *mut c_char,
    size: c_int,
    _for_writing: c_int,
    user_data: *mut c_void,
) -> c_int {
    // SAFETY: `as_user_data` of a `Password` that outlives the call which needs it.
    let password = unsafe { &*user_data.cast::<Password<'_>>().cast_const() };
    password.asked.set(true);
    let room = usize::try_from(size).unwrap_or(0);
    match (
        password.text,
        password.text.map(|t| c_int::try_from(t.len())),
    ) {
        (Some(text), Some(Ok(len))) if text.len() <= room => {
            // SAFETY: OpenSSL's buffer has `size` bytes, and is no part of ours.
            unsafe { ptr::copy_nonoverlapping(text.as_ptr().cast(), buf, text.len()) };
            len
        }
        _ => -1,
    }
}

/// A BIO that reads from memory.
struct Memory<'a> {
    bio: *mut ffi::BIO,
    bytes: PhantomData<&'a [u8]>,
}

impl<'a> Memory<'a> {
    fn new(bytes: &'a [u8]) -> Result<Self, ErrorStack> {
        openssl::init();
        let len = c_int::try_from(bytes.len()).unwrap_or(c_int::MAX);
        // SAFETY: so many bytes can be read while the BIO lives.
        let bio = unsafe { ffi::BIO_new_mem_buf(bytes.as_ptr().cast(), len) };
        match bio.is_null() {
            true => Err(ErrorStack::get()),
            false => Ok(Memory {
                bio,
                bytes: PhantomData,
            }),
        }
    }
}

impl Drop for Memory<'_> {
    fn drop(&mut self) {
        // SAFETY: made by `new`, and freed once.
        unsafe { ffi::BIO_free_all(self.bio) };
    }
}

/// All certificates of a PEM text; other things in it are passed over. An error is what
/// OpenSSL cannot read, even after some that it can.
pub fn certificates(pem: &[u8], password: &Password<'_>) -> Result<Vec<X509>, ErrorStack> {
    let memory = Memory::new(pem)?;
    drop(ErrorStack::get());
    let mut found = Vec::new();
    loop {
        // SAFETY: a live BIO, and a password that outlives the call.
        let cert = unsafe {
            ffi::PEM_read_bio_X509(
                memory.bio,
                ptr::null_mut(),
                Some(tell_password),
                password.as_user_data(),
            )
        };
        if !cert.is_null() {
            // SAFETY: a new certificate, which is ours.
            found.push(unsafe { X509::from_ptr(cert) });
            continue;
        }
        let stack = ErrorStack::get();
        let is_end = stack.errors().last().is_some_and(|e| {
            e.library_code() == ffi::ERR_LIB_PEM && e.reason_code() == ffi::PEM_R_NO_START_LINE
        });
        return if is_end { Ok(found) } else { Err(stack) };
    }
}

/// The first private key of a PEM text, encrypted in either way or not at all.
pub fn private_key(pem: &[u8], password: &Password<'_>) -> Result<PKey<Private>, ErrorStack> {
    let memory = Memory::new(pem)?;
    drop(ErrorStack::get());
    // SAFETY: a live BIO, and a password that outlives the call.
    let key = unsafe {
        ffi::PEM_read_bio_PrivateKey(
            memory.bio,
            ptr::null_mut(),
            Some(tell_password),
            password.as_user_data(),
        )
    };
    if key.is_null() {
        return Err(ErrorStack::get());
    }
    drop(ErrorStack::get());
    // SAFETY: a new key, which is ours.
    Ok(unsafe { PKey::from_ptr(key) })
}

/// What a PKCS#12 file holds.
pub struct KeyStore {
    pub key: Option<PKey<Private>>,
    pub certificate: Option<X509>,
    pub others: Vec<X509>,
}

pub fn key_store(der: &[u8], password: &str) -> Result<KeyStore, ErrorStack> {
    drop(ErrorStack::get());
    let store = openssl::pkcs12::Pkcs12::from_der(der)?;
    // With a zero at its end, for C, and none before.
    let mut text = Zeroizing::new(Vec::with_capacity(password.len() + 1));
    text.extend(password.bytes().take_while(|b| *b != 0));
    text.push(0);
    let (mut key, mut cert, mut others) = (ptr::null_mut(), ptr::null_mut(), ptr::null_mut());
    // SAFETY: a live PKCS#12, a C string, and places for what is new and ours afterwards.
    unsafe {
        let done = ffi::PKCS12_parse(
            store.as_ptr(),
            text.as_ptr().cast(),
            &raw mut key,
            &raw mut cert,
            &raw mut others,
        );
        if done != 1 {
            return Err(ErrorStack::get());
        }
        drop(ErrorStack::get());
        Ok(KeyStore {
            key: (!key.is_null()).then(|| PKey::from_ptr(key)),
            certificate: (!cert.is_null()).then(|| X509::from_ptr(cert)),
            others: match others.is_null() {
                true => Vec::new(),
                false => Stack::<X509>::from_ptr(others).into_iter().collect(),
            },
        })
    }
}

/// An application may set any number.
pub fn verify_result(error: i32) -> X509VerifyResult {
    // SAFETY: a number, for which OpenSSL has a text or says that it knows none.
    unsafe { X509VerifyResult::from_raw(error) }
}

/// Decides about the client's certificate once the broker has said whose it takes.
pub type Choose = fn(&SslRef, &StackRef<X509Name>) -> bool;

/// Has each session ask `choose` whether it may show its certificate, if it has one and the
/// broker says whose it takes.
pub fn set_choice(context: &mut SslContextBuilder, choose: Choose) {
    // SAFETY: `on_choice` gets back what is given here, a function.
    unsafe {
        SSL_CTX_set_cert_cb(
            context.as_ptr(),
            Some(on_choice),
            (choose as *const ()).cast_mut().cast(),
        );
    }
}

unsafe extern "C" fn on_choice(ssl: *mut ffi::SSL, choose: *mut c_void) -> c_int {
    // SAFETY: OpenSSL calls this with a live session, during its handshake, and with what
    // `set_choice` gave it.
    unsafe {
        let choose = std::mem::transmute::<*mut c_void, Choose>(choose);
        let session = SslRef::from_ptr(ssl);
        let names = SSL_get_client_CA_list(ssl);
        if session.certificate().is_none() || names.is_null() {
            return 1;
        }
        let names = StackRef::<X509Name>::from_ptr(names);
        if !names.is_empty() && !choose(session, names) {
            SSL_certs_clear(ssl);
        }
    }
    1
}
