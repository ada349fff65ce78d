//! Certificates and keys from memory, and what has to do with them.

use libc::{c_char, c_int, c_void, size_t};

use crate::base::conf::ConfError;
use crate::broker::transport::tls::{self, Encoding, Purpose};
use crate::capi::boundary::ffi;
use crate::capi::callback;
use crate::capi::conf::answer::Answer;
use crate::capi::conf::object::ConfObject;
use crate::capi::handle::get_mut;
use crate::capi::types::{
    RD_KAFKA_CERT_CA, RD_KAFKA_CERT_ENC_DER, RD_KAFKA_CERT_ENC_PEM, RD_KAFKA_CERT_ENC_PKCS12,
    RD_KAFKA_CERT_PRIVATE_KEY, RD_KAFKA_CERT_PUBLIC_KEY, RD_KAFKA_CONF_INVALID, RD_KAFKA_CONF_OK,
    rd_kafka_cert_enc_t, rd_kafka_cert_type_t, rd_kafka_conf_res_t, rd_kafka_conf_t, rd_kafka_t,
};

/// Sets a certificate or key from memory, which is copied; a null `buffer` removes it.
/// Encrypted ones need `ssl.key.password` to be set before. Authorities that are set here
/// count instead of `ssl.ca.location` and `ssl.ca.pem`; where the client's certificate or
/// key is set by properties as well, those count.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_ssl_cert(
    conf: *mut rd_kafka_conf_t,
    cert_type: rd_kafka_cert_type_t,
    cert_enc: rd_kafka_cert_enc_t,
    buffer: *const c_void,
    size: size_t,
    errstr: *mut c_char,
    errstr_size: size_t,
) -> rd_kafka_conf_res_t {
    ffi!({
        let answer = Answer {
            errstr,
            errstr_size,
        };
        // SAFETY: nobody else uses the configuration meanwhile; `buffer` is null or has
        // `size` bytes, `errstr` room for `errstr_size`.
        unsafe {
            let Some(conf) = get_mut(conf) else {
                return answer.not_a_configuration();
            };
            let bytes = match buffer.is_null() {
                true => None,
                false if size == 0 => Some(&[][..]),
                false => Some(std::slice::from_raw_parts(buffer.cast::<u8>(), size)),
            };
            answer.give(set(conf, cert_type, cert_enc, bytes).map_err(ConfError::Invalid))
        }
    })
}

fn set(
    conf: &mut ConfObject,
    cert_type: rd_kafka_cert_type_t,
    cert_enc: rd_kafka_cert_enc_t,
    bytes: Option<&[u8]>,
) -> Result<(), String> {
    let purpose = match cert_type {
        RD_KAFKA_CERT_PUBLIC_KEY => Purpose::Certificate,
        RD_KAFKA_CERT_PRIVATE_KEY => Purpose::Key,
        RD_KAFKA_CERT_CA => Purpose::Authorities,
        other => return Err(format!("There is no certificate type {}", other.0)),
    };
    let Some(bytes) = bytes else {
        let certificates = &mut conf.certificates;
        match purpose {
            Purpose::Certificate => certificates.certificate = None,
            Purpose::Key => certificates.key = None,
            Purpose::Authorities => certificates.authorities = None,
        }
        return Ok(());
    };
    let encoding = match cert_enc {
        RD_KAFKA_CERT_ENC_PKCS12 => Encoding::Pkcs12,
        RD_KAFKA_CERT_ENC_DER => Encoding::Der,
        RD_KAFKA_CERT_ENC_PEM => Encoding::Pem,
        other => return Err(format!("There is no certificate encoding {}", other.0)),
    };
    let mut certificates = conf.certificates.clone();
    let password = conf.global.ssl_key_password.as_deref();
    tls::import(&mut certificates, purpose, encoding, bytes, password)?;
    conf.certificates = certificates;
    Ok(())
}

/// Sets what an OpenSSL engine (`ssl.engine.location`) gets as its callback data.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_engine_callback_data(
    conf: *mut rd_kafka_conf_t,
    callback_data: *mut c_void,
) {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        if let Some(conf) = unsafe { get_mut(conf) } {
            let pointer = callback_data.expose_provenance();
            conf.global.set_pointer("ssl_engine_callback_data", pointer);
        }
    })
}

/// Sets a function that has the last word on each certificate of a broker's chain, in
/// DER form: 1 accepts it; 0 refuses it, with a text in `errstr`. `*x509_error` is what
/// the library thinks of it, and may be changed. Called by broker threads. `_INVALID`
/// if the library is built without TLS.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn rd_kafka_conf_set_ssl_cert_verify_cb(
    conf: *mut rd_kafka_conf_t,
    ssl_cert_verify_cb: Option<
        unsafe extern "C" fn(
            rk: *mut rd_kafka_t,
            broker_name: *const c_char,
            broker_id: i32,
            x509_error: *mut c_int,
            depth: c_int,
            buf: *const c_char,
            size: size_t,
            errstr: *mut c_char,
            errstr_size: size_t,
            opaque: *mut c_void,
        ) -> c_int,
    >,
) -> rd_kafka_conf_res_t {
    ffi!({
        // SAFETY: nobody else uses the configuration meanwhile.
        match unsafe { get_mut(conf) } {
            Some(conf) if cfg!(feature = "tls") => {
                callback::CERTIFICATE_VERIFY.set(&mut conf.global, ssl_cert_verify_cb);
                RD_KAFKA_CONF_OK
            }
            _ => RD_KAFKA_CONF_INVALID,
        }
    })
}
