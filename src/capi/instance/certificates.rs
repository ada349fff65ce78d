//! `ssl.certificate.verify_cb`: the application is asked about a broker's certificates.

use std::ptr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use libc::{c_char, c_void};

use crate::base::cancel::NotCancelled;
use crate::base::cstring::c_string;
use crate::broker::transport::tls::{CertificateCheck, Presented, Verdict};
use crate::capi::callback::{Callback, CertificateVerifyCb};
use crate::capi::cstr;

/// The room that the callback has for its text.
const TEXT: usize = 512;

pub(super) struct CCertificateCheck {
    pub(super) callback: Callback<CertificateVerifyCb>,
    /// The address of the handle; 0 until there is one.
    pub(super) rk: Arc<AtomicUsize>,
    pub(super) opaque: usize,
}

impl CertificateCheck for CCertificateCheck {
    fn check(&self, presented: &Presented<'_>) -> Verdict {
        let Some(callback) = self.callback.function() else {
            return Verdict::Accepted {
                error: presented.error,
            };
        };
        let _whole = NotCancelled::new();
        let broker = c_string(presented.broker);
        let mut error = presented.error;
        let mut text: [c_char; TEXT] = [0; TEXT];
        // SAFETY: the pointers are to this function's own and to the certificate, and
        // outlive the call.
        let accepted = unsafe {
            callback(
                ptr::with_exposed_provenance_mut(self.rk.load(Ordering::Acquire)),
                broker.as_ptr(),
                presented.broker_id,
                &raw mut error,
                presented.depth,
                presented.der.as_ptr().cast(),
                presented.der.len(),
                text.as_mut_ptr(),
                TEXT,
                self.opaque as *mut c_void,
            )
        };
        if accepted != 0 {
            return Verdict::Accepted { error };
        }
        // The callback may have filled all of it.
        text[TEXT - 1] = 0;
        // SAFETY: it ends within the array.
        let text = unsafe { cstr::text(text.as_ptr()) };
        let text = text.unwrap_or_default().into_owned();
        Verdict::Refused { error, text }
    }
}
